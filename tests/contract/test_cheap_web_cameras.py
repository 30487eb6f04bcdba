"""Web cameras that do what none should, and that work in a browser all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cameras.pictures import jpeg, number_of
from cameras.raw_camera import head, raw_camera

from pimotion.capture.factory import source_for
from pimotion.config.camera import Camera


@pytest.mark.parametrize("kind", ["image/jpg", "image/pjpeg", "application/octet-stream", ""])
def test_a_still_is_a_still_whatever_the_camera_calls_it(kind: str) -> None:
    """It was said to be no picture, or was one picture and then an offline camera."""

    def answer(number: int) -> Iterator[bytes]:
        picture = jpeg(number)
        yield head(kind, f"Content-Length: {len(picture)}") + picture

    with raw_camera(answer) as camera:
        source = source_for(Camera(source=camera.url))
        source.open()
        numbers = [number_of(source.read()) for _ in range(3)]
        source.close()
    assert numbers == [0, 1, 2]
