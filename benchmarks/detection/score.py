"""What a detector is worth to a person: events found, false ones, quiet kept quiet, boxes.

Truth is a state a frame: motion, quiet, or unsure (the warm-up, and what is too small to call).
A truth event is a run of motion; gaps of up to 2 s do not end it. A *start* is where a detector's
own event state, or the common one below, goes on.

- A start is right if it is the first within 1 s of the start of a truth event (or falls in the
  unsure stretch that leads up to it). Every other start is wrong: a false one if it falls in
  quiet time, a flap if its event was on already. Event F1 counts both as wrong.
- Quiet time is what is further than 1 s from any motion, and 2 s more after it, since switching
  off late by the common two seconds is no mistake.
- A box is right if it touches a true one; a true one is found if its middle is in a box. The
  overlap is that of each true box with the box that fits it best, as intersection over union.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum

from pimotion.types import Box

TOLERANCE_S = 1.0
OFF_AFTER_S = 2.0
WARM_UP_S = 2.6
"""39 frames at 15 a second: all of ours and of the peers need at most 33 of them."""


class State(Enum):
    """The truth about a frame."""

    QUIET = 0
    MOTION = 1
    UNSURE = 2


@dataclass(frozen=True)
class Observed:
    """A frame's truth, and what one detector said of it.

    Attributes:
        on: The detector says that there is motion.
    """

    state: State
    visitors: tuple[Box, ...]
    on: bool
    boxes: tuple[Box, ...]


@dataclass
class Tally:
    """Counts over some scenes; add them up before asking for ratios.

    Attributes:
        starts, found: Truth events that begin in the scene, and those whose start was told.
        false_starts, flaps: Wrong starts, in quiet time and in events that were on already.
        hours: Time scored.
        quiet_frames, quiet_on: Frames of quiet time, and those of them said to be motion.
        delays_s: From each found event's first frame to its start, 0 if told before.
        true_boxes, found_boxes, boxes, right_boxes: See above, over all frames but unsure ones.
        overlaps: Best overlap of each true box, 0..1, summed.
    """

    starts: int = 0
    found: int = 0
    false_starts: int = 0
    flaps: int = 0
    hours: float = 0.0
    quiet_frames: int = 0
    quiet_on: int = 0
    true_boxes: int = 0
    found_boxes: int = 0
    boxes: int = 0
    right_boxes: int = 0
    overlaps: float = 0.0
    delays_s: list[float] = field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    @property
    def event_f1(self) -> float | None:
        """Harmonic mean of precision and recall of starts, 0..1; None if none are true or told."""
        wrong = self.false_starts + self.flaps
        return _f1(self.found, self.found + wrong, self.found, self.starts)

    @property
    def precision(self) -> float | None:
        """Share of the told starts that are right; None if none were told."""
        told = self.found + self.false_starts + self.flaps
        return self.found / told if told else None

    @property
    def recall(self) -> float | None:
        """Share of the true starts that were told; None if there are none."""
        return self.found / self.starts if self.starts else None

    @property
    def false_an_hour(self) -> float:
        """False starts in an hour of such scenes."""
        return self.false_starts / self.hours if self.hours else 0.0

    @property
    def quiet_ratio(self) -> float:
        """Share of quiet time that was said to be motion, 0..1."""
        return self.quiet_on / self.quiet_frames if self.quiet_frames else 0.0

    @property
    def delay_s(self) -> float | None:
        """Median delay of the starts that were found."""
        return statistics.median(self.delays_s) if self.delays_s else None

    @property
    def box_f1(self) -> float | None:
        """Harmonic mean of right boxes among all and found ones among the true, 0..1."""
        return _f1(self.right_boxes, self.boxes, self.found_boxes, self.true_boxes)

    @property
    def overlap(self) -> float | None:
        """Mean over all true boxes of the overlap with the best box, 0..1."""
        return self.overlaps / self.true_boxes if self.true_boxes else None


def _f1(right: int, told: int, found: int, true: int) -> float | None:
    if not told and not true:
        return None
    if not right or not found:
        return 0.0
    precision, recall = right / told, found / true
    return 2 * precision * recall / (precision + recall)


def debounced(active: Sequence[bool], *, fps: float, least: int) -> list[bool]:
    """Turn "something in this frame" into an event state, the same for all who have none.

    On with the ``least``-th active frame of the last ``least + 2`` (of one: at once); off after
    2 s without any.
    """
    latest: deque[bool] = deque(maxlen=least + 2 if least > 1 else 1)
    on, quiet, states = False, 0, []
    for is_active in active:
        latest.append(is_active)
        quiet = 0 if is_active else quiet + 1
        if not on:
            on = is_active and sum(latest) >= least
        elif quiet > OFF_AFTER_S * fps:
            on = False
        states.append(on)
    return states


@dataclass(frozen=True)
class _Span:
    """Frames ``begin`` to ``end``, both included."""

    begin: int
    end: int


def tally(frames: Sequence[Observed], *, fps: float) -> Tally:
    """Return the counts of one scene."""
    warm = round(WARM_UP_S * fps)
    states = [frame.state if n >= warm else State.UNSURE for n, frame in enumerate(frames)]
    events = list(_events(states, gap=round(OFF_AFTER_S * fps)))
    result = Tally(hours=max(0, len(frames) - warm) / fps / 3600)
    _count_starts(result, frames, states, events, fps)
    for n in _quiet(states, events, fps):
        result.quiet_frames += 1
        result.quiet_on += frames[n].on
    for frame, state in zip(frames, states, strict=True):
        if state is not State.UNSURE:
            _count_boxes(result, frame)
    return result


def _runs(flags: Sequence[bool]) -> Iterator[_Span]:
    begin: int | None = None
    for n, flag in enumerate([*flags, False]):
        if flag and begin is None:
            begin = n
        elif not flag and begin is not None:
            yield _Span(begin, n - 1)
            begin = None


def _events(states: Sequence[State], gap: int) -> Iterator[_Span]:
    """Yield the truth events; unsure frames between two runs do not count as a gap."""
    event: _Span | None = None
    for run in _runs([state is State.MOTION for state in states]):
        if event is None:
            event = run
        elif states[event.end + 1 : run.begin].count(State.QUIET) <= gap:
            event = _Span(event.begin, run.end)
        else:
            yield event
            event = run
    if event is not None:
        yield event


def _count_starts(
    result: Tally,
    frames: Sequence[Observed],
    states: Sequence[State],
    events: Sequence[_Span],
    fps: float,
) -> None:
    """Match each told start with a true one. Being on when the warm-up ends is a start, too."""
    warm, slack = round(WARM_UP_S * fps), round(TOLERANCE_S * fps)
    late = slack + round(OFF_AFTER_S * fps)
    # What was in view already when the warm-up ended has no start that could be found; the first
    # one told of it is right all the same.
    open_events = [event for event in events if _leads_in(states, event) > warm]
    in_view = [event for event in events if event not in open_events]
    result.starts = len(open_events)
    told = [run.begin for run in _runs([f.on for f in frames[warm:]])]
    quiet = set(_quiet(states, events, fps))
    for start in (begin + warm for begin in told):
        match = next((e for e in open_events if _starts(states, e, start, slack)), None)
        if match is not None:
            open_events.remove(match)
            result.found += 1
            result.delays_s.append(max(0, start - match.begin) / fps)
        elif in_view and in_view[0].begin <= start <= in_view[0].end + late:
            in_view.pop()
        elif any(e.begin - slack <= start <= e.end + late for e in events):
            result.flaps += 1
        elif start in quiet:
            result.false_starts += 1


def _leads_in(states: Sequence[State], event: _Span) -> int:
    """Return the first frame of the unsure stretch just before an event, or the event's first."""
    first = event.begin
    while first > 0 and states[first - 1] is State.UNSURE:
        first -= 1
    return first


