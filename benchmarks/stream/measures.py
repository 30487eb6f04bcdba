"""One measurement each: what a crowd costs a server, and what it gets."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.stream.effort import Effort
from benchmarks.stream.load import Crowd, Pace, Seen, Viewer, percentile
from benchmarks.stream.programs import Program, tcp_bytes

SETTLE_S = 1.0
"""Between the crowd's first picture and the measured time."""
ALL_OF = 0.97
"""Of the source's pictures (29 of 30): who gets so many gets them all; the rest is the edges."""


@dataclass(frozen=True)
class Level:
    """What a crowd of one size cost and got.

    Attributes:
        viewers: How many.
        complete: Every viewer got a first picture, and nobody was cut.
        marginal_us: CPU for each picture that was delivered, over what the idle server uses.
        new_us: CPU for each *new* picture of each viewer, nothing subtracted.
        fps_median, fps_least: New pictures a second, of viewers.
        full: Share of the viewers who got all pictures.
        age_ms, age_p99_ms: Of pictures when their last byte was read; None without marks.
        first_ms: From the request to the first picture, the median.
        cores: Share of a core that the server used.
    """

    viewers: int
    complete: bool
    marginal_us: float
    new_us: float
    fps_median: float
    fps_least: float
    full: float
    age_ms: float | None
    age_p99_ms: float | None
    first_ms: float
    threads: int
    rss_bytes: int
    cores: float


@dataclass(frozen=True)
class Span:
    """What was measured of a server between two moments."""

    seconds: float
    cpu_s: float
    began_ns: int
    ended_ns: int

    def of(self, viewer: Viewer) -> list[Seen]:
        """Return what a viewer saw in it."""
        return [each for each in viewer.seen if self.began_ns <= each.at_ns < self.ended_ns]

    def new(self, viewer: Viewer) -> int:
        """Count the new pictures that a viewer saw in it: those unlike the one before.

        Not the different ones: the source begins again after some seconds.
        """
        seen = self.of(viewer)
        return sum(each.identity != before.identity for before, each in pairwise(seen)) + bool(seen)


def measured(program: Program, crowd: Crowd, seconds: float) -> Span:
    """Let a crowd watch for some time."""
    began_ns, used_s = time.monotonic_ns(), program.cpu_s
    crowd.watch(seconds)
    ended_ns, ended_used_s = time.monotonic_ns(), program.cpu_s
    return Span((ended_ns - began_ns) / 1e9, ended_used_s - used_s, began_ns, ended_ns)


def level(
    program: Program, url: str, viewers: int, effort: Effort, *, fps: float, idle_cores: float
) -> Level:
    """Measure a server under so many fast viewers."""
    with Crowd(url, viewers, window_bytes=effort.window_bytes) as crowd:
        complete = crowd.wait_for_all()
        crowd.watch(SETTLE_S)
        span = measured(program, crowd, effort.seconds)
        watching = crowd.of(Pace.FAST)
        rates = [span.new(viewer) / span.seconds for viewer in watching]
        seen = [each for viewer in watching for each in span.of(viewer)]
        ages = [each.age_ms for each in seen if each.age_ms is not None]
        new = sum(span.new(viewer) for viewer in watching)
        return Level(
            viewers=viewers,
            complete=complete and not any(viewer.gone for viewer in watching),
            marginal_us=(span.cpu_s - idle_cores * span.seconds) / max(1, len(seen)) * 1e6,
            new_us=span.cpu_s / max(1, new) * 1e6,
            fps_median=statistics.median(rates),
            fps_least=min(rates),
            full=sum(rate >= ALL_OF * fps for rate in rates) / viewers,
            age_ms=statistics.median(ages) if ages else None,
            age_p99_ms=percentile(ages, 0.99) if ages else None,
            first_ms=statistics.median(v.first_ms for v in watching if v.first_ms is not None),
            threads=program.threads,
            rss_bytes=program.rss_bytes,
            cores=span.cpu_s / span.seconds,
        )


@dataclass(frozen=True)
class Mixed:
    """What slow viewers and such who never read cost the others, and what they get.

    Attributes:
        fps_ratio: New pictures a second of the fast ones, to the same without the slow ones.
        cpu_ratio: The same of CPU for each picture delivered, slow viewers' included.
        frame_s: How long one picture takes at the slow ones' rate.
        slow_age_s: Of their pictures, the median.
        growth: Their median age in the last third of the time to that in the middle one.
        kernel_bytes: In buffers of slow and stuck connections, for each; None: unknown.
        closed_s: When the last of those who never read was closed; None: not within the time.
    """

    fps_ratio: float
    cpu_ratio: float
    frame_s: float
    slow_age_s: float | None
    growth: float | None
    kernel_bytes: float | None
    closed_s: float | None


