"""What crowds of equal viewers cost each server, as ratios to the floor and to the peers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.stream.contestants import (
    MOTION,
    OURS,
    PICAMERA2,
    SEND,
    SENDFILE,
    USUAL,
    Arena,
    Contestant,
)
from benchmarks.stream.effort import Effort
from benchmarks.stream.measures import Level, level
from benchmarks.stream.pictures import FPS
from benchmarks.stream.report import NOTHING, Report, median, print_row, print_rule

ALL = (SEND, SENDFILE, OURS, USUAL, PICAMERA2, MOTION)
SIZES = (1, 16, 64, 256)
MANY, MOST = 64, 256
_IDLE_S = 2.0

Round = Mapping[Contestant, Mapping[int, Level]]
Figure = Callable[[Level], float | None]


def crowds(arena: Arena, effort: Effort, report: Report) -> None:
    """T1, T2, T3, T5, T6 and T8."""
    taking_part = []
    for contestant in ALL:
        reason = arena.missing(contestant)
        if reason is None:
            taking_part.append(contestant)
        else:
            print(f"without {contestant.title}: {reason}")
    rounds = []
    for number in range(effort.rounds):
        print(f"    round {number + 1} of {effort.rounds}", file=sys.stderr)
        rounds.append({each: _levels(arena, each, effort) for each in taking_part})
    _print_all(rounds, taking_part)
    _note_cost(rounds, report)
    _note_most(rounds, report)
    _note_age(rounds, report)


def _levels(arena: Arena, contestant: Contestant, effort: Effort) -> Mapping[int, Level]:
    with arena.running(contestant) as (program, url):
        idle_cores = program.idle_cores(_IDLE_S)
        return {
            size: level(program, url, size, effort, fps=FPS, idle_cores=idle_cores)
            for size in SIZES
            if size <= contestant.crowd
        }


def _note_cost(rounds: Sequence[Round], report: Report) -> None:
    def noted(number: int, other: Contestant, most: float) -> None:
        ratios = list(_ratios(rounds, other, MANY))
        report.at_most(number, f"CPU for a picture delivered, 64 viewers, to {other.title}",
                       median(ratios), most, "")  # fmt: skip

    noted(1, SEND, 0.70)
    noted(2, SENDFILE, 1.15)
    noted(3, USUAL, 1 / 4.5)
    noted(3, PICAMERA2, 1 / 4.5)
    noted(3, MOTION, 1 / 20)


def _note_most(rounds: Sequence[Round], report: Report) -> None:
    """T5 and T6, on 256 viewers."""
    ours = [each[OURS][MOST] for each in rounds]
    fair = [each for each in rounds if SEND in each and each[SEND][MOST].full == 1]
    full = [each[OURS][MOST].full for each in fair]
    report.note(
        5, "256 viewers who all get 29 of 30 pictures a second, where the floor does it",
        "all", f"{sum(share == 1 for share in full)} of {len(fair)} rounds; least "
        f"{min(each.fps_least for each in ours):.1f} a second",
        all(share == 1 for share in full) if fair else None,
    )  # fmt: skip
    ratio = median(list(_ratios(rounds, SEND, MOST)))
    report.at_most(
        5, "CPU for a picture delivered, 256 viewers, to the `send()` floor", ratio, 1, ""
    )
    threads = [each[OURS][MOST].threads - each[OURS][1].threads for each in rounds]
    report.at_most(6, "threads more with 256 viewers than with one", median(threads), 0, "")
    grown = [each[OURS][MOST].rss_bytes - each[OURS][1].rss_bytes for each in rounds]
    each_kb = median([bytes_ / 1000 / (MOST - 1) for bytes_ in grown])
    report.at_most(6, "memory for each viewer more", each_kb, 20, "kB")


def _note_age(rounds: Sequence[Round], report: Report) -> None:
    def later(figure: Figure) -> float | None:
        pairs = [
            (figure(each[OURS][MANY]), figure(each[SEND][MANY])) for each in rounds if SEND in each
        ]
        return median(
            [ours - floor for ours, floor in pairs if ours is not None and floor is not None]
        )

    name = "age of a picture when it has been read, 64 viewers, over the `send()` floor's"
    report.at_most(8, f"{name}: median", later(lambda level: level.age_ms), 1, "ms")
    report.at_most(8, f"{name}: 99 %", later(lambda level: level.age_p99_ms), 5, "ms")


def _ratios(rounds: Sequence[Round], other: Contestant, size: int) -> Iterator[float]:
    """Yield our cost to another's, round by round."""
    for each in rounds:
        if other in each:
            yield each[OURS][size].marginal_us / each[other][size].marginal_us


def _print_all(rounds: Sequence[Round], taking_part: Sequence[Contestant]) -> None:
    """Print what each server did; costs in microseconds of CPU for a picture delivered."""
    print()
    print_row("server", *(f"us, {size} viewers" for size in SIZES[1:]), "64: to `send()`",
              "64: new pictures a second", "64: age ms", "64: threads", "64: MB")  # fmt: skip
    print_rule(9)
    for contestant in taking_part:
        cells = [
            _figure(rounds, contestant, size, lambda got: got.marginal_us) for size in SIZES[1:]
        ]
        ratios = [
            each[contestant][MANY].marginal_us / each[SEND][MANY].marginal_us
            for each in rounds
            if SEND in each
        ]
        middle = median(ratios)
        print_row(
            contestant.title,
            *cells,
            NOTHING if middle is None else f"{middle:.2f}",
            _figure(rounds, contestant, MANY, lambda got: got.fps_median),
            _figure(rounds, contestant, MANY, lambda got: got.age_ms),
            _figure(rounds, contestant, MANY, lambda got: got.threads, digits=0),
            _figure(rounds, contestant, MANY, lambda got: got.rss_bytes / 1e6, digits=0),
        )


def _figure(
    rounds: Sequence[Round], contestant: Contestant, size: int, figure: Figure, *, digits: int = 1
) -> str:
    values = [figure(each[contestant][size]) for each in rounds if size in each[contestant]]
    middle = median([value for value in values if value is not None])
    return NOTHING if middle is None else f"{middle:.{digits}f}"