def _starts(states: Sequence[State], event: _Span, start: int, slack: int) -> bool:
    return _leads_in(states, event) - slack <= start <= event.begin + slack


def _quiet(states: Sequence[State], events: Sequence[_Span], fps: float) -> Iterator[int]:
    """Yield the frames in which nobody could take it for motion."""
    slack, off = round(TOLERANCE_S * fps), round(OFF_AFTER_S * fps)
    warm = round(WARM_UP_S * fps)
    unsure = [state is State.UNSURE and n >= warm for n, state in enumerate(states)]
    spans = [*events, *_runs(unsure)]
    near = {n for span in spans for n in range(span.begin - slack, span.end + off + slack + 1)}
    return (n for n, state in enumerate(states) if state is State.QUIET and n not in near)


def _count_boxes(result: Tally, frame: Observed) -> None:
    result.true_boxes += len(frame.visitors)
    result.boxes += len(frame.boxes)
    result.right_boxes += sum(
        any(_shared_px(box, true) for true in frame.visitors) for box in frame.boxes
    )
    for true in frame.visitors:
        x, y = true.x + true.width / 2, true.y + true.height / 2
        result.found_boxes += any(
            box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
            for box in frame.boxes
        )
        result.overlaps += max((_overlap(true, box) for box in frame.boxes), default=0.0)


def _shared_px(one: Box, other: Box) -> int:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0, width) * max(0, height)


def _overlap(one: Box, other: Box) -> float:
    shared = _shared_px(one, other)
    return shared / (one.area + other.area - shared)