def mixed(program: Program, url: str, *, rate: int, seconds: float, frame_bytes: int) -> Mixed:
    """Measure 12 fast viewers alone, then beside 4 slow ones and 4 who never read."""
    with Crowd(url, 12) as alone:
        alone.wait_for_all()
        alone.watch(SETTLE_S)
        before = measured(program, alone, max(3.0, seconds / 4))
        fast_before = [before.new(viewer) for viewer in alone.of(Pace.FAST)]
    with Crowd(url, 12, slow=4, never=4, rate=rate) as crowd:
        crowd.wait_for_all()
        others = [each.port for each in crowd.viewers if each.pace is not Pace.FAST]
        watch = _Watch(program, others)
        began_ns, used_s = time.monotonic_ns(), program.cpu_s
        crowd.watch(seconds, watch.look)
        ended_ns = time.monotonic_ns()
        span = Span((ended_ns - began_ns) / 1e9, program.cpu_s - used_s, began_ns, ended_ns)
        fast = [span.new(viewer) for viewer in crowd.of(Pace.FAST)]
        slow = sorted((each for v in crowd.of(Pace.SLOW) for each in v.seen), key=_when)
    rate_before = statistics.median(fast_before) / before.seconds
    kernel = statistics.median(watch.kernel_bytes) / len(others) if watch.kernel_bytes else None
    return Mixed(
        fps_ratio=statistics.median(fast) / span.seconds / rate_before,
        cpu_ratio=(span.cpu_s / (sum(fast) + len(slow))) / (before.cpu_s / sum(fast_before)),
        frame_s=frame_bytes / rate,
        slow_age_s=_age_s(slow),
        growth=_growth(slow),
        kernel_bytes=kernel,
        closed_s=watch.closed_s,
    )


class _Watch:
    """Looks once a second at what a mixed crowd holds."""

    def __init__(self, program: Program, ports: Collection[int]) -> None:
        self._program = program
        self._ports = ports
        self.kernel_bytes: list[int] = []
        self.closed_s: float | None = None

    def look(self, passed_s: float) -> None:
        """Note the kernel's memory until those who never read are closed, and when that is."""
        if self.closed_s is not None:
            return
        if self._program.connections <= 12 + 4:
            self.closed_s = passed_s
        elif (held := tcp_bytes(self._program.port, self._ports)) is not None:
            self.kernel_bytes.append(held)


def _when(seen: Seen) -> int:
    return seen.at_ns


def _age_s(seen: Sequence[Seen]) -> float | None:
    ages = [each.age_ms / 1000 for each in seen if each.age_ms is not None]
    return statistics.median(ages) if ages else None


def _growth(seen: Sequence[Seen]) -> float | None:
    """Compare the last third with the middle one: the first has the pictures of the start."""
    third = len(seen) // 3
    middle, last = _age_s(seen[third : 2 * third]), _age_s(seen[2 * third :])
    return last / middle if middle and last else None


@dataclass(frozen=True)
class Encodes:
    """How many pictures were encoded for each frame of the camera.

    Attributes:
        watched, alone: With viewers, and without.
        idle_cores: Share of a core without viewers.
        camera_cores: Of that, the benchmark's own camera, which marks each picture.
    """

    watched: float
    alone: float
    idle_cores: float
    camera_cores: float


def encodes(program: Program, url: str, seconds: float) -> Encodes:
    """Measure with 8 viewers of one variant, and with none."""
    with Crowd(url, 8) as crowd:
        crowd.wait_for_all()
        with counting(program) as while_watched:
            crowd.watch(seconds)
    time.sleep(2.0)  # the encoder outlives its last viewer by a moment
    with counting(program) as while_alone:
        idle_cores = program.idle_cores(seconds)
    return Encodes(
        watched=while_watched["encodes"] / while_watched["frames"],
        alone=while_alone["encodes"] / while_alone["frames"],
        idle_cores=idle_cores,
        camera_cores=while_alone["camera_s"] / while_alone["seconds"],
    )


@contextmanager
def counting(program: Program) -> Iterator[dict[str, float]]:
    """Yield what gets the frames, encodes and the camera's CPU seconds of the time within."""
    counted: dict[str, float] = {}
    before, began_s = json.loads(program.ask()), time.monotonic()
    yield counted
    after, ended_s = json.loads(program.ask()), time.monotonic()
    counted |= {name: after[name] - before[name] for name in before}
    counted["seconds"] = ended_s - began_s


def first_pictures_ms(url: str, times: int) -> list[float]:
    """Return how long one newcomer after another waits while somebody watches."""
    waited_ms = []
    with Crowd(url, 1) as watching:
        watching.wait_for_all()
        for _ in range(times):
            with Crowd(url, 1) as newcomer:
                newcomer.wait_for_all()
                waited_ms += [v.first_ms for v in newcomer.viewers if v.first_ms is not None]
            watching.watch(0.037)  # not in step with the source's 33 ms
    return waited_ms
