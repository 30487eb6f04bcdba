"""Web cameras that do what none should, and that work in a browser all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import pytest
from cameras.http_camera import part
from cameras.pictures import FPS, jpeg, number_of, record
from cameras.raw_camera import head, raw_camera
from waiting import wait_until

from pimotion.capture.address import Address
from pimotion.capture.factory import source_for
from pimotion.capture.http_camera import HttpFeed
from pimotion.capture.receiver import NetworkSource
from pimotion.capture.source import Source
from pimotion.config.camera import Camera
from pimotion.errors import SourceLost
from pimotion.picture import Picture


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


def _broken_jpeg(_: Path) -> Iterator[bytes]:
    yield head("multipart/x-mixed-replace; boundary=frame")
    yield part(jpeg(0)[:2000]) + part(b"\xff\xd8\xff\xd9") + part(jpeg(1))
    yield part(jpeg(2))


def _broken_video(folder: Path) -> Iterator[bytes]:
    video = bytearray(record(folder / "video.ts", frames=100).read_bytes())
    middle = len(video) // 2
    video[middle : middle + 2000] = bytes(2000)
    yield head("video/mp2t") + video


@pytest.mark.parametrize("answer", [_broken_jpeg, _broken_video])
def test_one_broken_picture_is_not_what_a_camera_is_silent_for_later(
    answer: Callable[[Path], Iterator[bytes]], tmp_path: Path
) -> None:
    """The reason spoke of broken pictures though the camera had only been switched off."""
    with raw_camera(lambda _: chain(answer(tmp_path), [None])) as camera:
        feed = HttpFeed(Address.parse(camera.url), poll_fps=FPS, timeout_s=3)
        source = NetworkSource(lambda: feed, read_timeout_s=1)
        source.open()
        with pytest.raises(SourceLost, match=r"^no picture for 1 s$"):
            _read_for_ever(source)
        source.close()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_still_that_does_not_come_is_not_waited_for_at_the_end(version: str) -> None:
    """The connection behind the first still was not known to who breaks it off."""

    def answer(number: int) -> Iterator[bytes | None]:
        yield head("image/jpeg", "Connection: close", version=version) + jpeg(number)[:5000]
        yield None if number else jpeg(number)[5000:]

    with raw_camera(answer) as camera:
        feed = HttpFeed(Address.parse(camera.url), poll_fps=FPS, timeout_s=5)
        feed.connect()
        pictures = feed.pictures()
        next(pictures)
        reading = threading.Thread(target=_wait_for_one, args=(pictures,), daemon=True)
        reading.start()
        wait_until(lambda: camera.asked == 2)
        feed.interrupt()
        reading.join(1)
        assert not reading.is_alive()
        feed.close()


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "rtsp://127.0.0.1/x", "http://:x/"])
def test_a_redirect_to_what_is_no_web_page_is_not_the_user_s_mistake(location: str) -> None:
    """It was said that the camera's URL was wrong, which was right."""
    moved = head("", f"Location: {location}", "Content-Length: 0", status="302 Found")
    with raw_camera(lambda _: iter([moved])) as camera:
        source = source_for(Camera(source=camera.url))
        with pytest.raises(SourceLost, match="redirects to"):
            source.open()
        source.close()


def _wait_for_one(pictures: Iterator[Picture]) -> None:
    with suppress(SourceLost):  # as the connection may be broken off before the answer has begun
        next(pictures, None)


def _read_for_ever(source: Source) -> None:
    while True:
        source.read()


def test_the_slowest_rate_that_may_be_set_is_waited_for() -> None:
    """A camera that is asked every 5 s was lost after 5 s, again and again."""

    def answer(number: int) -> Iterator[bytes]:
        yield head("image/jpeg") + jpeg(number)

    with raw_camera(answer) as camera:
        source = source_for(Camera(source=camera.url, fps=0.2))
        source.open()
        numbers = [number_of(source.read()) for _ in range(2)]
        source.close()
    assert numbers == [0, 1]
