"""Quality, CPU and memory of our detector's methods and of peers that pip can install.

All see the same frames in the same run: drawn scenes with exact truth, one nuisance each, from
`benchmarks.detection.scenes`. `benchmarks.detection.score` says what the columns mean.

    python -m benchmarks.bench_detect [--quick] [--only quality|cpu|memory] [--methods NAME,NAME]
        [--scenes NAME,NAME] [--seconds 30] [--seeds 2] [--rounds 3]

DVR-Scan takes part if it is there: pip install --no-deps -r requirements-bench.txt
(with its dependencies it would bring an OpenCV of its own, over ours).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.detection import cost
from benchmarks.detection.contestants import entries, luma_entries
from benchmarks.detection.cost import Rounds
from benchmarks.detection.quality import Record, Showing, compete
from benchmarks.detection.scenes import SCENES, SECONDS
from benchmarks.detection.score import Tally
from benchmarks.measure import print_machine

SEEDS = 2
ROUNDS = 3
QUICK_SECONDS = 18.0
"""Enough for one visit and the quiet after it."""
QUICK_SCENES = ("plain", "light-switch", "tree", "empty-night")
NOTHING = "-"


@dataclass
class Results:
    """What was measured; empty where it was not asked for."""

    quality: Mapping[str, Record] = field(default_factory=dict)
    cpu: Rounds = field(default_factory=dict)
    luma_cpu: Rounds = field(default_factory=dict)
    memory_mb: Mapping[str, float] = field(default_factory=dict)


def main() -> None:
    options = parse()
    print_machine()
    names = chosen(options.methods, entries(), "method")
    scenes = chosen(options.scenes, SCENES, "scene")
    shown = ", ".join(cost.ROUNDS[: options.rounds])
    print(f"{len(scenes)} scenes of {options.seconds:g} s, seeds 1 to {options.seeds}")
    print(f"CPU: {options.rounds} rounds ({shown}), one thread\n")
    began_s = time.monotonic()
    results = measured(options, names, scenes)
    print_summary(names, results)
    if results.luma_cpu:
        print_luma(results.luma_cpu)
    if results.quality:
        print_scenes(names, scenes, results.quality)
    print(f"\n{time.monotonic() - began_s:.0f} s", file=sys.stderr)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="four short scenes, one round")
    parser.add_argument("--only", choices=("quality", "cpu", "memory"))
    parser.add_argument("--methods", help=f"of {', '.join(entries())}")
    parser.add_argument("--scenes", help=f"of {', '.join(SCENES)}")
    parser.add_argument("--seconds", type=float, help="of each scene, 14 or more")
    parser.add_argument("--seeds", type=int, help="how many, from 1 on")
    parser.add_argument("--rounds", type=int, help="of measuring CPU")
    options = parser.parse_args()
    options.seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    options.seeds = options.seeds or (1 if options.quick else SEEDS)
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    options.scenes = options.scenes or (",".join(QUICK_SCENES) if options.quick else None)
    return options


def chosen(wanted: str | None, known: Mapping[str, object], what: str) -> list[str]:
    """Return the names that were asked for, in the order of the table; all if none were."""
    if wanted is None:
        return list(known)
    unknown = set(wanted.split(",")) - set(known)
    if unknown:
        raise SystemExit(f"no {what} {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [name for name in known if name in wanted.split(",")]


def measured(options: argparse.Namespace, names: Sequence[str], scenes: Sequence[str]) -> Results:
    results = Results()
    if options.only in (None, "quality"):
        seeds = range(1, options.seeds + 1)
        showings = [Showing(name, seed, options.seconds) for name in scenes for seed in seeds]
        results.quality = compete(names, showings)
    if options.only in (None, "cpu"):
        # The two that all are compared with take part even if they were not asked for.
        on_frames = {n: e for n, e in entries().items() if n in {*names, "tutorial", "opencv-mog2"}}
        on_luma = {n: e for n, e in luma_entries().items() if n in names or n.startswith("opencv")}
        results.cpu, results.luma_cpu = cost.cpu_ms(on_frames, on_luma, rounds=options.rounds)
    if options.only in (None, "memory"):
        results.memory_mb = cost.memory_mb(names)
    return results


def print_summary(names: Sequence[str], results: Results) -> None:
    columns = (
        "event F1", "precision", "recall", "false starts/h", "quiet time on", "delay s", "box F1",
        "overlap", "ms at 1280x720", "to the tutorial's", "to MOG2", "memory MB",
    )  # fmt: skip
    print_row("detector", *columns)
    print_rule(1 + len(columns))
    for name in names:
        record = results.quality.get(name)
        quality = quality_cells(record) if record else [NOTHING] * 8
        memory = results.memory_mb.get(name)
        print_row(
            entries()[name].title,
            *quality,
            milliseconds(results.cpu.get(name)),
            number(cost.ratio(results.cpu, name, "tutorial"), 2),
            number(cost.ratio(results.cpu, name, "opencv-mog2"), 2),
            number(memory, 1),
        )
    explain_events(names, results.quality)


def quality_cells(record: Record) -> list[str]:
    total = record.total
    return [
        number(total.event_f1, 2),
        number(total.precision, 2),
        number(total.recall, 2),
        number(total.false_an_hour, 0),
        f"{100 * total.quiet_ratio:.1f} %",
        number(total.delay_s, 2),
        number(total.box_f1, 2),
        number(total.overlap, 2),
    ]


def explain_events(names: Sequence[str], quality: Mapping[str, Record]) -> None:
    """Say how events were made for those who only tell what is in a frame."""
    ways = {name: quality[name].least for name in names if name in quality}
    made = [f"{name} {least}" for name, least in ways.items() if least is not None]
    if made:
        print(f"\nframes that start an event, the better of 1 and 3: {', '.join(made)}")


def print_luma(results: Rounds) -> None:
    print()
    print_row("luma 320x180 given", "ms", "to MOG2 on it")
    print_rule(3)
    for name, entry in luma_entries().items():
        if name in results:
            ratio = number(cost.ratio(results, name, "opencv-mog2"), 2)
            print_row(entry.title, milliseconds(results[name]), ratio)


def print_scenes(
    names: Sequence[str], scenes: Sequence[str], quality: Mapping[str, Record]
) -> None:
    print(
        "\nEvent F1 by scene, or false starts where nobody comes; in brackets the quiet time on.\n"
    )
    print_row("scene", *(entries()[name].title for name in names))
    print_rule(1 + len(names))
    for scene in scenes:
        print_row(scene, *(scene_cell(quality[name].scenes[scene]) for name in names))


def scene_cell(scored: Tally) -> str:
    on = f"{100 * scored.quiet_ratio:.0f} %"
    if scored.starts:
        return f"{number(scored.event_f1, 2)} ({on})"
    return f"{scored.false_starts} false ({on})"


def print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def print_rule(columns: int) -> None:
    print("|" + "---|" * columns)


def number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def milliseconds(rounds: Sequence[float] | None) -> str:
    return NOTHING if not rounds else f"{statistics.median(rounds):.2f}"


if __name__ == "__main__":
    main()
