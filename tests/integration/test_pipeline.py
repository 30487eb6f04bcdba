"""One camera's two threads: what is said when its source gives, stalls, breaks, ends, returns."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from pimotion.capture.source import Captured
from pimotion.config.camera import Camera
from pimotion.errors import SourceLost
from pimotion.events.ids import new_event_id
from pimotion.health import Threads
from pimotion.picture import Picture
from pimotion.pipeline import CameraPipeline
from pimotion.pixels import encode_bgr
from pimotion.types import (
    CameraHealth,
    CameraState,
    CameraStats,
    Command,
    Detection,
    EventType,
    Message,
    MotionEvent,
    MotionState,
    NoFrames,
    SettingState,
    Still,
    StopReason,
    Switches,
)

WIDTH, HEIGHT = 160, 120


def picture(square_at: int | None, grey: int = 220) -> Picture:
    """A grey room; with a bright square, 30 px wide, at a place."""
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    if square_at is not None:
        image[40:90, square_at : square_at + 30] = grey
    return Picture.from_bgr(image)


class Script:
    """A source that gives what the test puts in, at once, in time steps of a tenth of a second."""

    is_live = True

    def __init__(self) -> None:
        self.steps: queue.Queue[Picture | SourceLost] = queue.Queue()
        self.opened = 0
        self.closed = 0
        self.over = False
        self._opened_s = 0.0

    def open(self) -> None:
        self.opened += 1
        self._opened_s = time.monotonic()

    def read(self) -> Captured:
        step = self._next()
        if isinstance(step, SourceLost):
            raise step
        now_s = time.monotonic()
        return Captured(step, now_s, now_s - self._opened_s)

    def interrupt(self) -> None: ...

    def close(self) -> None:
        self.closed += 1

    def _next(self) -> Picture | SourceLost:
        while not self.over:
            try:
                return self.steps.get(timeout=0.02)
            except queue.Empty:
                pass
        return SourceLost("the test is over")


class Scene:
    """A running pipeline on a script, and everything that it said."""

    def __init__(self, **settings: Any) -> None:
        self.said: list[Message] = []
        self.source = Script()
        self.threads = Threads()
        values = {
            "source": "synthetic",
            "fps": 60,
            # The classic method reports at once: what follows a detection is tried here.
            "detect": {"method": "running_average", "fps": 60, "warmup_frames": 3, "hold_s": 0},
            "events": {"min_motion_s": 0, "event_gap_s": 0.5},
            **settings,
        }
        switches = values.pop("switches", Switches())
        self.is_watched = False
        self.pipeline = CameraPipeline(
            "door",
            Camera.model_validate(values),
            self.source,
            sinks=[self],
            viewers=lambda: 3,
            switches=switches,
            last_event_utc_s=None,
            model_wanted=lambda: self.is_watched,
        )

    def put(self, message: Message) -> None:
        self.said.append(message)

    def play(self, *steps: Picture | SourceLost, every_s: float = 0.03) -> None:
        """Give pictures, one after the other has been looked at."""
        for step in steps:
            self.source.steps.put(step)
            time.sleep(every_s)

    def play_until(self, state: CameraState, step: Picture) -> None:
        """Give the same picture again and again, until the camera is so."""
        deadline_s = time.monotonic() + 15
        while self.pipeline.health.state is not state:
            assert time.monotonic() < deadline_s, f"not {state}"
            self.play(step)

    def play_still(self, count: int = 8) -> None:
        self.play(*(picture(None) for _ in range(count)))

    def play_motion(self, count: int = 6, grey: int = 220) -> None:
        self.play(*(picture(5 + 18 * index, grey) for index in range(count)))

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.said if isinstance(message, kind)]

    def event(self, kind: EventType) -> MotionEvent:
        """The first message of a kind."""
        found: MotionEvent = next(m for m in self.of(MotionEvent) if m.type is kind)
        return found

    def wait_for(self, holds: Callable[[Message], bool], what: str) -> None:
        wait_until(lambda: any(map(holds, list(self.said))), what)

    def wait_for_state(self, state: CameraState) -> None:
        self.wait_for(lambda m: isinstance(m, CameraHealth) and m.state is state, state.value)

    def wait_for_suppressed(self, rule: str) -> None:
        wait_until(lambda: rule in self.pipeline.suppressed().since_start, rule)

    def newest_detection(self) -> Detection:
        newest = self.pipeline.detections.peek()
        assert newest is not None
        return newest

    def stop(self) -> None:
        self.threads.close()
        self.source.over = True
        self.pipeline.ask_to_stop()
        assert self.pipeline.join(time.monotonic() + 5), "a thread is stuck"


@pytest.fixture
def make() -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def start(**settings: Any) -> Scene:
        camera = Scene(**settings)
        made.append(camera)
        camera.pipeline.start(camera.threads)
        return camera

    yield start
    for camera in made:
        camera.stop()
        assert camera.threads.dead is None


Make = Callable[..., Scene]


def is_setting(name: str, value: float) -> Callable[[Message], bool]:
    return lambda m: isinstance(m, SettingState) and (m.setting, m.value) == (name, value)


def is_event(kind: EventType) -> Callable[[Message], bool]:
    return lambda message: isinstance(message, MotionEvent) and message.type is kind


def test_at_the_start_everything_is_off_and_not_yet_live(make: Make) -> None:
    """Whoever was ON when the power went must not stay ON."""
    camera = make()
    wait_until(lambda: len(camera.said) >= 7, "the first words")

    assert camera.of(CameraHealth)[0].state is CameraState.STARTING
    assert camera.of(MotionState)[0].motion is False
    assert [(each.setting, each.value) for each in camera.of(SettingState)] == [
        ("detection", True),
        ("privacy", False),
        ("sensitivity", 50),
        ("min_area_percent", 0.1),
        ("event_gap_s", 0.5),
    ]


def test_the_first_picture_makes_it_live_and_is_sent(make: Make) -> None:
    camera = make()
    camera.play_still(2)
    camera.wait_for_state(CameraState.OK)
    camera.wait_for(lambda m: isinstance(m, Still), "the first still")

    assert camera.of(Still)[0].event_id is None


def test_a_frozen_picture_is_offline_and_its_thaw_is_no_motion(make: Make) -> None:
    """A camera that repeats its last picture for ever would say "no motion" for ever."""
    camera = make(health={"frozen_s": 2})
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the event")
    frozen = picture(60)
    camera.play_until(CameraState.FROZEN, frozen)
    camera.play(*[frozen] * 10)
    ended = camera.event(EventType.STOP)
    told = len(camera.of(MotionEvent))
    assert camera.of(MotionState)[-1].motion is False
    assert not camera.pipeline.health.online

    # The camera wakes up, and the world has moved on meanwhile.
    camera.play_until(CameraState.OK, picture(10))
    camera.play(*[picture(10)] * 10)

    assert ended.reason in {StopReason.SOURCE_LOST, StopReason.QUIET}
    assert len(camera.of(MotionEvent)) == told, "the jump is no visitor"


def test_a_black_picture_is_a_problem_and_online(make: Make) -> None:
    camera = make(health={"dark_s": 2})
    black = Picture.from_bgr(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    camera.play_until(CameraState.DARK, black)

    health = camera.pipeline.health
    assert health.online
    assert health.problem
    assert health.reason == "the picture has been black for 2 s"
    camera.play_until(CameraState.OK, picture(None))


def test_a_camera_that_is_opened_anew_forgets_nothing_it_should_not(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.wait_for_state(CameraState.OK)
    camera.pipeline.reopen()
    deadline_s = time.monotonic() + 10
    while camera.source.opened < 2:
        assert time.monotonic() < deadline_s
        camera.play(picture(None))
    camera.play_still()

    assert camera.pipeline.health.online
    assert camera.of(MotionEvent) == []
    assert all(health.state is not CameraState.LOST for health in camera.of(CameraHealth))


def test_the_picture_is_on_its_way_before_the_event_that_names_it(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")

    start = camera.event(EventType.START)
    still = next(m for m in camera.said if isinstance(m, Still) and m.event_id == start.id)
    on = next(m for m in camera.said if isinstance(m, MotionState) and m.motion)
    assert camera.said.index(still) < camera.said.index(start)
    assert camera.said.index(on) < camera.said.index(start)


def test_a_lost_source_ends_the_event_before_the_camera_is_offline(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play_motion()
    camera.play(SourceLost("the cable was pulled"))
    camera.wait_for_state(CameraState.LOST)

    stop = camera.event(EventType.STOP)
    lost = camera.of(CameraHealth)[-1]
    assert stop.reason is StopReason.SOURCE_LOST
    assert lost.reason == "the cable was pulled"
    ending = camera.said[camera.said.index(stop) :]
    assert [type(m) for m in ending if not isinstance(m, Still)][:3] == [
        MotionEvent,
        MotionState,
        CameraHealth,
    ]
    assert ending[-1] is lost


def test_a_source_that_returns_is_opened_again_without_false_motion(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play(SourceLost("gone for a moment"))
    camera.wait_for_state(CameraState.LOST)
    camera.said.clear()
    camera.source.steps.put(picture(60))  # the room has changed meanwhile
    wait_until(lambda: camera.source.opened == 2, "the second opening", 5)
    camera.play(*(picture(60) for _ in range(8)))
    camera.wait_for_state(CameraState.OK)

    assert camera.source.closed >= 1
    assert not camera.of(MotionEvent)


def test_a_recording_that_has_ended_is_not_opened_again(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play(SourceLost("the recording has ended", ended=True))
    camera.wait_for_state(CameraState.ENDED)

    assert camera.pipeline.health.reason == "the recording has ended"
    later_s = time.monotonic() + 1.3  # a lost source would have been opened again after 1 s
    wait_until(lambda: time.monotonic() > later_s, "the time of a first retry")
    assert camera.source.opened == 1


def test_frames_that_stop_coming_are_noticed_without_a_word_of_the_source(make: Make) -> None:
    camera = make(health={"stale_s": 1}, fps=60)
    hung = Hang(camera.source)
    camera.play_still()
    hung.set()
    camera.wait_for_state(CameraState.STALE)
    hung.clear()

    assert camera.pipeline.health.reason == "no frame for 1 s"
    camera.said.clear()
    camera.play_still()
    camera.wait_for_state(CameraState.OK)


class Hang:
    """Makes a script's `read` wait, as a camera that hangs does."""

    def __init__(self, source: Script) -> None:
        self._hanging = False
        self._read = source.read
        source.read = self._wait  # type: ignore[method-assign]

    def set(self) -> None:
        self._hanging = True

    def clear(self) -> None:
        self._hanging = False

    def _wait(self) -> Captured:
        while self._hanging:
            time.sleep(0.01)
        return self._read()


