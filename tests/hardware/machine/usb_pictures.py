"""What the webcam sees, and how it spoils it. Drawn once: encoding is slow under emulation."""

from __future__ import annotations

import random

import cv2
import numpy as np

from hardware.machine.usb_descriptors import SIZES
from pimotion.pixels import Pixels

MJPG = 1
_STEPS = 32


class Scene:
    """A still scene through which a block moves.

    Attributes:
        motion: The block is there.
        black: The lens is covered.
        truncate, garbage: So many of the next pictures are cut in half, or random bytes.
    """

    def __init__(self) -> None:
        self.motion = True
        self.black = False
        self.truncate = 0
        self.garbage = 0
        self._made: dict[tuple[int, int, int | None, bool], bytes] = {}

    def picture(self, form: int, frame_index: int, number: int) -> bytes:
        """Return picture ``number`` in one of the formats and sizes of `usb_descriptors`."""
        step = abs(number % (2 * _STEPS) - _STEPS) if self.motion else None
        key = (form, frame_index, step, self.black)
        if key not in self._made:
            width, height = SIZES[frame_index - 1]
            image = self._image(width, height, step)
            self._made[key] = _jpeg(image) if form == MJPG else _yuyv(image)
        return self._spoilt(self._made[key])

    def _image(self, width: int, height: int, step: int | None) -> Pixels:
        if self.black:
            return np.zeros((height, width, 3), np.uint8)
        y, x = np.mgrid[0:height, 0:width]
        checks = 90 + ((x // 32 + y // 32) & 1) * 40
        slopes = [x * 160 // width + 40, y * 160 // height + 40, checks]
        image = np.stack(slopes, -1).astype(np.uint8)
        if step is not None:
            side = height // 4
            left, top = (width - side) * step // _STEPS, (height - side) // 2
            image[top : top + side, left : left + side] = (30, 30, 220)
        return image

    def _spoilt(self, data: bytes) -> bytes:
        if self.truncate > 0:
            self.truncate -= 1
            return data[: len(data) // 2]
        if self.garbage > 0:
            self.garbage -= 1
            return random.randbytes(max(100, len(data) // 2))
        return data


def _jpeg(image: Pixels) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def _yuyv(image: Pixels) -> bytes:
    yuv = cv2.cvtColor(image, cv2.COLOR_BGR2YUV)
    packed = np.empty((*image.shape[:2], 2), np.uint8)
    packed[..., 0] = yuv[..., 0]
    packed[:, 0::2, 1] = yuv[:, 0::2, 1]
    packed[:, 1::2, 1] = yuv[:, 0::2, 2]
    return packed.tobytes()
