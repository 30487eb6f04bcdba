"""The drawn camera: the same pictures each time, quiet and motion when it says so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pimotion.capture import frame_number
from pimotion.capture.playback import Playback
from pimotion.capture.synthetic import MOTION_S, QUIET_S, Scene
from pimotion.pixels import encode_bgr

FPS = 10
SCENE = Scene(640, 360, FPS)
QUIET = range(int(QUIET_S * FPS))
MOTION = range(len(QUIET), len(QUIET) + int(MOTION_S * FPS))


def test_pictures_depend_on_their_number_alone() -> None:
    assert (Scene(640, 360, FPS).image(170) == SCENE.image(170)).all()
    assert (SCENE.image(3) != SCENE.image(4)).any(), "a real sensor never repeats a picture"


def test_quiet_is_under_every_threshold_and_motion_is_not() -> None:
    first = SCENE.image(0).astype(int)
    assert max(np.abs(SCENE.image(n) - first).max() for n in QUIET[::7]) < 25
    moved = np.abs(SCENE.image(MOTION[20]) - first).max(axis=2) > 40
    box = SCENE.square_at(MOTION[20])
    assert box is not None
    assert moved[box.y : box.y + box.height, box.x : box.x + box.width].all()
    assert moved.sum() == box.area


def test_the_square_crosses_the_picture_once_a_cycle() -> None:
    assert all(SCENE.square_at(number) is None for number in QUIET)
    boxes = [SCENE.square_at(number) for number in MOTION]
    places = [box.x for box in boxes if box is not None]
    assert len(places) == len(MOTION)
    assert places == sorted(places)
    assert places[0] == 0
    assert SCENE.square_at(len(QUIET) + len(MOTION)) is None


@pytest.mark.parametrize("number", [0, 1, 12345, 65535])
@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (1919, 1081)])
def test_a_number_survives_a_jpeg(number: int, size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), 60, np.uint8)
    frame_number.write(image, number)
    jpeg = np.frombuffer(encode_bgr(image, 60), np.uint8)
    luma = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
    assert luma is not None
    assert frame_number.read(luma.view(np.uint8)) == number


def test_where_there_is_no_number_none_is_read() -> None:
    assert frame_number.read(np.full((240, 320), 200, np.uint8)) is None


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now_s)


def _stopped() -> Playback:
    """One that does not wait, so that no test has to."""
    playback = Playback()
    playback.stop()
    return playback


def test_pictures_are_due_at_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    playback = _stopped()
    assert playback.wait_until_due(0.0) == 100.0
    clock.now_s = 100.15  # late, but by less than a second: the beat stays
    assert playback.wait_until_due(0.1) == pytest.approx(100.1)
    assert playback.wait_until_due(0.2) == pytest.approx(100.2)


def test_after_a_hold_up_a_recording_is_not_rushed_through(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    playback = _stopped()
    playback.wait_until_due(0.0)
    clock.now_s = 130.0
    assert playback.wait_until_due(0.1) == pytest.approx(130.0)
    assert playback.wait_until_due(0.2) == pytest.approx(130.1)


def test_a_pause_in_a_recording_does_not_look_like_a_dead_camera(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    playback = _stopped()
    assert playback.wait_until_due(0.0) == 100.0
    assert playback.wait_until_due(3600.0) == pytest.approx(104.0)
    clock.now_s = 104.0
    assert playback.wait_until_due(3600.1) == pytest.approx(104.1)