def test_broken_pictures_are_skipped_and_counted(make: Make) -> None:
    camera = make()
    good = encode_bgr(picture(None).bgr(), 90)
    camera.play_still()
    for _ in range(4):
        camera.play(Picture.from_jpeg(good[:-40]))
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start after broken pictures")

    stats = camera.pipeline._stats.now(time.monotonic())
    assert stats.dropped is not None
    assert stats.dropped >= 4


def broken() -> Picture:
    """A JPEG whose header is good and whose pixels end early."""
    return Picture.from_jpeg(encode_bgr(picture(None).bgr(), 90)[:-40])


def test_a_camera_that_never_gave_a_whole_picture_is_a_problem(make: Make) -> None:
    camera = make(health={"stale_s": 1})
    while camera.pipeline.health.state is CameraState.STARTING:
        camera.play(broken())

    assert camera.pipeline.health.state is CameraState.STALE
    assert camera.pipeline.health.reason == "no frame that can be decoded for 1 s"


def test_why_a_camera_was_lost_is_not_said_of_one_that_is_back_with_broken_pictures(
    make: Make,
) -> None:
    """It was told for ever that nobody answered, of a camera that was connected."""
    camera = make(health={"stale_s": 1})
    camera.play(SourceLost("connection refused"))
    camera.wait_for_state(CameraState.LOST)
    camera.play_until(CameraState.STALE, broken())

    assert camera.pipeline.health.reason == "no frame that can be decoded for 1 s"


