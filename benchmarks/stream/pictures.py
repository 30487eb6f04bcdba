"""The pictures that every server under test shows: a noisy yard of about 92 kB, numbered.

Made once into a file, each as its length (4 bytes, little end first) and its JPEG, which a server
in C reads as easily.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.stream.marks import marked
from pimotion.capture import frame_number
from pimotion.pixels import as_pixels, encode_bgr

SIZE = (1280, 720)
FPS = 30
COUNT = 120
_QUALITY = 77
_OCTAVES = ((8, 60), (32, 30), (128, 8), (400, 3))
_NOISE = 1.4
"""With this a picture has the 92 kB that other figures of this kind were made with."""


def write(path: Path, count: int = COUNT) -> None:
    """Draw the pictures into a file."""
    random = np.random.default_rng(7)
    yard = _yard(random)
    noise = random.standard_normal((SIZE[1] + 64, SIZE[0] + 64, 3)).astype(np.float32) * _NOISE
    with path.open("wb") as file:
        for number in range(count):
            y, x = random.integers(0, 64, 2)
            image = yard + noise[y : y + SIZE[1], x : x + SIZE[0]]
            pixels = as_pixels(np.clip(image, 0, 255).astype(np.uint8))
            frame_number.write(pixels, number)
            jpeg = encode_bgr(pixels, _QUALITY)
            file.write(struct.pack("<I", len(jpeg)) + jpeg)


def read(path: Path) -> list[bytes]:
    """Return the pictures of a file."""
    data, jpegs, at = path.read_bytes(), [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        jpegs.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return jpegs


def ticking(jpegs: list[bytes], fps: float) -> Iterator[tuple[int, bytes]]:
    """Yield a number and a marked picture, each when it is due, for ever."""
    due_s = time.monotonic()
    number = 0
    while True:
        time.sleep(max(0.0, due_s - time.monotonic()))
        due_s += 1 / fps
        number += 1
        yield number, marked(jpegs[number % len(jpegs)], number, time.monotonic_ns())


def _yard(random: np.random.Generator) -> NDArray[np.float32]:
    """Value noise and some walls, shape (720, 1280, 3), float."""
    width, height = SIZE
    image = np.full((height, width, 3), 120, np.float32)
    for cells, strength in _OCTAVES:
        coarse = random.standard_normal((max(2, height * cells // width), cells, 3))
        image += strength * cv2.resize(
            coarse.astype(np.float32), SIZE, interpolation=cv2.INTER_CUBIC
        )
    for _ in range(40):
        x, y = int(random.integers(0, width)), int(random.integers(height // 8, height))
        across = int(random.integers(width // 60, width // 8))
        down = int(random.integers(height // 40, height // 6))
        filled = cv2.FILLED if random.random() < 0.5 else 2
        colour = random.integers(20, 230, 3).tolist()
        cv2.rectangle(image, (x, y), (x + across, y + down), colour, filled)
    return np.clip(image, 0, 255)
