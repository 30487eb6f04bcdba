"""Lets every contestant watch every scene, and scores what they say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import cv2

from benchmarks.detection.contestants import Found, entries
from benchmarks.detection.scenes import FPS, SIZE, Shot, scene
from benchmarks.detection.score import Observed, State, Tally, debounced, tally

LEAST_FRAMES = (1, 3)
"""Frames of motion that start an event for those who have no event state: the better is shown."""


@dataclass(frozen=True)
class Showing:
    """One scene that all watch."""

    scene: str
    seed: int
    seconds: float


@dataclass
class Record:
    """What one contestant reached, by scene; ``least`` is None for an event state of its own."""

    least: int | None
    scenes: dict[str, Tally] = field(default_factory=dict)

    @property
    def total(self) -> Tally:
        """All scenes together."""
        return sum(self.scenes.values(), Tally())

    def add(self, name: str, scored: Tally) -> None:
        """Count a showing."""
        self.scenes[name] = self.scenes.get(name, Tally()) + scored


Scored = dict[str, dict[int | None, Tally]]
"""Of one showing: by contestant, and by how many frames start an event."""


def compete(names: Sequence[str], showings: Sequence[Showing]) -> dict[str, Record]:
    """Return each contestant's record, by its better way to start events.

    Every core runs showings of its own; a contestant always has one thread.
    """
    records: dict[str, dict[int | None, Record]] = {name: {} for name in names}
    tasks = [(tuple(names), showing) for showing in showings]
    # Not forked: OpenCV's threads would not survive it.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for showing, scored in zip(
            showings, pool.map(watch, *zip(*tasks, strict=True)), strict=True
        ):
            for name, ways in scored.items():
                for least, result in ways.items():
                    records[name].setdefault(least, Record(least)).add(showing.scene, result)
    return {name: max(ways.values(), key=_merit) for name, ways in records.items()}


def _merit(record: Record) -> tuple[float, float]:
    total = record.total
    return total.event_f1 or 0.0, -total.false_an_hour


def watch(names: Sequence[str], showing: Showing) -> Scored:
    """Let the contestants watch a scene side by side, and score them."""
    cv2.setNumThreads(1)
    makers = entries()
    contestants = {name: makers[name].make(SIZE) for name in names}
    shots: list[tuple[State, Shot]] = []
    told: dict[str, list[Found]] = {name: [] for name in names}
    for index, shot in enumerate(
        scene(showing.scene, seed=showing.seed, seconds=showing.seconds, size=SIZE, fps=FPS)
    ):
        for name, contestant in contestants.items():
            contestant.look(shot.image, index, FPS)
            told[name].append(contestant.found())
        shots.append((_state_of(shot), shot))
    return {name: _score(shots, found) for name, found in told.items()}


def _state_of(shot: Shot) -> State:
    if shot.visitors:
        return State.MOTION
    return State.UNSURE if shot.unsure else State.QUIET


def _score(shots: Sequence[tuple[State, Shot]], told: Sequence[Found]) -> dict[int | None, Tally]:
    own = [found.motion for found in told]
    if None not in own:
        return {None: _tally(shots, told, [bool(motion) for motion in own])}
    active = [bool(found.boxes) for found in told]
    return {
        least: _tally(shots, told, debounced(active, fps=FPS, least=least))
        for least in LEAST_FRAMES
    }


def _tally(shots: Sequence[tuple[State, Shot]], told: Sequence[Found], on: Sequence[bool]) -> Tally:
    frames = [
        Observed(state, shot.visitors, is_on, found.boxes)
        for (state, shot), found, is_on in zip(shots, told, on, strict=True)
    ]
    return tally(frames, fps=FPS)
