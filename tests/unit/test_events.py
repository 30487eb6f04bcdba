"""When events start and stop, drawn as timelines: one letter is one frame, ten a second."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scenes import FPS, MONOTONIC_S, UTC_S, detection, frame_of

from pimotion.config.camera import Events, Zone
from pimotion.events.machine import EventMachine
from pimotion.picture import Picture
from pimotion.pixels import Planes
from pimotion.types import Box, Detection, EventType, MotionEvent, MotionState, StopReason

EVERYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
BOX = Box(10, 10, 20, 40)
RULES = Events(min_motion_s=0.3, event_gap_s=2, max_event_s=5)

LETTERS = {
    ".": {"motion": False},
    "h": {"motion": True},
    "M": {"boxes": [BOX]},
    "a": {"boxes": [BOX], "zones": ["a"]},
    "b": {"boxes": [BOX], "zones": ["b"]},
    "2": {"boxes": [BOX], "zones": ["a", "b"]},
    "C": {"boxes": [BOX], "since_s": MONOTONIC_S},
}
"""``.`` still, ``h`` held by the detector, ``M`` moving outside of zones, ``a``, ``b``, both;
``C`` of an object that the detector has confirmed, and that was there in the first frame."""


def drawn(timeline: str) -> list[Detection]:
    return [detection(index, **LETTERS[letter]) for index, letter in enumerate(timeline)]  # type: ignore[arg-type]


def machine(rules: Events = RULES, **gaps: float | None) -> EventMachine:
    """A machine with the zones a and b, and ids that count from 1."""
    zones = {name: Zone(polygon=EVERYWHERE, event_gap_s=gaps.get(f"{name}_gap_s")) for name in "ab"}
    counter = itertools.count(1)
    return EventMachine("door", rules, zones=zones, new_id=lambda: str(next(counter)))


def told(machine: EventMachine, timeline: str) -> list[tuple[float, str]]:
    """What the machine says, as (seconds, words), zones that are on in braces."""
    said = []
    for index, seen in enumerate(drawn(timeline)):
        said += [(index / FPS, words(message)) for message in machine.update(seen)]
    return said


def words(message: MotionState | MotionEvent) -> str:
    if isinstance(message, MotionState):
        zones = "".join(name for name, on in message.zones.items() if on)
        return ("ON" if message.motion else "OFF") + (f"{{{zones}}}" if zones else "")
    return f"{message.type.value} {message.id}" + (f" {message.reason}" if message.reason else "")


def events(machine: EventMachine, timeline: str) -> list[MotionEvent]:
    messages = itertools.chain.from_iterable(map(machine.update, drawn(timeline)))
    return [message for message in messages if isinstance(message, MotionEvent)]


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        pytest.param("." * 40, [], id="still scene"),
        pytest.param("MMM" + "." * 40, [], id="too short"),
        pytest.param("MM.MM.MMM.MM" + "." * 40, [], id="one still frame begins anew"),
        pytest.param(".MMMM", [(0.4, "ON"), (0.4, "start 1")], id="long enough"),
        pytest.param(
            "MMMM" + "." * 20,
            [(0.3, "ON"), (0.3, "start 1"), (2.3, "stop 1 quiet"), (2.3, "OFF")],
            id="stops after its quiet time",
        ),
        pytest.param("MMMM" + "." * 19, [(0.3, "ON"), (0.3, "start 1")], id="not before"),
        pytest.param(
            "MMMM" + "." * 19 + "M" + "." * 20,
            [(0.3, "ON"), (0.3, "start 1"), (2.3, "update 1"), (4.3, "stop 1 quiet"), (4.3, "OFF")],
            id="a short gap joins",
        ),
        pytest.param(
            "MMMM" + "." * 20 + "MMMM",
            [
                (0.3, "ON"),
                (0.3, "start 1"),
                (2.3, "stop 1 quiet"),
                (2.3, "OFF"),
                (2.7, "ON"),
                (2.7, "start 2"),
            ],
            id="a long gap parts",
        ),
        pytest.param(
            "MMMM" + "h" * 15 + "." * 20,
            [(0.3, "ON"), (0.3, "start 1"), (3.8, "stop 1 quiet"), (3.8, "OFF")],
            id="quiet time comes on top of the hold",
        ),
    ],
)
def test_timeline(timeline: str, expected: list[tuple[float, str]]) -> None:
    assert told(machine(), timeline) == expected


def test_with_no_least_duration_the_first_frame_starts() -> None:
    assert told(machine(Events(min_motion_s=0)), "M") == [(0.0, "ON"), (0.0, "start 1")]


def test_a_long_event_is_cut_and_goes_on_as_the_next_without_off() -> None:
    said = told(machine(), "M" * 52)

    assert [entry for entry in said if "update" not in entry[1]] == [
        (0.3, "ON"),
        (0.3, "start 1"),
        (5.0, "stop 1 max_event"),
        (5.0, "start 2"),
    ]


def test_an_event_is_not_cut_while_nothing_moves() -> None:
    """A cut promises that the next event follows at once."""
    said = told(machine(), "M" * 49 + "." * 5 + "M")

    assert said[-2:] == [(5.4, "stop 1 max_event"), (5.4, "start 2")]
    assert told(machine(), "M" * 49 + "." * 20)[-2:] == [(6.8, "stop 1 quiet"), (6.8, "OFF")]


def test_updates_come_at_most_once_a_second() -> None:
    said = told(machine(), "M" * 35)

    assert [at for at, what in said if what == "update 1"] == [1.3, 2.3, 3.3]


def test_no_updates_of_nothing() -> None:
    assert told(machine(), "MMMM" + "h" * 30)[2:] == []


def test_a_new_zone_is_told_at_once_and_zones_gather_in_their_order() -> None:
    messages = events(machine(), "MMMMbba")

    assert [(message.type.value, message.zones) for message in messages] == [
        ("start", ()),
        ("update", ("b",)),
        ("update", ("a", "b")),
    ]


def test_zones_seen_while_waiting_belong_to_the_event() -> None:
    said, [start] = told(machine(), "aMMM"), events(machine(), "aMMM")

    assert said == [(0.3, "ON{a}"), (0.3, "start 1")]
    assert start.zones == ("a",)


def test_zones_of_an_earlier_flicker_do_not_belong_to_the_event() -> None:
    [start] = events(machine(), "a.MMMM")

    assert start.zones == ()


def test_a_zone_turns_off_after_its_own_quiet_time() -> None:
    said = told(machine(a_gap_s=0.5), "2222" + "." * 20)

    assert said == [
        (0.3, "ON{ab}"),
        (0.3, "start 1"),
        (0.8, "ON{b}"),
        (2.3, "stop 1 quiet"),
        (2.3, "OFF"),
    ]


def test_a_zone_may_stay_on_longer_than_its_camera() -> None:
    said = told(machine(a_gap_s=3), "aaaa" + "." * 40)

    assert said[2:] == [(2.3, "stop 1 quiet"), (2.3, "OFF{a}"), (3.3, "OFF")]


def test_a_zone_that_outlives_the_event_ends_while_the_next_one_is_awaited() -> None:
    said = told(machine(a_gap_s=2.2), "aaaa" + "." * 20 + ".MMM")

    assert said[3:] == [(2.3, "OFF{a}"), (2.5, "OFF")]


def test_zones_are_held_as_long_as_the_detector_holds_motion() -> None:
    """Camera and zone go off together, not a second and a half apart."""
    said = told(machine(), "aaaa" + "h" * 15 + "." * 20)

    assert said[2:] == [(3.8, "stop 1 quiet"), (3.8, "OFF")]


def test_motion_elsewhere_does_not_hold_a_zone() -> None:
    said = told(machine(), "aaaa" + "M" * 21)

    assert (2.3, "ON") in said


def test_a_frame_every_second_does_not_make_a_zone_flicker() -> None:
    watching = machine(a_gap_s=0.5)
    said = []
    for second in range(4):
        seen = detection(second * 10, boxes=[BOX], zones=["a"])
        said += [words(message) for message in watching.update(seen)]

    assert [what for what in said if what.startswith("O")] == ["ON{a}"]


@pytest.mark.parametrize("reason", list(StopReason))
def test_whoever_stops_looking_ends_the_running_event(reason: StopReason) -> None:
    """Unplugging the camera must not leave Home Assistant showing motion for ever."""
    watching = machine()
    told(watching, "aaaa")

    assert [words(message) for message in watching.end(reason)] == [f"stop 1 {reason}", "OFF"]
    assert watching.end(reason) == ()
    assert watching.event_id is None


def test_nothing_to_end_says_nothing() -> None:
    assert machine().end(StopReason.SHUTDOWN) == ()


def test_ending_forgets_motion_that_was_not_yet_an_event() -> None:
    watching = machine()
    told(watching, "MMM")
    watching.end(StopReason.DETECTION_OFF)

    assert watching.update(detection(3, boxes=[BOX])) == ()


def test_ending_turns_off_zones_that_outlived_their_event() -> None:
    watching = machine(a_gap_s=60)
    told(watching, "aaaa" + "." * 20)

    assert [words(message) for message in watching.end(StopReason.SHUTDOWN)] == ["OFF"]


def test_a_reopened_source_ends_the_event_of_the_session_before() -> None:
    watching = machine()
    told(watching, "MMMM")
    frame = frame_of(Picture.from_yuv420(_small_planes()), 4, session=2)

    said = [words(message) for message in watching.update(detection(4, boxes=[BOX], on=frame))]

    assert said == ["stop 1 source_lost", "OFF"]


def test_an_event_ends_late_but_before_the_next_when_no_frames_came_for_long() -> None:
    watching = machine()
    told(watching, "MMMM")

    said = [words(message) for message in watching.update(detection(900, boxes=[BOX]))]

    assert said == ["stop 1 quiet", "OFF"]


def test_between_two_events_of_a_camera_without_patience_it_is_off() -> None:
    """Or an automation that waits for the motion to end would miss that it did."""
    watching = machine(Events(min_motion_s=0, event_gap_s=2))
    told(watching, "M")

    said = [words(message) for message in watching.update(detection(900, boxes=[BOX]))]

    assert said == ["stop 1 quiet", "OFF", "ON", "start 2"]


def test_times_are_those_of_the_moving_frames() -> None:
    start, stop = events(machine(), "..MMMMM" + "." * 20)

    assert (start.seq, stop.seq) == (0, 1)
    assert start.started_utc_s == stop.started_utc_s == pytest.approx(UTC_S + 0.2, abs=1e-3)
    assert start.captured_utc_s == pytest.approx(UTC_S + 0.5, abs=1e-3)
    assert start.time_s == pytest.approx(0.5)
    assert start.duration_s == pytest.approx(0.3)
    assert stop.captured_utc_s == pytest.approx(UTC_S + 0.6, abs=1e-3)
    assert stop.duration_s == pytest.approx(0.4), "the quiet time is not part of it"
    assert (start.frame_width, start.frame_height) == (64, 48)
    assert (start.reason, stop.reason) == (None, StopReason.QUIET)


def test_the_event_after_a_cut_begins_at_the_cut() -> None:
    messages = events(machine(), "M" * 52)
    cut = next(at for at, message in enumerate(messages) if message.type is EventType.STOP)

    assert messages[cut].duration_s == pytest.approx(5.0)
    assert messages[cut + 1].started_utc_s == pytest.approx(UTC_S + 5.0, abs=1e-3)
    assert (messages[cut + 1].duration_s, messages[cut + 1].seq) == (0.0, 0)


@pytest.mark.parametrize(
    ("min_motion_s", "timeline"),
    [
        pytest.param(0, "M" * 60, id="an update would be due"),
        pytest.param(0.3, "M" * 50 + "a" * 10, id="a new zone"),
    ],
)
def test_a_cut_leaves_no_hole_in_the_numbers_of_the_messages(
    min_motion_s: float, timeline: str
) -> None:
    """Whoever looks for lost messages by `seq` must not find one that never was."""
    rules = RULES.model_copy(update={"min_motion_s": min_motion_s})
    messages = events(machine(rules), timeline)

    cut = [message for message in messages if message.id == "1"]
    assert cut[-1].reason is StopReason.MAX_EVENT
    assert [message.seq for message in cut] == list(range(len(cut)))


def test_without_a_clock_the_event_has_no_time_of_day() -> None:
    watching = machine(Events(min_motion_s=0))
    frame = frame_of(Picture.from_yuv420(_small_planes()), 0, utc=False)

    _, start = watching.update(detection(0, boxes=[BOX], on=frame))

    assert isinstance(start, MotionEvent)
    assert (start.started_utc_s, start.captured_utc_s) == (None, None)


@pytest.mark.parametrize(
    ("timeline", "starts_at"),
    [
        pytest.param("CCCC", 0.3, id="confirmed at once: as any method"),
        pytest.param("...C", 0.3, id="confirmed when the time is over: at once"),
        pytest.param("..CC", 0.3, id="confirmed before: when the time is over"),
        pytest.param("....C", 0.4, id="confirmed late: no second wait"),
        pytest.param("..ChC", 0.4, id="hidden for a frame: goes on"),
        pytest.param(".CC..", None, id="gone before"),
        pytest.param(".CChh", None, id="gone before, still held"),
    ],
)
def test_what_a_detector_confirms_for_itself_is_timed_from_its_first_frame(
    timeline: str, starts_at: float | None
) -> None:
    """Its own time to confirm counts, nothing comes on top, and short motion is no event."""
    starts = events(machine(), timeline)

    assert [start.type for start in starts] == ([] if starts_at is None else [EventType.START])
    for start in starts:
        assert start.time_s == pytest.approx(starts_at)
        assert start.started_utc_s == pytest.approx(UTC_S, abs=1e-3)
        assert start.duration_s == pytest.approx(starts_at)


def test_a_long_least_duration_holds_for_a_detector_that_confirms_for_itself() -> None:
    watching = machine(Events(min_motion_s=5))
    frames = [detection(index, boxes=[BOX], since_s=MONOTONIC_S) for index in range(51)]

    assert not any(watching.update(frame) for frame in frames[:50])
    assert [words(message) for message in watching.update(frames[50])] == ["ON", "start 1"]


def test_another_object_has_to_be_seen_for_long_enough_itself() -> None:
    """A leaf now and a bird then are no motion of a second."""
    watching = machine(Events(min_motion_s=1))
    for index in range(20):
        since_s = MONOTONIC_S + (0 if index < 9 else 0.9)
        said = watching.update(detection(index, boxes=[BOX], since_s=since_s))
        assert bool(said) == (index == 19)

    start = said[-1]
    assert isinstance(start, MotionEvent)
    assert start.started_utc_s == pytest.approx(UTC_S + 0.9, abs=1e-3)


def test_zones_since_the_first_frame_belong_to_the_event_of_what_was_hidden_for_a_moment() -> None:
    watching = machine()
    watching.update(detection(0, boxes=[BOX], zones=["b"], since_s=MONOTONIC_S))
    watching.update(detection(10, boxes=[BOX], zones=["a"], since_s=MONOTONIC_S + 1.0))
    watching.update(detection(11, motion=True, since_s=MONOTONIC_S + 1.0))
    _, start = watching.update(detection(13, boxes=[BOX], since_s=MONOTONIC_S + 1.0))

    assert isinstance(start, MotionEvent)
    assert start.zones == ("a",)


def test_another_gap_holds_for_the_running_event_and_zones_without_their_own() -> None:
    watching = machine(b_gap_s=3)
    told(watching, "2222")
    watching.set_event_gap(0.5)

    later = [
        words(message) for seen in drawn("2222" + "." * 35)[4:] for message in watching.update(seen)
    ]

    assert later == ["stop 1 quiet", "OFF{b}", "OFF"]


def test_the_score_is_the_best_of_the_event() -> None:
    watching = machine(Events(min_motion_s=0))
    watching.update(detection(0, boxes=[BOX], score=0.4))
    watching.update(detection(1, boxes=[BOX], score=0.9))
    watching.update(detection(2, boxes=[BOX], score=0.2))

    stop = watching.end(StopReason.SHUTDOWN)[0]

    assert isinstance(stop, MotionEvent)
    assert stop.score == 0.9


def test_state_and_id_can_be_asked_for() -> None:
    watching = machine()
    before = watching.state
    told(watching, "aaaa")

    assert before == MotionState("door", False, {"a": False, "b": False})
    assert watching.state == MotionState("door", True, {"a": True, "b": False})
    assert watching.event_id == "1"


def _small_planes() -> Planes:
    return Picture.from_bgr(np.zeros((48, 64, 3), np.uint8)).yuv()
