"""A picture converts itself: once, read-only, turned and masked before anyone sees it."""

from __future__ import annotations

import threading
import tracemalloc
from contextlib import suppress

import cv2
import numpy as np
import pytest
import simplejpeg

from pimotion.errors import PictureError
from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes, View, as_pixels, encode_bgr, scaled

HEIGHT, WIDTH = 240, 320


def scene(height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    """A grey ramp with a red upper left, a green upper right and a blue lower left quarter."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[: height // 2, : width // 2] = (30, 30, 220)
    image[: height // 2, width // 2 :] = (30, 200, 30)
    image[height // 2 :, : width // 2] = (210, 60, 30)
    return image


def planes(image: Pixels, *, full_range: bool) -> Planes:
    """Planes made by OpenCV, whose I420 is video range; full range by YCrCb."""
    height, width = image.shape[:2]
    if full_range:
        y, v, u = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))
        half = (width // 2, height // 2)
        u, v = (cv2.resize(plane, half) for plane in (u, v))
        return Planes(as_pixels(y), as_pixels(u), as_pixels(v))
    i420 = as_pixels(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420))
    chroma = i420[height:].reshape(2, height // 2, width // 2)
    return Planes(i420[:height].copy(), chroma[0].copy(), chroma[1].copy())


def picture(kind: str) -> Picture:
    if kind == "jpeg":
        return Picture.from_jpeg(encode_bgr(scene(), 95))
    if kind == "bgr":
        return Picture.from_bgr(scene())
    full_range = kind == "yuv full"
    return Picture.from_yuv420(planes(scene(), full_range=full_range), full_range=full_range)


KINDS = ["jpeg", "bgr", "yuv full", "yuv video"]


def quarters(image: Pixels) -> list[tuple[int, ...]]:
    """Mean colour in the middle of each quarter: upper left, upper right, lower left, right."""
    height, width = image.shape[:2]
    spots = [(1, 1), (1, 3), (3, 1), (3, 3)]
    found = []
    for row, column in spots:
        y, x = height * row // 4, width * column // 4
        found.append(tuple(int(v) for v in image[y - 4 : y + 4, x - 4 : x + 4].mean((0, 1))))
    return found


def close(found: list[tuple[int, ...]], expected: list[tuple[int, ...]]) -> bool:
    return bool(np.abs(np.array(found) - np.array(expected)).max() <= 6)


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_shows_the_same_colours(kind: str) -> None:
    shown = picture(kind)

    assert close(quarters(shown.bgr()), quarters(scene()))
    decoded = simplejpeg.decode_jpeg(shown.jpeg(95), "BGR")
    assert close(quarters(decoded), quarters(scene()))


@pytest.mark.parametrize("kind", KINDS)
def test_planes_are_full_range_whatever_the_form(kind: str) -> None:
    expected = planes(scene(), full_range=True)

    made = picture(kind).yuv()

    pairs = ((made.y, expected.y), (made.u, expected.u), (made.v, expected.v))
    for got, want in pairs:
        assert got.shape == want.shape
        assert np.abs(got.astype(int) - want).mean() < 4


@pytest.mark.parametrize("kind", KINDS)
def test_small_luma_is_the_grey_picture_made_small(kind: str) -> None:
    grey = cv2.cvtColor(scene(), cv2.COLOR_BGR2GRAY)
    expected = cv2.resize(grey, (80, 60), interpolation=cv2.INTER_AREA)

    small = picture(kind).luma(80)

    assert small.shape == (60, 80)
    assert np.abs(small.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("view", "order"),
    [
        pytest.param(View(rotate=90), [2, 0, 3, 1], id="90"),
        pytest.param(View(rotate=180), [3, 2, 1, 0], id="180"),
        pytest.param(View(rotate=270), [1, 3, 0, 2], id="270"),
        pytest.param(View(flip="horizontal"), [1, 0, 3, 2], id="mirrored"),
        pytest.param(View(flip="vertical"), [2, 3, 0, 1], id="upside down"),
        pytest.param(View(flip="both"), [3, 2, 1, 0], id="both"),
        pytest.param(View(rotate=90, flip="horizontal"), [0, 2, 1, 3], id="turned, then mirrored"),
    ],
)
def test_turned_and_mirrored_before_anyone_sees_it(kind: str, view: View, order: list[int]) -> None:
    before = quarters(scene())
    expected = [before[index] for index in order]

    shown = picture(kind).viewed(view)

    assert (shown.width, shown.height) == ((240, 320) if view.swaps_sides else (320, 240))
    assert close(quarters(shown.bgr()), expected)
    assert close(quarters(simplejpeg.decode_jpeg(shown.jpeg(95), "BGR")), expected)
    greys = [int(0.114 * b + 0.587 * g + 0.299 * r) for b, g, r in expected]
    got = [spot[0] for spot in quarters(shown.luma()[:, :, None])]
    assert np.abs(np.array(got) - greys).max() <= 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_privacy_mask_is_black_in_every_conversion(kind: str) -> None:
    """Someone's window must not be seen on the stream, in a still, or by the detector."""
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    shown = picture(kind).viewed(View(rotate=90, privacy_masks=(left_half,)))

    hidden = (slice(None), slice(0, shown.width // 2 - 8))
    assert shown.bgr()[hidden].max() <= 3
    assert shown.luma(120)[:, :50].max() <= 3
    assert shown.yuv().y[hidden].max() <= 3
    assert simplejpeg.decode_jpeg(shown.jpeg(95), "BGR")[hidden].max() <= 8
    assert shown.camera_jpeg is None
    assert shown.bgr()[:, shown.width // 2 + 8 :].mean() > 50


def test_where_privacy_masks_overlap_nothing_shows_through() -> None:
    """Two windows that were masked with some room each must not leave a hole between them."""
    upper_left = ((0.0, 0.0), (0.6, 0.0), (0.6, 0.6), (0.0, 0.6))
    lower_right = ((0.4, 0.4), (1.0, 0.4), (1.0, 1.0), (0.4, 1.0))
    shown = picture("bgr").viewed(View(privacy_masks=(upper_left, lower_right)))

    assert shown.bgr()[: HEIGHT // 2, : WIDTH // 2].max() == 0
    assert shown.bgr()[HEIGHT // 2 :, WIDTH // 2 :].max() == 0


def test_a_cameras_own_jpeg_goes_out_untouched() -> None:
    data = encode_bgr(scene(), 90)

    assert Picture.from_jpeg(data).jpeg() is data
    assert Picture.from_jpeg(data).viewed(View(rotate=180)).jpeg() is not data
    assert Picture.from_jpeg(data).jpeg(30) is not data
    assert simplejpeg.decode_jpeg_header(Picture.from_jpeg(data).jpeg(None, 160))[:2] == (120, 160)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_can_draw_on_a_picture(kind: str) -> None:
    shown = picture(kind)
    made = shown.yuv()

    for array in (shown.luma(), shown.luma(80), shown.bgr(), shown.bgr(160), made.y, made.u):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0


def test_a_picture_does_not_freeze_the_array_it_was_made_from() -> None:
    image = scene()
    Picture.from_bgr(image).bgr()
    image[0, 0] = 1

    assert image[0, 0, 0] == 1


def test_pictures_of_all_widths_do_not_fill_the_memory() -> None:
    """Stills of every width of one frame took half a gigabyte, while the camera stood still."""
    picture = Picture.from_bgr(np.zeros((480, 640, 3), np.uint8))
    tracemalloc.start()
    try:
        for width in range(200, 640):
            picture.bgr(width)
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept_bytes < 10 * 640 * 480 * 3
    assert picture.bgr(639) is picture.bgr(639)


def test_each_conversion_is_made_once_even_by_many_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded: list[str] = []
    decode = simplejpeg.decode_jpeg

    def counted(data: bytes, colourspace: str, **options: object) -> Pixels:
        decoded.append(colourspace)
        pixels: Pixels = decode(data, colourspace, **options)
        return pixels

    monkeypatch.setattr("simplejpeg.decode_jpeg", counted)
    shown = picture("jpeg")
    threads = [threading.Thread(target=lambda: (shown.luma(80), shown.bgr())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(decoded) == ["BGR", "GRAY"]


def test_odd_sizes_work_in_every_form() -> None:
    image = scene(241, 321)
    for shown in (
        Picture.from_bgr(image),
        Picture.from_jpeg(encode_bgr(image, 95)),
        Picture.from_yuv420(Picture.from_bgr(image).yuv()),
    ):
        assert shown.bgr().shape == (241, 321, 3)
        assert shown.yuv().u.shape == (121, 161)
        assert simplejpeg.decode_jpeg_header(Picture.from_yuv420(shown.yuv()).jpeg())[:2] == (
            241,
            321,
        )


def test_grey_comes_from_the_camera_s_own_small_picture_and_all_else_from_the_large() -> None:
    """So a substream, or a Pi's small planes, spare the detector the large picture."""
    large, small = np.full((48, 64, 3), 200, np.uint8), np.full((24, 24, 3), 90, np.uint8)
    small[:12] = 30
    mask = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    both = Picture.from_bgr(large).with_small(Picture.from_bgr(small))
    assert both.luma(16).shape == (12, 16), "of the large one's form"
    assert (both.luma(16)[0, 0], both.luma(16)[-1, 0]) == (30, 90)
    turned = both.viewed(View(180, "none", (mask,)))
    assert (turned.luma(16)[0, -1], turned.luma(16)[-1, -1], turned.luma(16)[0, 0]) == (90, 30, 0)
    assert both.luma(32).mean() == 200, "the small one is too small for that"
    assert both.bgr(16).mean() == 200
    assert (both.width, both.height) == (64, 48)


@pytest.mark.parametrize("width", [160, 107, 80, 159, 50, 319, 33])
@pytest.mark.parametrize("kind", KINDS)
def test_a_smaller_picture_is_an_average_of_the_larger(kind: str, width: int) -> None:
    """Whatever the width: single pixels that are left out would flicker, and look like motion."""
    image = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    image[::2, ::2] = 200
    image[1::2, 1::2] = 200
    shown = {
        "jpeg": lambda: Picture.from_jpeg(encode_bgr(image, 100)),
        "bgr": lambda: Picture.from_bgr(image),
        "yuv full": lambda: Picture.from_yuv420(planes(image, full_range=True)),
        "yuv video": lambda: Picture.from_yuv420(planes(image, full_range=False), full_range=False),
    }[kind]()
    small = shown.luma(width)
    assert small.shape == (shown.size_at(width)[1], width)
    assert abs(float(small.mean()) - 150) < 3
    assert small.std() < (30 if width > WIDTH // 2 else 6)


WAYS = {
    "4:2:0": [],
    "4:2:2": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422],
    "4:4:0": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440],
    "4:4:4": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444],
    "progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    "grey": [],
}
"""How cameras make their JPEGs: settings of OpenCV's encoder."""


@pytest.mark.parametrize("width", [319, 200, 161, 100, 65])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(240, 320), (181, 321)], ids=["even", "odd"])
def test_a_viewer_s_width_shows_the_whole_picture_in_its_colours(
    size: tuple[int, int], way: str, width: int
) -> None:
    """However a camera makes its JPEGs, and whatever part of them is decoded for that width."""
    image = cv2.resize(scene(), size[::-1])
    image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if way == "grey" else image
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95, *WAYS[way]])
    shown = Picture.from_jpeg(data.tobytes())
    whole = cv2.imdecode(data, cv2.IMREAD_COLOR)
    expected = cv2.resize(whole, shown.size_at(width), interpolation=cv2.INTER_AREA)

    made = simplejpeg.decode_jpeg(shown.jpeg(95, width), "BGR")

    assert made.shape == expected.shape
    assert np.abs(made.astype(int) - expected).mean() < 4
    assert close(quarters(made), quarters(as_pixels(expected)))


@pytest.mark.parametrize("size", [(720, 1280), (240, 320), (250, 330), (80, 322), (96, 960)])
def test_colour_that_is_scaled_in_strips_shows_no_seams(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (*size, 3), np.uint8)
    for width in (320, 160, 100, 64):
        shown = Picture.from_bgr(noise)
        whole = cv2.cvtColor(scaled(noise, shown.size_at(width)), cv2.COLOR_BGR2GRAY)
        assert np.array_equal(shown.luma(width), whole)


def test_a_picture_is_never_enlarged() -> None:
    assert picture("jpeg").luma(1000).shape == (HEIGHT, WIDTH)
    assert picture("bgr").bgr(1000).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "not a JPEG", id="empty"),
        pytest.param(b"hello", "not a JPEG", id="text"),
        pytest.param(encode_bgr(scene(), 90)[:1200], "broken JPEG", id="cut in half"),
    ],
)
def test_a_broken_jpeg_says_so(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        Picture.from_jpeg(data).luma(80)


def test_whatever_a_camera_sends_is_a_picture_or_a_picture_error() -> None:
    """Cut anywhere, or with any byte turned over: never another exception."""
    data = encode_bgr(scene(60, 80), 80)
    rng = np.random.default_rng(7)
    damaged = [data[:length] for length in range(0, len(data), 3)]
    for _ in range(1500):
        wrong = bytearray(data)
        for at in rng.integers(0, len(data), 3):
            wrong[at] = rng.integers(0, 256)
        damaged.append(bytes(wrong))
    good = 0
    for each in damaged:
        with suppress(PictureError):
            good += Picture.from_jpeg(each).luma(40).shape == (30, 40)
    assert 0 < good < len(damaged)


def test_a_jpeg_that_lies_about_its_size_is_refused_before_it_is_decoded() -> None:
    """Ten kilobytes can declare 65500 x 65500 px, which would take 12 GB."""
    data = bytearray(encode_bgr(scene(), 90))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xdc\xff\xdc"

    with pytest.raises(PictureError, match="65500x65500"):
        Picture.from_jpeg(bytes(data))


@pytest.mark.parametrize("shape", [(1, 65501, 3), (65501, 1, 3)])
def test_a_picture_that_no_jpeg_can_hold_is_refused(shape: tuple[int, int, int]) -> None:
    """Anyone who reaches an ImageZMQ address could end the whole process with its still."""
    with pytest.raises(PictureError, match="65501"):
        Picture.from_bgr(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(1, 65500, 3), (65500, 1, 3)])
def test_the_longest_picture_can_be_encoded(shape: tuple[int, int, int]) -> None:
    longest = Picture.from_bgr(np.zeros(shape, np.uint8))
    assert Picture.from_jpeg(longest.jpeg(80)).bgr().shape == shape


def test_padding_that_cheap_cameras_leave_in_a_jpeg_is_tolerated() -> None:
    data = encode_bgr(scene(), 90)
    padded = data[:-2] + b"\x00\x00\x00" + data[-2:]

    assert close(quarters(Picture.from_jpeg(padded).bgr()), quarters(scene()))


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(PictureError, match="uint8"):
        Picture.from_bgr(np.zeros((4, 4), np.uint8))
    with pytest.raises(PictureError, match="chroma"):
        Picture.from_yuv420(Planes(*(np.zeros((4, 4), np.uint8) for _ in range(3))))
