"""The parts of the benchmark: each measures something and notes it beside its targets."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from benchmarks.bench_picture import BOXES, CAPTION, real_picture, usual_view
from benchmarks.measure import interleaved_ms
from benchmarks.stream import lag, measures, tutorial_daemon
from benchmarks.stream.contestants import OURS, USUAL, Arena
from benchmarks.stream.crowds import crowds
from benchmarks.stream.effort import Effort
from benchmarks.stream.pictures import FPS
from benchmarks.stream.report import Report, median
from pimotion.picture import Picture
from pimotion.render import Overlay, draw

_SLOW_RATES = (20_000, 500_000)
"""Bytes a second: a link that is all but dead, and a phone on a weak Wi-Fi."""
_FRAME_BYTES = 92_000


def tutorial(arena: Arena, effort: Effort, report: Report) -> None:
    """T4: what a new picture of a viewer costs, to the tutorial's program."""
    pairs = [tutorial_daemon.levels(arena, effort) for _ in range(effort.rounds)]
    for ours, theirs in pairs:
        print(
            f"\n16 viewers, 400 px, CPU for each new picture and viewer: {ours.new_us:.0f} us "
            f"({ours.fps_median:.1f} a second, {ours.cores:.2f} cores); the tutorial's "
            f"{theirs.new_us:.0f} us ({theirs.fps_median:.1f} a second, {theirs.cores:.2f} cores)"
        )
    ratios = [ours.new_us / theirs.new_us for ours, theirs in pairs]
    report.at_most(
        4, "CPU for a new picture and viewer, to the tutorial's", median(ratios), 0.02, ""
    )


def slow(arena: Arena, effort: Effort, report: Report) -> None:
    """T7: twelve viewers beside four who are slow and four who never read."""
    for rate in _SLOW_RATES:
        with arena.running(OURS) as (program, url):
            got = measures.mixed(
                program, url, rate=rate, seconds=effort.slow_seconds, frame_bytes=_FRAME_BYTES
            )
        who = f"beside 4 at {rate // 1000} kB/s and 4 who never read"
        report.at_least(
            7, f"{who}: fast viewers' pictures, to those without", got.fps_ratio, 0.99, ""
        )
        report.at_most(7, f"{who}: CPU for each, to that without", got.cpu_ratio, 1.1, "")
        age = got.slow_age_s / got.frame_s if got.slow_age_s is not None else None
        report.at_most(7, f"{who}: age of slow ones' pictures, in times of a picture", age, 2.3, "")
        report.at_most(7, f"{who}: growth of that age", got.growth, 1.15, "")
        held = got.kernel_bytes / 1e6 if got.kernel_bytes is not None else None
        report.at_most(7, f"{who}: kernel memory for each of the 8", held, 0.3, "MB")
        report.note(
            7, f"{who}: the latter are closed", "within 15 s",
            "not in time" if got.closed_s is None else f"{got.closed_s:.0f} s",
            got.closed_s is not None and got.closed_s <= 15,
        )  # fmt: skip


def page(arena: Arena, effort: Effort, report: Report) -> None:
    """T9: the age of what a browser shows."""
    if lag.browser() is None:
        report.note(9, "age of the picture in Chromium", "at most 50 ms", "no Chromium", None)
        return
    with arena.running(OURS, lag.FPS) as (program, url):
        home = f"http://127.0.0.1:{program.port}/"
        ours = lag.shown_ages_ms(home, ".live", url, 3 * effort.seconds)
    with arena.running(USUAL, lag.FPS) as (_, url):
        theirs = lag.shown_ages_ms(url, "img", url, effort.seconds)
    name = f"age of the picture in Chromium on our page, 2 a second ({USUAL.title}: "
    name += f"{statistics.median(theirs):.0f} ms)" if theirs else "nothing)"
    report.at_most(9, name, median(ours), 50, "ms")


def drawing(_arena: Arena, effort: Effort, report: Report) -> None:
    """T10: an annotated JPEG from a camera's planes, to the usual way."""
    cv2.setNumThreads(1)
    image = real_picture()
    i420 = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
    planes, overlay = Picture.from_bgr(image).yuv(), Overlay(boxes=BOXES, caption=CAPTION)
    times = interleaved_ms(
        {
            "usual": lambda: usual_view(i420),
            "ours": lambda: draw(Picture.from_yuv420(planes), overlay).jpeg(80),
        },
        times=30,
        rounds=3 + 2 * effort.rounds,
    )
    ratios = [ours / usual for ours, usual in zip(times["ours"], times["usual"], strict=True)]
    report.at_most(
        10, "annotated JPEG from YUV420, to BGR, draw, imencode", median(ratios), 0.7, ""
    )


def encodes(arena: Arena, effort: Effort, report: Report) -> None:
    """T11: one encode a frame for any number of viewers, none without."""
    with arena.running(OURS) as (program, url):
        drawn = url.split("?")[0]
        got = measures.encodes(program, drawn, effort.seconds)
    report.at_most(11, "encodes a frame, 8 viewers of one variant", got.watched, 1.02, "")
    report.at_most(11, "encodes a frame, nobody watches", got.alone, 0, "")
    camera, ours = (100 * cores for cores in (got.camera_cores, got.idle_cores - got.camera_cores))
    name = f"CPU while nobody watches, without the {camera:.2f} % of the benchmark's camera"
    report.at_most(11, name, ours, 0.5, "%")


def start(arena: Arena, effort: Effort, report: Report) -> None:
    """T12: how soon a newcomer sees something."""
    with arena.running(OURS) as (_, url):
        waited_ms = measures.first_pictures_ms(url, int(10 * effort.seconds))
    limit_ms = min(1000 / FPS, 20.0)
    report.at_most(
        12, "request to first picture, another one watches", median(waited_ms), limit_ms, "ms"
    )


PARTS: Mapping[str, Callable[[Arena, Effort, Report], None]] = {
    "crowds": crowds,
    "tutorial": tutorial,
    "slow": slow,
    "page": page,
    "drawing": drawing,
    "encodes": encodes,
    "start": start,
}
"""By the name that is asked for, in the order in which they run."""
