"""All cameras in one picture: each in its place, the newest frame of each."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import barcode
import cv2
import numpy as np
import pytest
from live_feed import Feed, numbered_jpeg

from pimotion.config.camera import Stream
from pimotion.picture import Picture
from pimotion.pixels import Pixels, encode_bgr
from pimotion.render import Mosaic
from pimotion.stream.cards import card
from pimotion.stream.grid import GridShow
from pimotion.stream.query import Variant
from pimotion.stream.scene import CameraShow
from pimotion.types import Box

NOTHING_DRAWN = Variant(None, None, frozenset())


def grid_of(*feeds: Feed) -> GridShow:
    return GridShow([CameraShow(feed.camera) for feed in feeds])


def feeds_of(count: int) -> list[Feed]:
    """Cameras whose first pictures have different numbers."""
    feeds = [Feed(f"cam{n}") for n in range(count)]
    for n, feed in enumerate(feeds):
        feed.number = 100 * n
        feed.show()
    return feeds


def whole(grid: GridShow, variant: Variant = NOTHING_DRAWN) -> Pixels:
    jpeg = grid.scene().paint(variant).jpeg
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).view(np.uint8)


def tiles(image: Pixels, count: int, aspect: float = 16 / 9) -> list[Pixels]:
    cells = Mosaic(count, image.shape[1], aspect).cells
    return [image[cell.top : cell.bottom, cell.left : cell.right] for cell in cells]


def number_in(tile: Pixels) -> int | None:
    return barcode.read(cv2.cvtColor(tile, cv2.COLOR_BGR2GRAY).view(np.uint8))


@pytest.mark.parametrize(
    ("count", "size"),
    [
        pytest.param(1, (1280, 720), id="one"),
        pytest.param(2, (1280, 358), id="two beside each other"),
        pytest.param(3, (1280, 720), id="three"),
        pytest.param(4, (1280, 720), id="two rows of two"),
        pytest.param(5, (1920, 720), id="five in two rows"),
        pytest.param(9, (1920, 1080), id="three rows of three"),
        pytest.param(16, (1920, 1090), id="sixteen"),
        pytest.param(17, (1920, 874), id="seventeen"),
    ],
)
def test_each_camera_has_its_place(count: int, size: tuple[int, int]) -> None:
    image = whole(grid_of(*feeds_of(count)))
    assert image.shape[1] == size[0]
    assert abs(image.shape[0] - size[1]) <= 8
    assert [number_in(tile) for tile in tiles(image, count)] == [100 * n + 1 for n in range(count)]


def test_the_newest_frame_of_each_is_shown() -> None:
    feeds = feeds_of(2)
    grid = grid_of(*feeds)
    before = grid.scene().key
    assert grid.scene().key == before
    feeds[1].show()
    assert grid.scene().key != before
    assert [number_in(tile) for tile in tiles(whole(grid), 2)] == [1, 102]


def test_a_width_is_that_of_the_whole() -> None:
    image = whole(grid_of(*feeds_of(4)), Variant(800, None, frozenset()))
    assert image.shape[1] == 800
    assert [number_in(tile) for tile in tiles(image, 4)] == [1, 101, 201, 301]


@pytest.mark.parametrize("width", [64, 65, 127, 333])
def test_even_sixteen_cameras_fit_into_any_width(width: int) -> None:
    image = whole(grid_of(*feeds_of(16)), Variant(width, None, frozenset()))
    assert image.shape[1] == width


@pytest.mark.parametrize("size", [(360, 640), (1440, 480), (321, 243), (80, 60)])
def test_another_shape_is_kept_and_stands_in_the_middle(size: tuple[int, int]) -> None:
    """A camera on its side is not stretched."""
    feeds = feeds_of(4)
    image = np.full((size[1], size[0], 3), 200, np.uint8)
    feeds[3].show(Picture.from_bgr(image))
    tile = tiles(whole(grid_of(*feeds)), 4)[3]
    bright = np.argwhere(tile[:, :, 1] > 150)
    (top, left), (bottom, right) = bright.min(axis=0), bright.max(axis=0) + 1
    high, wide = tile.shape[:2]
    assert (right - left) / wide > 0.97 or (bottom - top) / high > 0.97
    assert (right - left) / (bottom - top) == pytest.approx(size[0] / size[1], rel=0.08)
    assert abs(left - (wide - right)) <= 4


def test_a_dead_camera_is_a_card_among_the_living() -> None:
    feeds = feeds_of(4)
    feeds[2].lose("no route to host")
    shown = tiles(whole(grid_of(*feeds)), 4)
    assert [number_in(tile) for tile in shown] == [1, 101, None, 301]
    assert reddest(shown[2]) > 100  # the reason, in amber


def test_all_dead_are_all_cards() -> None:
    feeds = feeds_of(3)
    for feed in feeds:
        feed.lose("no route to host")
    assert grid_of(*feeds).scene().captured_s is None
    assert all(reddest(tile) > 100 for tile in tiles(whole(grid_of(*feeds)), 3))


def test_the_name_is_written_whatever_is_asked_for() -> None:
    feed = Feed()
    feed.show()
    tile = whole(grid_of(feed))
    strip = tile[-30:, :200]
    assert strip.max() > 200
    assert strip.min() < 60


def test_boxes_are_drawn_in_the_tile() -> None:
    feeds = feeds_of(2)
    box = Box(200, 120, 160, 120)
    feeds[1].detect(feeds[1].show(), box)
    left, right = tiles(whole(grid_of(*feeds), Variant(None, 95, frozenset({"boxes"}))), 2)
    assert reddest(right[110:130, 200:360]) > 100
    assert reddest(left) < 40


def test_a_picture_of_planes_is_shown_in_its_colours() -> None:
    feed = Feed()
    blue = Picture.from_bgr(np.full((360, 640, 3), (200, 60, 40), np.uint8))
    feed.show(Picture.from_yuv420(blue.yuv()))
    middle = whole(grid_of(feed))[300:340, 300:340].reshape(-1, 3).mean(axis=0)
    assert middle == pytest.approx((200, 60, 40), abs=12)


def test_a_broken_picture_leaves_the_one_before() -> None:
    feeds = feeds_of(2)
    grid = grid_of(*feeds)
    whole(grid)
    feeds[1].show(Picture.from_jpeg(numbered_jpeg(102)[:-2000]))
    assert [number_in(tile) for tile in tiles(whole(grid), 2)] == [1, 101]


def test_who_gives_only_broken_pictures_gets_a_card() -> None:
    feed = Feed()
    noise = np.random.default_rng(1).integers(0, 255, (360, 640, 3), np.uint8)
    feed.show(Picture.from_jpeg(encode_bgr(noise, 90)[:-20000]))
    assert reddest(whole(grid_of(feed))) > 100


def test_what_one_camera_draws_is_drawn_in_all() -> None:
    boxed = Feed("a", settings=Stream(boxes=True, timestamp=False))
    plain = Feed("b", settings=Stream(boxes=False, timestamp=False, quality=90))
    settings = grid_of(boxed, plain).settings
    assert (settings.boxes, settings.timestamp, settings.quality) == (True, False, 90)


def reddest(image: Pixels) -> int:
    return int((image[:, :, 2].astype(int) - image[:, :, 0]).max())


def test_cards_in_many_sizes_take_no_memory() -> None:
    """Forty stills of a dead camera, each in another width, took 700 MB for good."""
    grid = grid_of(Feed("dead"))
    tracemalloc.start()
    try:
        for width in range(2048, 2088):
            grid.scene().paint(replace(NOTHING_DRAWN, width=width))
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept_bytes < 20_000_000


def test_a_card_is_drawn_once_for_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def count(name: str, reason: str, below: str | None, size: tuple[int, int]) -> Picture:
        drawn.append(size)
        return card(name, reason, below, size)

    monkeypatch.setattr("pimotion.stream.cards.card", count)
    grid = grid_of(*feeds_of(1), Feed("dead"))
    for _ in range(3):
        for width in (640, 1280):
            grid.scene().paint(replace(NOTHING_DRAWN, width=width))
    assert len(drawn) == 2
