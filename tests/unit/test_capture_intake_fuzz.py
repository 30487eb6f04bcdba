"""Whatever a camera sends, the answer is whole pictures or none: no crash, no growth, no wait."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pimotion.capture.jpeg_stream import MAX_JPEG_BYTES, JpegStream, jpeg_of
from pimotion.errors import PictureError
from pimotion.jpeg.markers import bare
from pimotion.picture import Picture
from pimotion.pixels import encode_bgr

_NOISE = np.random.default_rng(5).integers(0, 256, (48, 64, 3), np.uint8)
JPEG, OTHER = encode_bgr(_NOISE, 60), encode_bgr(_NOISE[::-1], 60)
MARKERS = [b"\xff\xd8\xff", b"\xff\xd8", b"\xff\xd9", b"\xff", b"\xff\xda\x00\x02", b"\xff\xe1"]

quick = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

bits = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*MARKERS, JPEG, JPEG[: len(JPEG) // 2], JPEG[100:], b"\r\n--frame\r\n"]),
)
streams = st.lists(bits, max_size=12).map(b"".join)

boundaries = st.text("abcXYZ0123456789-_", min_size=1, max_size=40).map(str.encode)
header_lines = st.lists(
    st.one_of(
        st.sampled_from([b"Content-Type: image/jpeg", b"content-length: 7", b"Content-Length: -1"]),
        st.binary(max_size=30).filter(lambda line: b"\xff" not in line),
    ),
    max_size=5,
)


def mutated(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for at, value in changes:
        changed[at % len(changed)] = value
    return bytes(changed)


def cut(data: bytes, pieces: list[int]) -> list[bytes]:
    at, found = 0, []
    for size in pieces:
        found.append(data[at : at + size])
        at += size
    return [*found, data[at:]]


@quick
@given(streams, st.lists(st.integers(1, 400), max_size=20))
def test_any_bytes_in_any_pieces_give_the_same_whole_pictures(
    data: bytes, pieces: list[int]
) -> None:
    at_once, bit_by_bit = JpegStream(), JpegStream()
    found = at_once.feed(data)
    again = [jpeg for piece in cut(data, pieces) for jpeg in bit_by_bit.feed(piece)]
    assert again == found
    for jpeg in found:
        assert jpeg.startswith(b"\xff\xd8\xff")
        assert jpeg.endswith(b"\xff\xd9")
        assert jpeg in data
    assert at_once.junk_bytes + sum(map(len, found)) <= len(data)
    assert len(at_once._data) <= min(len(data), MAX_JPEG_BYTES)


@quick
@given(boundaries, header_lines, st.sampled_from([b"\r\n", b"\n"]), st.integers(1, 3000))
@example(b"--", [], b"\n", 1)
def test_no_multipart_framing_costs_a_picture(
    boundary: bytes, headers: list[bytes], line_end: bytes, size: int
) -> None:
    """Boundaries that are none, lengths that lie, lines that end in LF: all of it is junk."""
    head = line_end.join([b"--" + boundary, *headers, b"", b""])
    data = b"".join(head + jpeg + line_end for jpeg in (JPEG, OTHER, JPEG))
    stream = JpegStream()
    found = [
        jpeg
        for start in range(0, len(data), size)
        for jpeg in stream.feed(data[start : start + size])
    ]
    assert found == [JPEG, OTHER, JPEG]


@quick
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
@example([(163, 0xFF), (164, 0xFF), (165, 0xFF), (166, 0xFF)])
def test_a_broken_jpeg_is_a_picture_or_an_error_of_ours(changes: list[tuple[int, int]]) -> None:
    data = mutated(JPEG, changes)
    bare(data)
    try:
        jpeg_of(data)
        picture = Picture.from_jpeg(data)
        luma = picture.luma(32)
        picture.bgr(32)
    except PictureError:
        return
    assert luma.dtype == np.uint8
    assert luma.ndim == 2


@quick
@given(streams)
def test_any_bytes_as_a_jpeg(data: bytes) -> None:
    bare(data)
    for look in (jpeg_of, lambda each: Picture.from_jpeg(each).luma(32)):
        try:
            look(data)
        except PictureError:
            continue
