"""Draws a number into a picture and reads it back, to prove which picture a viewer was shown.

A strip along the top has two rows of 24 cells: the number, lowest bit first, and its inverse as a
check. It survives scaling, JPEG, and captions and boxes that do not cover the strip.
"""

from __future__ import annotations

import cv2
import numpy as np

from pimotion.pixels import Pixels

BITS = 24
_ROW_RATIO = 1 / 16  # of the picture's height, two rows
_DARK, _LIGHT = 25, 230


def paint(image: Pixels, number: int) -> None:
    """Draw a number into pixels of shape (height, width[, channels])."""
    height = round(image.shape[0] * _ROW_RATIO)
    edges = np.linspace(0, image.shape[1], BITS + 1).round().astype(int)
    for row, value in enumerate((number, ~number)):
        for bit in range(BITS):
            level = _LIGHT if value >> bit & 1 else _DARK
            image[row * height : (row + 1) * height, edges[bit] : edges[bit + 1]] = level


def read(luma: Pixels) -> int | None:
    """Return the number in grey pixels, shape (height, width); None if the check fails."""
    height, width = luma.shape[0] * _ROW_RATIO, luma.shape[1] / BITS
    rows = []
    for row in range(2):
        y = round((row + 0.5) * height)
        cells = [luma[y - 1 : y + 2, round((bit + 0.5) * width)] for bit in range(BITS)]
        rows.append(sum((cell.mean() > 127) << bit for bit, cell in enumerate(cells)))
    number, inverse = rows
    return number if number == ~inverse & (1 << BITS) - 1 else None


def read_jpeg(jpeg: bytes) -> int | None:
    """Return the number in a JPEG; None if it is broken or has none."""
    luma = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return None if luma is None else read(luma.view(np.uint8))
