"""A camera's own JPEG, made fit for clients that look for the first end of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from live_feed import Feed, numbered_jpeg

from pimotion.picture import Picture
from pimotion.stream.encoder import Encoder
from pimotion.stream.query import Variant
from pimotion.stream.scene import CameraShow
from pimotion.stream.thumbnails import without_thumbnails
from pimotion.stream.viewer import Places

JPEG = numbered_jpeg(7)
PREVIEW = numbered_jpeg(3, (160, 90))


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content


def with_segments(*segments: bytes) -> bytes:
    return b"".join((JPEG[:2], *segments, JPEG[2:]))


def decoded(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def test_a_jpeg_without_a_preview_stays_the_very_same() -> None:
    assert without_thumbnails(JPEG) is JPEG


def test_a_preview_goes_and_the_picture_and_other_notes_stay() -> None:
    note = segment(0xFE, b"made by a camera")
    exif = segment(0xE1, b"Exif\0\0" + PREVIEW)
    bare = without_thumbnails(with_segments(note, b"\xff", exif, segment(0xE2, b"colours")))
    assert bare.find(b"\xff\xd9") == len(bare) - 2
    assert note in bare
    assert b"colours" in bare
    assert np.array_equal(decoded(bare), decoded(JPEG))


def test_a_length_that_leads_beyond_the_end_does_no_harm() -> None:
    broken = with_segments(b"\xff\xe1\xff\xff" + PREVIEW)
    assert without_thumbnails(broken).startswith(b"\xff\xd8")


def test_what_home_assistant_cuts_from_a_stream_is_the_picture() -> None:
    feed = Feed()
    feed.show(Picture.from_jpeg(with_segments(segment(0xE1, b"Exif\0\0" + PREVIEW))))
    encoder = Encoder(CameraShow(feed.camera), Places(1), lambda name, run: None)
    jpeg = encoder.still(Variant(None, None, frozenset())).jpeg
    cut = jpeg[jpeg.find(b"\xff\xd8") : jpeg.find(b"\xff\xd9") + 2]
    assert np.array_equal(decoded(cut), decoded(JPEG))
