"""JPEGs are found in any stream of bytes, in pieces of any size."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pimotion.capture.jpeg_stream import MAX_JPEG_BYTES, JpegStream, jpeg_of
from pimotion.errors import PictureError
from pimotion.pixels import encode_bgr

_NOISE = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)
JPEGS = [encode_bgr(np.roll(_NOISE, shift, 0), 60) for shift in range(4)]
THUMBNAIL = JPEGS[3]
WITH_THUMBNAIL = (
    JPEGS[0][:2] + b"\xff\xe1" + (len(THUMBNAIL) + 2).to_bytes(2) + THUMBNAIL + JPEGS[0][2:]
)


def in_pieces(data: bytes, size: int) -> list[bytes]:
    stream = JpegStream()
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return [jpeg for piece in pieces for jpeg in stream.feed(piece)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 10**6])
def test_pictures_are_found_whatever_pieces_they_come_in(size: int) -> None:
    stream = b"--frame\r\n\r\n" + b"\r\n--frame\r\n\r\n".join(JPEGS)
    assert in_pieces(stream, size) == JPEGS


@example([b"", b"", b"", b"\xff\xd8"], 50)
@given(st.lists(st.binary(max_size=60), min_size=4, max_size=4), st.integers(50, 5000))
def test_no_junk_between_pictures_costs_a_picture(junk: list[bytes], size: int) -> None:
    """Junk may look like the beginning of a picture, but a picture does not follow from it."""
    stream = b"".join(between + jpeg for between, jpeg in zip(junk, JPEGS, strict=True))
    # A false start is waited on for as long as its segment claims to be, at most 64 kB.
    assert in_pieces(stream + bytes(70_000), size) == JPEGS


@pytest.mark.parametrize("size", [1, 500, 10**6])
def test_a_thumbnail_is_not_taken_for_the_picture(size: int) -> None:
    assert in_pieces(WITH_THUMBNAIL * 2, size) == [WITH_THUMBNAIL] * 2


@pytest.mark.parametrize("size", [1, 500, 10**6])
def test_a_picture_that_is_cut_off_does_not_take_the_next_with_it(size: int) -> None:
    half = JPEGS[0][: len(JPEGS[0]) // 2]
    assert in_pieces(half + b"\r\n--frame\r\n\r\n" + JPEGS[1], size) == [JPEGS[1]]


def test_what_never_ends_is_given_up() -> None:
    """A hostile camera cannot fill the memory."""
    stream = JpegStream()
    pixels = JPEGS[0][:-2]
    assert stream.feed(pixels) == []
    for _ in range(MAX_JPEG_BYTES // 2**20 + 1):
        assert stream.feed(bytes(2**20)) == []
    assert stream.skipped == 1
    assert stream.feed(JPEGS[1]) == [JPEGS[1]]


def test_noise_is_no_picture_and_is_not_kept() -> None:
    stream = JpegStream()
    noise = random.Random(1).randbytes(300_000)
    assert stream.feed(noise) == []
    assert stream.junk_bytes > 290_000
    assert stream.feed(JPEGS[0])[-1:] == [JPEGS[0]]


def test_what_a_driver_leaves_behind_a_picture_is_cut_off() -> None:
    assert jpeg_of(JPEGS[0] + bytes(500) + JPEGS[1]) == JPEGS[0]
    half = JPEGS[0][: len(JPEGS[0]) // 2]
    starts = (b"", b"\xff\xd8", JPEGS[0][:-2], b"x" + JPEGS[0], b"\xff\xd8\xff\x00" * 9)
    for broken in (*starts, half + JPEGS[1]):
        with pytest.raises(PictureError):
            jpeg_of(broken)
