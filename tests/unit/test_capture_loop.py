"""What the capture thread hands on of what its source gave."""

from __future__ import annotations

import numpy as np

from pimotion.capture.source import Captured
from pimotion.capture_loop import CaptureLoop
from pimotion.config.camera import Camera
from pimotion.latest import Latest
from pimotion.picture import Picture
from pimotion.pixels import as_pixels
from pimotion.privacy import Shutter
from pimotion.types import Exposure, Frame, NoFrames, Switches


class OnePicture:
    """A camera that is not asked for a second picture."""

    is_live = True

    def __init__(self, exposure: Exposure | None) -> None:
        self._exposure = exposure
        self.loop: CaptureLoop | None = None

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self) -> Captured:
        assert self.loop is not None
        self.loop.stop()
        picture = Picture.from_bgr(as_pixels(np.zeros((48, 64, 3), np.uint8)))
        return Captured(picture, 100.0, 1.0, self._exposure)


def _frame(exposure: Exposure | None) -> Frame:
    source, out = OnePicture(exposure), Latest[Frame | NoFrames]()
    camera, shutter = Camera(source="synthetic"), Shutter(out, Switches())
    source.loop = CaptureLoop("door", camera, source, shutter)
    source.loop.run()
    frame = out.peek()
    assert isinstance(frame, Frame)
    return frame


def test_the_detector_hears_how_the_camera_exposed_each_picture() -> None:
    exposure = Exposure(time_s=0.01, gain=6.0, colour_gains=(1.25, 1.75))
    assert _frame(exposure).exposure == exposure


def test_of_a_camera_that_does_not_say_no_exposure_is_made_up() -> None:
    assert _frame(None).exposure is None
