"""A closed camera shows nothing, from the moment on that somebody closes it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenes import frame

from pimotion.config.camera import Camera
from pimotion.latest import Latest
from pimotion.privacy import REASON, Shutter, privacy_still, reason_of
from pimotion.types import CameraState, Frame, NoFrames, Switches


@pytest.fixture
def seen() -> Latest[Frame | NoFrames]:
    return Latest()


def state(seen: Latest[Frame | NoFrames]) -> CameraState | None:
    """What those who look see: a state instead of a picture, None for a picture."""
    newest = seen.peek()
    return newest.state if isinstance(newest, NoFrames) else None


def test_an_open_shutter_hands_on_what_the_camera_gives(seen: Latest[Frame | NoFrames]) -> None:
    shutter = Shutter(seen, Switches())
    shutter.put(frame(0))

    assert state(seen) is None


def test_the_last_picture_is_gone_at_once_and_none_comes_after(
    seen: Latest[Frame | NoFrames],
) -> None:
    """The driver may hold a picture that it gives only after the camera has been closed."""
    shutter = Shutter(seen, Switches())
    shutter.put(frame(0))
    shutter.close()
    assert state(seen) is CameraState.PRIVACY

    shutter.put(frame(1))
    assert state(seen) is CameraState.PRIVACY


def test_a_camera_that_starts_closed_never_shows_a_picture(seen: Latest[Frame | NoFrames]) -> None:
    shutter = Shutter(seen, Switches(privacy=True))
    shutter.put(frame(0))

    newest = seen.peek()
    assert isinstance(newest, NoFrames)
    assert (newest.state, newest.reason) == (CameraState.PRIVACY, REASON)


def test_opened_again_it_waits_for_a_picture(seen: Latest[Frame | NoFrames]) -> None:
    shutter = Shutter(seen, Switches(privacy=True))
    shutter.open()
    assert state(seen) is CameraState.STARTING

    shutter.put(frame(0))
    assert state(seen) is None


def test_a_camera_that_was_lost_is_still_lost_when_it_is_opened(
    seen: Latest[Frame | NoFrames],
) -> None:
    shutter = Shutter(seen, Switches())
    shutter.put(NoFrames("unplugged", CameraState.LOST, 0.0))
    shutter.close()
    shutter.open()

    assert state(seen) is CameraState.LOST


def test_opening_what_is_open_takes_no_picture_away(seen: Latest[Frame | NoFrames]) -> None:
    """Home Assistant may switch off what is off; the camera must not blink for it."""
    shutter = Shutter(seen, Switches())
    shutter.put(frame(0))
    shutter.open()

    assert state(seen) is None


def test_closing_what_is_closed_says_nothing_new(seen: Latest[Frame | NoFrames]) -> None:
    shutter = Shutter(seen, Switches())
    shutter.close()
    said = seen.peek()
    shutter.close()

    assert seen.peek() is said


def test_a_broken_state_file_is_named_as_the_reason() -> None:
    assert "could not be read" in reason_of(Switches(privacy=True, unasked=True))


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({}, (1280, 720)),
        ({"snapshot": {"height": 360}}, (640, 360)),
        ({"snapshot": {"max_bytes": 5000}}, None),
        ({"width": 64, "height": 48}, (64, 48)),
        ({"width": 320, "height": 240, "snapshot": {"height": 4096}}, (1280, 960)),
        ({"width": 4096, "height": 4096}, (1280, 1280)),
        ({"width": 4096, "height": 64}, (1280, 20)),
        ({"width": 64, "height": 4096, "snapshot": {"height": 4096}}, (20, 1280)),
        ({"name": "m" * 64, "snapshot": {"quality": 100, "max_bytes": 5000}}, None),
        ({"name": "m" * 64, "width": 64, "height": 4096, "snapshot": {"max_bytes": 5000}}, None),
    ],
)
def test_the_card_is_a_still_that_fits(
    settings: dict[str, object], size: tuple[int, int] | None
) -> None:
    camera = Camera.model_validate({"source": "synthetic", **settings})
    still = privacy_still("door", camera, REASON)

    assert still.event_id is None
    assert len(still.jpeg) <= camera.snapshot.max_bytes
    image = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape[1::-1] == (still.width, still.height)
    assert size in (None, (still.width, still.height))
