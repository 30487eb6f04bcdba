"""The bytes of a stream, by the rules of the strictest clients."""

from __future__ import annotations

import time

import barcode
import cv2
import numpy as np
import pytest
from mjpeg_reader import MjpegReader, StreamPart

from conformance.clients import Read, go2rtc, home_assistant_still, motioneye, opened
from conformance.house import CAMERAS, House
from pimotion.pixels import as_pixels, encode_bgr

PATHS = ("/door/stream.mjpg", "/stream.mjpg", "/video_feed")
NEW_S = 1.5
"""So old a picture may be when its last byte is read: a camera, a daemon and this on busy cores."""
SILENCE_S = 6.0


def number_in(jpeg: bytes) -> int:
    number = barcode.read_jpeg(jpeg)
    assert number is not None, "the picture is broken, or another one"
    return number


def assert_live(house: House, jpegs: list[bytes], read_s: float | None = None) -> None:
    """Each picture must be newer than the one before, or that one again when nothing came.

    ``read_s`` is when the last one had been read, if that is a while ago.
    """
    numbers = [number_in(jpeg) for jpeg in jpegs]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > len(numbers) // 2
    assert house.camera.age_s(numbers[-1], read_s) < NEW_S


@pytest.mark.parametrize("path", PATHS)
def test_a_strict_parser_reads_the_right_pictures(house: House, path: str) -> None:
    with MjpegReader(house.url(path), login=house.access.login) as viewer:
        assert viewer.status == 200
        parts = [viewer.part() for _ in range(15)]
        assert_live(house, [part.jpeg for part in parts], time.monotonic())
    assert all(part.headers["Content-Type"] == "image/jpeg" for part in parts)
    assert [stamp(part) for part in parts] == sorted(stamp(part) for part in parts)
    assert time.time() - stamp(parts[-1]) < NEW_S


def stamp(part: StreamPart) -> float:
    return float(part.headers["X-Timestamp"])


def test_all_cameras_in_one_stream_are_the_right_ones(house: House) -> None:
    """Side by side; neither may be late or stand still beside the other."""
    with MjpegReader(house.url("/all/stream.mjpg"), login=house.access.login) as viewer:
        parts = [viewer.part() for _ in range(20)]
        read_s = time.monotonic()
    for column in range(len(CAMERAS)):
        assert_live(house, [tile(part.jpeg, column) for part in parts], read_s)


def tile(jpeg: bytes, column: int) -> bytes:
    """One camera's picture out of a row of all."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    wide = image.shape[1] // len(CAMERAS)
    return encode_bgr(as_pixels(image[:, column * wide : (column + 1) * wide].copy()), 90)


def test_nothing_on_the_way_may_keep_or_hold_up_the_stream(house: House) -> None:
    """By chunks, a length, a cache, or a proxy that waits for more."""
    with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as viewer:
        headers = viewer.headers
    assert headers["Content-Type"] == "multipart/x-mixed-replace; boundary=pimotion"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Pragma"] == "no-cache"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Connection"] == "close"
    assert not {"Transfer-Encoding", "Content-Length", "Content-Encoding"} & set(headers)


@pytest.mark.parametrize("client", [go2rtc, motioneye])
def test_hand_written_clients_read_it(house: House, client: Read) -> None:
    with opened(house.url("/door/stream.mjpg"), login=house.access.login) as answer:
        assert_live(house, [client(answer) for _ in range(10)])


@pytest.mark.parametrize("query", [{}, {"overlay": "none"}, {"width": 320}])
def test_home_assistant_cuts_the_right_still_from_it(house: House, query: dict[str, str]) -> None:
    """It takes what lies between the first two markers; an inner end marker would break it."""
    with opened(house.url("/door/stream.mjpg", **query), login=house.access.login) as answer:
        still = home_assistant_still(answer)
    assert house.camera.age_s(number_in(still)) < NEW_S


def test_the_first_picture_is_a_new_one_and_comes_at_once(house: House) -> None:
    """Also when somebody watched a minute ago."""
    for _ in range(5):
        began_s = time.monotonic()
        with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as viewer:
            first = number_in(viewer.part().jpeg)
        assert time.monotonic() - began_s < NEW_S
        assert house.camera.age_s(first) < NEW_S


@pytest.mark.parametrize("path", ["/door/stream.mjpg", "/door/snapshot.jpg"])
def test_head_says_at_once_what_get_would(house: House, path: str) -> None:
    with MjpegReader(house.url(path), login=house.access.login) as viewer:
        usual = viewer.headers
    began_s = time.monotonic()
    with MjpegReader(house.url(path), method="HEAD", login=house.access.login) as viewer:
        assert viewer.status == 200
        assert set(viewer.headers) == set(usual)
        assert viewer.headers["Content-Type"] == usual["Content-Type"]
        assert viewer.rest() == b""
    assert time.monotonic() - began_s < NEW_S


def test_options_says_what_may_be_asked(house: House) -> None:
    """A page of another site asks so before it shows our stream on a canvas; it has no login."""
    with opened(house.url("/door/stream.mjpg"), method="OPTIONS") as answer:
        assert answer.status in (200, 204)
        assert answer.read() == b""
        allowed = (answer.headers["Allow"] or "").replace(" ", "").split(",")
    assert {"GET", "HEAD", "OPTIONS"} <= set(allowed)


def test_a_still_is_whole_and_new(house: House) -> None:
    with opened(house.url("/door/snapshot.jpg"), login=house.access.login) as answer:
        jpeg = answer.read()
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Content-Length"] == str(len(jpeg))
        assert answer.headers["ETag"]
    assert (jpeg.count(b"\xff\xd8"), jpeg.find(b"\xff\xd9")) == (1, len(jpeg) - 2)
    assert house.camera.age_s(number_in(jpeg)) < NEW_S


def test_nobody_is_let_in_without_what_it_takes(house: House) -> None:
    if house.access.name == "open":
        return
    for path in (*PATHS, "/door/snapshot.jpg"):
        for query in ("", "?token=", "?token=battery-staple-9999"):
            with opened(house.daemon.url + path + query) as answer:
                assert answer.status == 401
                assert b"\xff\xd8" not in answer.read()


def test_with_advance_the_next_header_stands_right_behind_the_picture(house: House) -> None:
    """Blink shows a picture only when it has read the header of the next one."""
    url = house.url("/door/stream.mjpg", advance=1)
    with opened(url, login=house.access.login) as answer:
        assert answer.status == 200
        opening = answer.readline() + b"".join(iter(answer.readline, b"\r\n"))
        assert opening.startswith(b"--pimotion\r\nContent-Type: image/jpeg\r\n")
        assert b"Content-Length" not in opening
        behind = b"\r\n--pimotion\r\nContent-Type: image/jpeg\r\n"
        data = b""
        while data.count(behind) < 10:
            piece = answer.read1(1 << 16)
            assert piece
            data += piece
    parts = data.split(behind)
    assert_live(house, [part[part.find(b"\xff\xd8") :] for part in parts[:-1]])
