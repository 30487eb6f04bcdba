"""Motion detectors side by side: drawn scenes with exact truth, who competes, and how it is scored.

`scenes` draws, `contestants` look, `score` judges, `cost` counts; `benchmarks.bench_detect` runs
them all and prints the table. Nothing is downloaded or written: a scene is its name and a seed.
"""
