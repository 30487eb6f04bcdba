"""What a detector costs: CPU a frame, all on the same frames, and memory of its own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import cv2
import numpy as np

from benchmarks.detection.contestants import WIDTH, Contestant, Entry
from benchmarks.detection.scenes import scene
from benchmarks.measure import ROOT
from pimotion.pixels import Pixels, as_pixels

SIZE = (1280, 720)
FPS = 15.0
ROUNDS = ("the demo recording", "tree", "night")
"""What each round shows: two people on a lawn, as filmed; much foreground; much noise."""
FRAMES = 150
BLOCK = 15
"""On luma everyone has so many frames in a row, 1 s, and then the next one has them. Whoever runs a
detector runs one: in turns with each frame they push each other out of the processor's cache."""
FIRST_TIMED = 60
"""Frames before it, 4 s, let everyone learn; visitors are in the frame after 5 s."""
LONG_ENOUGH_S = 13.0
"""For a visit; no more of a scene is drawn than is used."""
MEMORY_FRAMES = 60
MEMORY_FPS = 7.5
"""So slow that 60 frames are enough to learn for 5 s and to see somebody for 3 s."""

Rounds = dict[str, list[float]]
"""Mean CPU milliseconds a frame in each round, by contestant. Not the median: who learns from every
third frame only would be charged for none."""


def cpu_ms(
    on_frames: Mapping[str, Entry], on_luma: Mapping[str, Entry], *, rounds: int
) -> tuple[Rounds, Rounds]:
    """Let all look at the same frames of 1280x720, those on luma at the same 320x180 px of grey.

    One thread. Frames are seen by one after the other, in an order that changes with every frame,
    so that nobody always finds the frame in the processor's cache; luma is seen `BLOCK` frames at a
    time. Making the frames, and the luma, is not counted.
    """
    cv2.setNumThreads(1)
    frames_ms: Rounds = {name: [] for name in on_frames}
    luma_ms: Rounds = {name: [] for name in on_luma}
    for number in range(rounds):
        timed = _round(on_frames, on_luma, ROUNDS[number % len(ROUNDS)], seed=number + 1)
        for results, round_ms in zip((frames_ms, luma_ms), timed, strict=True):
            for name, values in round_ms.items():
                results[name].append(statistics.fmean(values))
    return frames_ms, luma_ms


def _round(
    on_frames: Mapping[str, Entry], on_luma: Mapping[str, Entry], name: str, seed: int
) -> tuple[Rounds, Rounds]:
    grey_size = (WIDTH, WIDTH * SIZE[1] // SIZE[0])
    large = {key: entry.make(SIZE) for key, entry in on_frames.items()}
    small = {key: entry.make(grey_size) for key, entry in on_luma.items()}
    large_ms: Rounds = {key: [] for key in large}
    small_ms: Rounds = {key: [] for key in small}
    lumas = []
    for index, frame in enumerate(_frames(name, seed)):
        shrunk = cv2.resize(frame, grey_size, interpolation=cv2.INTER_AREA)
        lumas.append(as_pixels(cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY)))
        _look_in_turn(large, frame, index, large_ms)
    # Afterwards, not in between: models of 100 MB would push those of 2 MB out of the cache.
    for turn, first in enumerate(range(0, len(lumas), BLOCK)):
        for key in _rotated(small, turn):
            for index in range(first, min(first + BLOCK, len(lumas))):
                _look(small, key, lumas[index], index, small_ms)
    return large_ms, small_ms


def _frames(name: str, seed: int) -> Iterator[Pixels]:
    if name == ROUNDS[0]:
        return islice(_demo(seed), FRAMES)
    shots = scene(name, seed=seed, seconds=LONG_ENOUGH_S, size=SIZE, fps=FPS)
    return (shot.image for shot in islice(shots, FRAMES))


def _demo(seed: int) -> Iterator[Pixels]:
    """Yield the demo recording from 6 s before two people come, enlarged, with a sensor's noise."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 3, (SIZE[1], SIZE[0], 3)).astype(np.float32)
    video = cv2.VideoCapture(str(ROOT / "pimotion/demo/lawn.mp4"))
    video.set(cv2.CAP_PROP_POS_FRAMES, 100)
    while True:
        more, image = video.read()
        if not more:
            return
        large = cv2.resize(image, SIZE, interpolation=cv2.INTER_CUBIC)
        moved = np.roll(noise, rng.integers(0, noise.size), axis=None)
        yield np.clip(large + moved, 0, 255).astype(np.uint8)


def _look_in_turn(
    contestants: Mapping[str, Contestant], image: Pixels, index: int, results: Rounds
) -> None:
    for name in _rotated(contestants, index):
        _look(contestants, name, image, index, results)


def _rotated(contestants: Mapping[str, Contestant], turn: int) -> list[str]:
    names = list(contestants)
    first = turn % max(1, len(names))
    return names[first:] + names[:first]


def _look(
    contestants: Mapping[str, Contestant], name: str, image: Pixels, index: int, results: Rounds
) -> None:
    began_s = time.process_time()
    contestants[name].look(image, index, FPS)
    passed_ms = (time.process_time() - began_s) * 1000
    if index >= FIRST_TIMED:
        results[name].append(passed_ms)


def ratio(results: Rounds, name: str, base: str) -> float | None:
    """Return the median over the rounds of one's cost to another's; None if one did not run."""
    if name not in results or base not in results:
        return None
    pairs = zip(results[name], results[base], strict=True)
    return statistics.median(one / other for one, other in pairs)


def memory_mb(names: Sequence[str]) -> dict[str, float]:
    """Return what each needs at 1280x720 over its imports, in a fresh process each, at its peak."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(names, pool.map(_memory_of, names), strict=True))


def _memory_of(name: str) -> float:
    command = [sys.executable, "-m", "benchmarks.detection.memory", name]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        shots = scene("plain", seconds=LONG_ENOUGH_S, size=SIZE, fps=MEMORY_FPS)
        for shot in islice(shots, MEMORY_FRAMES):
            process.stdin.write(shot.image.tobytes())
        process.stdin.close()
        return float(process.stdout.read())
