"""Counts CPU seconds, pairs the runs, takes medians: machines are shared and noisy."""

from __future__ import annotations

import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parent.parent


def cpu_ms(run: Callable[[], object], times: int) -> float:
    """Return this process's CPU milliseconds for one call, over ``times`` calls."""
    began_s = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - began_s) * 1000 / times


def interleaved_ms(
    cases: Mapping[str, Callable[[], object]], *, times: int, rounds: int
) -> dict[str, list[float]]:
    """Measure all cases in turn, ``rounds`` times, so that noise hits them alike."""
    results: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, run in cases.items():
            results[name].append(cpu_ms(run, times))
    return results


def print_table(results: Mapping[str, Sequence[float]], *, base: str) -> None:
    """Print medians, and each case's median ratio to ``base`` taken round by round."""
    print(f"{'case':44} {'ms':>8} {'ratio':>7}")
    for name, values in results.items():
        ratios = [value / other for value, other in zip(values, results[base], strict=True)]
        print(f"{name:44} {statistics.median(values):8.3f} {statistics.median(ratios):7.2f}")


def print_machine() -> None:
    """Print what the figures were made on."""
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    print(
        f"{platform.machine()}, Python {platform.python_version()}, OpenCV {cv2.__version__}, "
        f"numpy {np.__version__}, commit {commit or 'unknown'}"
    )
