"""A folder of numbered images as a recording."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from pimotion.errors import PictureError, SourceLost
from pimotion.picture import Picture
from pimotion.pixels import as_pixels

_JPEG_SUFFIXES = {".jpg", ".jpeg"}
_SUFFIXES = _JPEG_SUFFIXES | {".png", ".bmp"}


class ImageFolder:
    """Images in the order of the numbers in their names: ``img9.png`` comes before ``img10.png``.

    Hidden files are none of them, nor, where others have a number, those without one.
    JPEGs are passed on undecoded. A `pimotion.capture.recording.Reel`.
    """

    has_times = False
    created_utc_s: float | None = None

    def __init__(self, folder: Path, fps: float) -> None:
        self.interval_s = 1.0 / fps
        self._paths = sorted(_pictures_in(folder), key=lambda path: _natural(path.name))
        self.length_s: float | None = len(self._paths) * self.interval_s
        if not self._paths:
            raise SourceLost(f"there are no images (jpg, png, bmp) in {folder}")

    def pictures(self) -> Iterator[tuple[Picture | None, float | None]]:
        """Give each image with its time in s; None for a broken one.

        Raises:
            SourceLost: An image cannot be read, or some were broken, which is told at the end.
        """
        broken: list[str] = []
        for number, path in enumerate(self._paths):
            picture: Picture | None = None
            try:
                picture = _read(path)
            except PictureError as error:
                broken.append(f"{path} is broken: {error}")
            yield picture, number * self.interval_s
        if broken:
            more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
            raise SourceLost(f"{broken[0]}{more}", ended=True)

    def close(self) -> None:
        """Nothing stays open between two images."""


def _pictures_in(folder: Path) -> list[Path]:
    shown = (path for path in folder.iterdir() if not path.name.startswith("."))
    images = [path for path in shown if path.suffix.lower() in _SUFFIXES]
    numbered = [path for path in images if re.search(r"\d", path.stem)]
    return numbered or images


def _read(path: Path) -> Picture:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise SourceLost(f"{path} is not an image file")
        data = path.read_bytes()
        if path.suffix.lower() in _JPEG_SUFFIXES:
            return Picture.from_jpeg(data)
        return _decoded(data)
    except OSError as error:
        raise SourceLost(f"{path} cannot be read: {error.strerror}") from None


def _decoded(data: bytes) -> Picture:
    image = None
    with suppress(cv2.error):  # of no data, or of a size that OpenCV refuses
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise PictureError("no image")
    return Picture.from_bgr(as_pixels(image))


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sorting key in which digits count as numbers."""
    return [
        (int(part or 0), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)
    ]