def test_a_silent_camera_that_sends_broken_pictures_is_silent_no_more(make: Make) -> None:
    camera = make(health={"stale_s": 1})
    camera.wait_for_state(CameraState.STALE)
    assert camera.pipeline.health.reason == "no frame for 1 s"
    deadline_s = time.monotonic() + 5
    while "decoded" not in (camera.pipeline.health.reason or "") and time.monotonic() < deadline_s:
        camera.play(broken())

    assert camera.pipeline.health.reason == "no frame that can be decoded for 1 s"


def test_motion_does_not_stay_on_while_only_broken_pictures_come(make: Make) -> None:
    """The cable is half out: frames keep coming, and none of them would end the event."""
    camera = make(health={"stale_s": 1})
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")
    deadline_s = time.monotonic() + 5
    while camera.pipeline.health.state is CameraState.OK and time.monotonic() < deadline_s:
        camera.play(broken())

    assert camera.event(EventType.STOP).reason is StopReason.SOURCE_LOST
    assert camera.of(MotionState)[-1].motion is False
    assert camera.pipeline.health.state is CameraState.STALE
    camera.play_still()
    camera.wait_for_state(CameraState.OK)


def test_another_reason_for_the_same_state_does_not_begin_it_anew(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play(SourceLost("no such host"))
    camera.wait_for_state(CameraState.LOST)
    first = camera.pipeline.health
    camera.source.steps.put(SourceLost("connection refused"))
    wait_until(
        lambda: camera.pipeline.health.reason == "connection refused", "the second reason", 5
    )

    assert camera.pipeline.health.since_monotonic_s == first.since_monotonic_s
    assert camera.pipeline.health.since_utc_s == first.since_utc_s


def test_detection_switched_off_ends_the_event_and_says_so(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")
    assert camera.pipeline.command(Command("door", "detection", False))
    camera.wait_for(is_setting("detection", False), "the echo")
    stop = camera.event(EventType.STOP)
    assert stop.reason is StopReason.DETECTION_OFF
    camera.said.clear()
    camera.play_motion()
    camera.play(*(picture(60) for _ in range(3)))
    camera.pipeline.command(Command("door", "detection", True))
    camera.wait_for(is_setting("detection", True), "the echo")
    camera.play(*(picture(60) for _ in range(8)))
    assert not camera.of(MotionEvent), "what changed meanwhile is no motion"

    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "motion once it is on again")


def test_a_new_sensitivity_counts_from_the_next_picture_on(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play_motion(grey=108)
    assert not camera.of(MotionEvent), "too faint for the usual sensitivity"
    assert camera.pipeline.command(Command("door", "sensitivity", 90))
    camera.wait_for(lambda m: m == SettingState("door", "sensitivity", 90), "the echo")

    camera.play_still()
    camera.play_motion(grey=108)
    camera.wait_for(is_event(EventType.START), "faint motion counts now")


def test_a_recalibration_learns_the_scene_as_it_is_now(make: Make) -> None:
    camera = make()
    camera.play_still()
    assert camera.pipeline.command(Command("door", "recalibrate", True))
    camera.play(*(picture(60) for _ in range(8)))  # someone has moved the cupboard
    assert not camera.of(MotionEvent)

    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "motion once it is learnt")


def test_motion_is_ignored_for_as_long_as_a_command_asked(make: Make) -> None:
    camera = make()
    camera.play_still()
    assert camera.pipeline.command(Command("door", "inhibit", 3600))
    camera.play_motion()
    camera.wait_for_suppressed("inhibit")
    assert not camera.of(MotionEvent)
    assert camera.newest_detection().boxes == ()

    assert camera.pipeline.command(Command("door", "inhibit", 0))
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "motion counts again")


