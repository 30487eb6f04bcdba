"""JPEGs by either codec, and freed of what nobody should get with a picture."""

from __future__ import annotations

import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from pimotion import jpeg
from pimotion.errors import PictureError
from pimotion.jpeg import Codec, bare
from pimotion.jpeg.opencv import OpenCvCodec
from pimotion.jpeg.turbo import TurboCodec
from pimotion.picture import Picture
from pimotion.pixels import Pixels, encode_bgr

CODECS = [pytest.param(TurboCodec(), id="simplejpeg"), pytest.param(OpenCvCodec(), id="opencv")]
END = b"\xff\xd9"


def scene(height: int = 240, width: int = 320) -> Pixels:
    """A ramp from dark to light, red above and blue below."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:] = np.linspace(20, 180, width)[None, :, None]
    image[: height // 2, :, 2] += 70
    image[height // 2 :, :, 0] += 70
    return image


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def with_segment(data: bytes, added: bytes) -> bytes:
    """Put a segment right behind the start, where cameras put their EXIF data."""
    return data[:2] + added + data[2:]


def thumbnail() -> bytes:
    return encode_bgr(scene(60, 80), 50)


def pixels(data: bytes) -> Pixels:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).view(np.uint8)


def cut_as_home_assistant_does(stream: bytes) -> bytes:
    return stream[stream.find(b"\xff\xd8") : stream.find(END) + 2]


def far(one: Pixels, other: Pixels) -> float:
    """Mean difference in grey levels."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [(320, 240), (321, 243), (64, 64)])
def test_what_is_encoded_is_decoded(codec: Codec, size: tuple[int, int]) -> None:
    image = scene(size[1], size[0])
    data = codec.encode_bgr(image, 90)
    assert codec.size(data) == size
    assert far(codec.bgr(data, size[0]), image) < 3
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).view(np.uint8)
    assert far(codec.grey(data, size[0]), grey) < 3


@pytest.mark.parametrize("codec", CODECS)
def test_planes_keep_their_colours(codec: Codec) -> None:
    image = scene(241, 321)
    planes = Picture.from_bgr(image).yuv()
    assert far(pixels(codec.encode_planes(planes.y, planes.u, planes.v, 95)), image) < 3


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("least", "given"), [(320, 320), (200, 320), (160, 160), (120, 160), (80, 80), (10, 40)]
)
def test_a_smaller_picture_is_decoded_smaller(codec: Codec, least: int, given: int) -> None:
    """That is what makes detection on a JPEG camera cheap. What lies between is dear."""
    data = codec.encode_bgr(scene(), 90)
    assert codec.bgr(data, least).shape == (given * 3 // 4, given, 3)
    assert codec.grey(data, least).shape == (given * 3 // 4, given)


@pytest.mark.parametrize("codec", CODECS)
def test_a_decoded_picture_is_never_smaller_than_asked_for(codec: Codec) -> None:
    data = codec.encode_bgr(scene(181, 241), 90)
    for least in (241, 240, 130, 121, 120, 61, 60, 31):
        assert codec.grey(data, least).shape[1] >= least


@pytest.mark.parametrize("codec", CODECS)
def test_quality_decides_the_size(codec: Codec) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    sizes = [len(codec.encode_bgr(noise, quality)) for quality in (1, 20, 80, 100)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "not a JPEG", id="nothing"),
        pytest.param(b"hello", "not a JPEG", id="text"),
        pytest.param(encode_bgr(scene(), 90)[:1200], "broken JPEG", id="cut off"),
        pytest.param(
            with_segment(encode_bgr(scene(), 90)[:1200], segment(0xE1, b"Exif\0\0" + thumbnail())),
            "broken JPEG",
            id="cut off, thumbnail whole",
        ),
    ],
)
def test_a_broken_picture_says_so(codec: Codec, data: bytes, problem: str) -> None:
    with pytest.raises(PictureError, match=problem):
        decoded(codec, data)


def decoded(codec: Codec, data: bytes) -> Pixels:
    codec.size(data)
    return codec.bgr(data, 80)


@pytest.mark.parametrize("codec", CODECS)
def test_the_orientation_in_exif_data_turns_nothing(codec: Codec) -> None:
    """The rotate setting does; both together would turn twice."""
    tiff = b"II*\0\x08\0\0\0\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0\0\0\0"
    data = with_segment(encode_bgr(scene(), 90), segment(0xE1, b"Exif\0\0" + tiff))
    assert codec.bgr(data, 320).shape == (240, 320, 3)


@pytest.mark.parametrize("codec", CODECS)
def test_no_quality_makes_a_jpeg_that_home_assistant_cuts_short(codec: Codec) -> None:
    image = scene(96, 96)
    planes = Picture.from_bgr(image).yuv()
    for quality in range(1, 101):
        for data in (
            codec.encode_bgr(image, quality),
            codec.encode_planes(planes.y, planes.u, planes.v, quality),
        ):
            assert cut_as_home_assistant_does(data) == data


