"""What a JPEG codec does."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.uint8]

_REDUCTIONS = (8, 4, 2)
"""What a side may be divided by while decoding. libjpeg-turbo has others, by eighths, but no fast
code for them: 1280 px to 800 takes longer than all 1280 and then scaling (2.1, x86)."""


class Codec(Protocol):
    """Makes pixels of JPEGs and JPEGs of pixels. Thread-safe; lets other threads run meanwhile.

    Decoding takes the least width that it must give: it may give more, never less than that or
    the picture's own. A decoded array belongs to the caller. What cannot be decoded raises
    `PictureError`.
    """

    def size(self, data: bytes) -> tuple[int, int]:
        """Return (width, height) in px, by the header."""

    def grey(self, data: bytes, least_width: int) -> Array:
        """Return luma, shape (height, width)."""

    def bgr(self, data: bytes, least_width: int) -> Array:
        """Return blue-green-red, shape (height, width, 3)."""

    def encode_bgr(self, image: Array, quality: int) -> bytes:
        """Encode pixels of shape (height, width, 3), blue-green-red, as 4:2:0; quality 1..100."""

    def encode_planes(self, y: Array, u: Array, v: Array, quality: int) -> bytes:
        """Encode full-range YUV420 planes; quality 1..100."""


def reduction(width: int, least_width: int) -> int:
    """Return by what a picture's sides may be divided so that it keeps ``least_width``: 8, 4, 2, 1.

    A side that does not come out even is rounded up.
    """
    return next((each for each in _REDUCTIONS if -(-width // each) >= least_width), 1)