def test_a_running_event_ends_quietly_while_motion_is_ignored(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")
    assert camera.pipeline.command(Command("door", "inhibit", 3600))
    deadline_s = time.monotonic() + 5
    while not any(map(is_event(EventType.STOP), camera.said)) and time.monotonic() < deadline_s:
        camera.play_motion(3)

    assert camera.event(EventType.STOP).reason is StopReason.QUIET
    assert camera.of(MotionState)[-1].motion is False


@pytest.mark.parametrize(("setting", "value"), [("privacy", False), ("detection", True)])
def test_what_is_as_asked_already_goes_on_undisturbed(
    make: Make, setting: str, value: bool
) -> None:
    camera = make(events={"min_motion_s": 0, "event_gap_s": 60})
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")
    camera.said.clear()
    for _ in range(2):
        assert camera.pipeline.command(Command("door", setting, value))
        camera.play_motion(3)
    camera.wait_for(is_setting(setting, value), "the echo")
    camera.play_motion(3)

    assert not camera.of(CameraHealth), "the camera does not blink"
    assert not any(is_event(EventType.STOP)(message) for message in camera.said)


def test_a_stalled_camera_is_noticed_however_often_it_is_opened(make: Make) -> None:
    camera = make(health={"stale_s": 1})
    hung = Hang(camera.source)
    camera.play_still()
    hung.set()

    def is_stale() -> bool:
        camera.pipeline.command(Command("door", "privacy", False))
        return camera.pipeline.health.state is CameraState.STALE

    wait_until(is_stale, "it is stale")
    hung.clear()


def test_a_flood_of_commands_loses_none_that_was_taken() -> None:
    """Whoever is told that privacy was requested must get it."""
    camera = Scene()  # not started: nobody takes them
    flood = [Command("door", "sensitivity", number) for number in range(1, 101)]
    assert all(camera.pipeline.command(each) for each in flood)
    assert camera.pipeline.command(Command("door", "privacy", True))
    camera.pipeline.start(camera.threads)
    camera.wait_for(is_setting("privacy", True), "the echo")
    camera.stop()

    told = [state.value for state in camera.of(SettingState) if state.setting == "sensitivity"]
    assert told == [50, 100]


def test_what_is_asked_at_the_very_end_is_done_or_refused() -> None:
    camera = Scene()
    assert camera.pipeline.command(Command("door", "privacy", True))
    camera.pipeline.ask_to_stop()
    camera.pipeline.start(camera.threads)
    camera.stop()

    assert any(is_setting("privacy", True)(message) for message in camera.said)
    assert not camera.pipeline.command(Command("door", "privacy", False))


def test_privacy_masks_are_on_every_frame_that_leaves_capture(make: Make) -> None:
    camera = make(privacy_masks=[[[0, 0], [1, 0], [1, 0.5], [0, 0.5]]])
    camera.play_still(2)
    camera.wait_for_state(CameraState.OK)
    frame: Any = camera.pipeline.frames.peek()

    assert frame.picture.bgr()[: HEIGHT // 2 - 2].max() == 0
    assert frame.picture.bgr()[HEIGHT // 2 + 2 :].min() == 90


def test_the_stop_ends_the_running_event(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")
    camera.stop()

    stop = camera.event(EventType.STOP)
    assert stop.reason is StopReason.SHUTDOWN
    assert camera.of(MotionState)[-1].motion is False


def test_frames_over_the_rate_are_thinned(make: Make) -> None:
    camera = make(fps=10, detect={"fps": 5, "warmup_frames": 3})
    began_s = time.monotonic()
    camera.play(*(picture(None) for _ in range(60)), every_s=0.025)
    lasted_s = time.monotonic() - began_s

    wait_until(camera.source.steps.empty, "all are read")
    stats = camera.pipeline._stats
    assert stats.arrived == pytest.approx(10 * lasted_s, abs=3)
    assert stats.analysed == pytest.approx(5 * lasted_s, abs=3)


def test_figures_are_told(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")
    stats: CameraStats = camera.pipeline._stats.now(time.monotonic())

    assert stats.viewers == 3
    assert stats.detect_ms is not None
    assert stats.detect_ms > 0
    assert stats.latency_ms is not None
    assert stats.last_event_utc_s is not None


def test_the_background_is_shown_only_while_somebody_watches(make: Make) -> None:
    def model_is_shown() -> bool:
        camera.play_still(1)
        newest = camera.pipeline.detections.peek()
        return newest is not None and newest.model is not None

    camera = make()
    camera.play_still()
    assert not model_is_shown()
    camera.is_watched = True
    wait_until(model_is_shown, "the background comes")
    camera.is_watched = False
    wait_until(lambda: not model_is_shown(), "the background goes")


def test_event_ids_are_unique_and_sort_by_time() -> None:
    ids = [new_event_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert [each.split("-")[0] for each in ids] == sorted(each.split("-")[0] for each in ids)


class TestPrivacy:
    """A closed camera: nothing of it is seen, kept or counted."""

    def test_it_ends_the_event_closes_the_camera_and_replaces_the_still(self, make: Make) -> None:
        camera = make()
        camera.play_still()
        camera.play_motion()
        camera.wait_for(is_event(EventType.START), "the start")
        assert camera.pipeline.command(Command("door", "privacy", True))
        camera.wait_for(is_setting("privacy", True), "the echo")
        camera.wait_for_state(CameraState.PRIVACY)
        camera.play_still(1)  # what its driver had before it heard of it
        wait_until(lambda: camera.source.closed == 1, "the camera is closed")

        assert camera.event(EventType.STOP).reason is StopReason.PRIVACY
        health = camera.of(CameraHealth)[-1]
        assert (health.online, health.problem, health.degraded) == (False, False, False)
        wait_until(lambda: camera.of(Still)[-1].event_id is None, "the card")
        assert isinstance(camera.pipeline.frames.peek(), NoFrames)

    def test_no_still_is_taken_and_nothing_counts(self, make: Make) -> None:
        camera = make(snapshot={"interval_s": 1})
        camera.play_still()
        camera.pipeline.command(Command("door", "privacy", True))
        camera.wait_for_state(CameraState.PRIVACY)
        wait_until(lambda: len(camera.of(Still)) == 2, "the card")  # the first was of the room
        camera.said.clear()
        camera.pipeline.command(Command("door", "snapshot", True))
        camera.pipeline.command(Command("door", "sensitivity", 70))
        camera.wait_for(is_setting("sensitivity", 70), "another setting works")
        camera.play_motion()

        assert {type(message) for message in camera.said} <= {SettingState, CameraStats}

    def test_closed_again_it_stays_as_it_is(self, make: Make) -> None:
        camera = make(switches=Switches(privacy=True))
        camera.wait_for(lambda m: isinstance(m, Still), "the card")
        camera.said.clear()
        camera.pipeline.command(Command("door", "privacy", True))
        camera.wait_for(is_setting("privacy", True), "the echo")
        camera.pipeline.command(Command("door", "sensitivity", 70))
        camera.wait_for(is_setting("sensitivity", 70), "a later command")

        assert {type(message) for message in camera.said} <= {SettingState, CameraStats}

    def test_switched_off_again_it_opens_the_camera_and_learns_anew(self, make: Make) -> None:
        camera = make()
        camera.play_still()
        camera.pipeline.command(Command("door", "privacy", True))
        camera.play_still(1)  # what its driver had before it heard of it
        wait_until(lambda: camera.source.closed == 1, "the camera is closed")
        camera.said.clear()
        camera.pipeline.command(Command("door", "privacy", False))
        camera.wait_for(is_setting("privacy", False), "the echo")
        wait_until(lambda: camera.source.opened == 2, "the camera is opened")
        camera.play_still()
        camera.wait_for_state(CameraState.OK)
        camera.play_motion()

        camera.wait_for(is_event(EventType.START), "motion counts again")

    def test_a_camera_that_starts_closed_is_not_opened(self, make: Make) -> None:
        camera = make(switches=Switches(privacy=True))
        camera.wait_for_state(CameraState.PRIVACY)
        camera.wait_for(lambda m: isinstance(m, Still), "the card")

        assert camera.source.opened == 0
        assert not camera.pipeline.health.problem

    def test_one_that_closed_itself_wants_somebody_to_look(self, make: Make) -> None:
        camera = make(switches=Switches(privacy=True, unasked=True))
        camera.wait_for_state(CameraState.PRIVACY)
        assert camera.pipeline.health.problem
        assert "could not be read" in (camera.pipeline.health.reason or "")

        camera.pipeline.command(Command("door", "privacy", False))
        camera.play_still()
        camera.wait_for_state(CameraState.OK)
        assert not camera.pipeline.health.problem


def test_a_still_is_taken_when_somebody_asks(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.wait_for(lambda m: isinstance(m, Still), "the first still")
    camera.said.clear()
    camera.pipeline.command(Command("door", "snapshot", True))
    camera.play_still(2)
    camera.wait_for(lambda m: isinstance(m, Still), "the still")

    assert camera.of(Still)[0].event_id is None


def test_another_event_gap_holds_at_once(make: Make) -> None:
    camera = make()
    camera.play_still()
    camera.pipeline.command(Command("door", "event_gap_s", 60))
    camera.wait_for(is_setting("event_gap_s", 60), "the echo")
    camera.play_motion()
    camera.wait_for(is_event(EventType.START), "the start")
    camera.play(*(picture(None) for _ in range(30)))
    assert not any(is_event(EventType.STOP)(message) for message in camera.said)
    camera.pipeline.command(Command("door", "event_gap_s", 0.5))
    camera.wait_for(is_setting("event_gap_s", 0.5), "the echo")
    camera.play(*(picture(None) for _ in range(20)))
    camera.wait_for(is_event(EventType.STOP), "the stop")