@pytest.mark.parametrize(
    "simplejpeg",
    [
        pytest.param("None", id="there is none"),
        pytest.param("types.ModuleType('simplejpeg')", id="an old one that encodes no planes"),
    ],
)
def test_without_simplejpeg_opencv_does_the_work(simplejpeg: str) -> None:
    """There is no wheel of it for 32-bit ARM, where Raspberry Pi OS may have an old one."""
    program = f"""
import sys
import types
sys.modules["simplejpeg"] = {simplejpeg}
import numpy as np
from pimotion import jpeg
from pimotion.picture import Picture
picture = Picture.from_jpeg(Picture.from_bgr(np.full((90, 160, 3), 77, np.uint8)).jpeg(80))
planes = Picture.from_yuv420(picture.yuv())
print(type(jpeg.codec).__name__, planes.jpeg(80, 80)[:2].hex(), picture.luma(40).mean())
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.split() == ["OpenCvCodec", "ffd8", "77.0"]


def test_the_machine_s_best_codec_is_used() -> None:
    assert isinstance(jpeg.codec, TurboCodec)


@pytest.mark.parametrize("quality", [30, 95])
def test_a_plain_jpeg_is_left_alone(quality: int) -> None:
    data = encode_bgr(scene(), quality)
    assert bare(data) is data
    assert Picture.from_jpeg(data).camera_jpeg is data


@pytest.mark.parametrize(
    "added",
    [
        pytest.param(segment(0xE1, b"Exif\0\0" + thumbnail()), id="thumbnail"),
        pytest.param(segment(0xE1, b"Exif\0\0where this camera hangs"), id="place"),
        pytest.param(segment(0xE4, b"x" + END + b"y"), id="the end, in a maker's own segment"),
        pytest.param(segment(0xE1, b"Exif") + b"\xff\xff" + segment(0xFE, b"note"), id="filled up"),
    ],
)
def test_what_a_camera_adds_to_a_picture_is_taken_off(added: bytes) -> None:
    data = with_segment(encode_bgr(scene(), 90), added)
    shown = Picture.from_jpeg(data).jpeg()
    assert shown == encode_bgr(scene(), 90)
    assert cut_as_home_assistant_does(shown) == shown


def test_padding_and_pictures_behind_a_picture_are_taken_off() -> None:
    data = encode_bgr(scene(), 90)
    assert bare(data + bytes(500)) == data
    assert bare(with_segment(data, segment(0xE2, b"MPF\0")) + thumbnail()) == data


def test_what_tells_the_colours_stays() -> None:
    """Without its Adobe segment a picture in other colours turns green."""
    data = with_segment(encode_bgr(scene(), 90), segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"))
    assert bare(with_segment(data, segment(0xE1, b"Exif"))) == data


def without_tables(data: bytes) -> bytes:
    """As some USB cameras send it: the usual Huffman tables go without saying."""
    while (at := data.find(b"\xff\xc4")) >= 0:
        data = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]
    return data


def test_a_picture_without_huffman_tables_is_encoded_anew() -> None:
    """Not every client knows the usual ones by heart."""
    picture = Picture.from_jpeg(without_tables(encode_bgr(scene(), 90)))
    assert picture.camera_jpeg is None
    assert b"\xff\xc4" in picture.jpeg()
    assert far(pixels(picture.jpeg()), scene()) < 3


def test_whatever_stands_in_a_jpeg_it_is_bare_or_none() -> None:
    """Any byte of the header turned over, or the picture cut anywhere: never an exception."""
    data = with_segment(encode_bgr(scene(48, 64), 80), segment(0xE1, b"Exif\0\0" + thumbnail()))
    damaged = [data[:length] for length in range(0, len(data), 7)]
    rng = np.random.default_rng(3)
    for at in range(len(data)):
        turned = bytearray(data)
        turned[at] = rng.integers(256)
        damaged.append(bytes(turned))
    for each in damaged:
        made = bare(each)
        assert made is None or cut_as_home_assistant_does(made) == made


def test_a_jpeg_of_a_million_segments_is_not_read_to_its_end() -> None:
    """It would take a second and 200 MB; it is taken for broken, as real ones have a few dozen."""
    data = with_segment(encode_bgr(scene(), 80), segment(0xEC, b"") * 1_000_000)
    began_s = time.thread_time()
    assert bare(data) is None
    assert time.thread_time() - began_s < 0.05
    usual = with_segment(encode_bgr(scene(), 80), segment(0xEC, b"profile") * 500)
    assert bare(usual) is usual
