"""The stream against the kernel's own cost and against its peers: targets T1 to T13.

Every server shows the same pictures of 1280x720 px and about 92 kB, 30 a second, encoded before, to
crowds of viewers on this machine. Cost is CPU seconds of the server's process; the crowd has the
other core. All servers take their turn in every round, ratios are taken within a round, and
figures are medians of the rounds.

    python -m benchmarks.bench_stream [--quick] [--only PART,PART] [--rounds 3] [--seconds 6]
                                      [--window BYTES]

Parts: crowds (T1, T2, T3, T5, T6, T8), tutorial (T4), slow (T7), page (T9), drawing (T10),
encodes (T11), start (T12). T13, the framing, is tests/conformance.
Motion takes part if it is installed, the C floor if there is a compiler.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.measure import print_machine
from benchmarks.stream import pictures
from benchmarks.stream.contestants import Arena
from benchmarks.stream.effort import Effort
from benchmarks.stream.parts import PARTS
from benchmarks.stream.report import Report

QUICK = Effort(rounds=1, seconds=3.0, slow_seconds=14.0)
FULL = Effort(rounds=3, seconds=6.0, slow_seconds=21.0)


def main() -> None:
    """Measure, print the figures, and one table of all targets."""
    options = parse()
    chosen = options.only.split(",") if options.only else list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        raise SystemExit(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    print_machine()
    print(f"congestion control {_congestion_control()}")
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-stream-") as name:
        report = run({part: PARTS[part] for part in chosen}, Path(name), effort_of(options))
    report.print_targets()
    print(f"\n{time.monotonic() - began_s:.0f} s", file=sys.stderr)


def _congestion_control() -> str:
    """Return TCP's here: one that paces what it sends makes the floor itself dearer."""
    told = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return told.read_text().strip() if told.exists() else "unknown"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--only", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="measured for each crowd")
    parser.add_argument(
        "--window", type=int, default=0,
        help="bytes that a connection of `crowds` may hold unread; 0: as the kernel decides",
    )  # fmt: skip
    return parser.parse_args()


def effort_of(options: argparse.Namespace) -> Effort:
    usual = QUICK if options.quick else FULL
    return Effort(
        rounds=options.rounds or usual.rounds,
        seconds=options.seconds or usual.seconds,
        slow_seconds=usual.slow_seconds,
        window_bytes=options.window,
    )


def run(
    parts: Mapping[str, Callable[[Arena, Effort, Report], None]], folder: Path, effort: Effort
) -> Report:
    """Run the parts; servers get the first core, the crowd and its browser the last."""
    file = folder / "pictures.bin"
    pictures.write(file)
    cores = sorted(os.sched_getaffinity(0))
    server_core, crowd_core = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    if crowd_core is not None:
        os.sched_setaffinity(0, {crowd_core})
    arena = Arena(folder, file, core=server_core, camera_core=crowd_core)
    report = Report()
    for name, part in parts.items():
        print(f"... {name}", file=sys.stderr)
        part(arena, effort, report)
    return report


if __name__ == "__main__":
    main()
