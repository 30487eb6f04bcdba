"""Draws a frame's number into its pixels and reads it back, so that tests can tell frames apart.

The number is a row of 16 small blocks at the upper left, lowest bit first, black or white in the
weak sense: 20 grey levels apart. That survives a JPEG and H.264, and stays under the threshold of
every detector, so the changing number is no motion.
"""

from __future__ import annotations

import numpy as np

from pimotion.pixels import Pixels

BITS = 16
_DARK, _LIGHT = 94, 114
_TOLERANCE = 8  # grey levels; a block further from both is no block
_BLOCKS_ACROSS = 64  # a block is this share of the width: 20 px of 1280, 5 px of 320


def write(image: Pixels, number: int) -> None:
    """Draw ``number`` (modulo 65536) into pixels of shape (height, width[, channels])."""
    side = _side_px(image)
    for bit in range(BITS):
        level = _LIGHT if number >> bit & 1 else _DARK
        image[:side, bit * side : (bit + 1) * side] = level


def read(luma: Pixels) -> int | None:
    """Return the number in grey pixels, shape (height, width); None where there is none."""
    side = _side_px(luma)
    rim = side // 4  # codecs smear the edges
    number = 0
    for bit in range(BITS):
        block = luma[rim : side - rim, bit * side + rim : (bit + 1) * side - rim]
        level = float(np.mean(block))
        if min(abs(level - _DARK), abs(level - _LIGHT)) > _TOLERANCE:
            return None
        number += 1 << bit if level > (_DARK + _LIGHT) / 2 else 0
    return number


def _side_px(image: Pixels) -> int:
    width: int = image.shape[1]
    return max(4, width // _BLOCKS_ACROSS)
