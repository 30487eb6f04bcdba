"""Drawing is done on a copy, lands where it should, and looks the same on planes and on BGR."""

from __future__ import annotations

import numpy as np
import pytest

from pimotion.picture import Picture
from pimotion.pixels import Pixels
from pimotion.render import Overlay, ascii_of, caption_of, draw
from pimotion.types import Box

GREY = np.full((360, 640, 3), 120, np.uint8)


def picture(kind: str) -> Picture:
    plain = Picture.from_bgr(GREY)
    return plain if kind == "bgr" else Picture.from_yuv420(plain.yuv())


def reddish(pixels: Pixels) -> Pixels:
    """Where red is well above blue, as 0 or 1, shape (height, width)."""
    difference = pixels[:, :, 2].astype(int) - pixels[:, :, 0]
    return (difference > 60).astype(np.uint8)


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
@pytest.mark.parametrize("width", [None, 320])
def test_a_box_is_drawn_around_its_pixels(kind: str, width: int | None) -> None:
    box = Box(100, 60, 200, 150)

    drawn = draw(picture(kind), Overlay(boxes=[box]), width).bgr()

    scale = 1 if width is None else width / 640
    rows, columns = np.nonzero(reddish(drawn))
    assert columns.min() == pytest.approx(box.x * scale, abs=2)
    assert columns.max() == pytest.approx((box.x + box.width) * scale - 1, abs=2)
    assert rows.min() == pytest.approx(box.y * scale, abs=2)
    assert rows.max() == pytest.approx((box.y + box.height) * scale - 1, abs=2)
    middle = drawn[round(135 * scale), round(200 * scale)]
    assert np.abs(middle.astype(int) - 120).max() <= 2


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
def test_the_picture_itself_stays_clean(kind: str) -> None:
    original = picture(kind)
    overlay = Overlay([Box(0, 0, 50, 50)], {"lawn": ((0, 0), (1, 0), (1, 1))}, caption="x")

    draw(original, overlay)

    assert np.abs(original.bgr().astype(int) - 120).max() <= 2


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
def test_a_caption_is_readable_at_the_lower_left(kind: str) -> None:
    drawn = draw(picture(kind), Overlay(caption="Front door  2026-11-24 10:00:00")).bgr()

    corner = drawn[-16:, :200]
    assert corner.max() > 220, "white letters"
    assert np.percentile(corner, 20) < 60, "on a dark strip"
    assert np.abs(drawn[:300].astype(int) - 120).max() <= 2, "nowhere else"


def test_zones_with_motion_are_red_and_others_green() -> None:
    zones = {"left": ((0, 0), (0.4, 0), (0.4, 0.9)), "right": ((0.6, 0), (1, 0), (1, 0.9))}

    drawn = draw(picture("bgr"), Overlay(zones=zones, active_zones=["right"])).bgr()

    red = reddish(drawn)
    assert red[:, 330:].any()
    assert not red[:, :300].any()
    assert (drawn[:, :300, 1].astype(int) - drawn[:, :300, 2] > 60).any()


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
def test_the_foreground_is_tinted_at_any_size(kind: str) -> None:
    foreground = np.zeros((90, 160), np.uint8)
    foreground[:, :80] = 255

    drawn = draw(picture(kind), Overlay(foreground=foreground)).bgr()

    assert (drawn[:, :310, 2].astype(int) - drawn[:, :310, 0]).mean() > 40
    assert np.abs(drawn[:, 330:].astype(int) - 120).max() <= 2


def test_an_empty_overlay_says_so() -> None:
    assert Overlay().is_empty
    assert not Overlay(caption="x").is_empty
    assert not Overlay(boxes=[Box(0, 0, 1, 1)]).is_empty


def test_letters_that_the_font_lacks_become_readable_ones() -> None:
    assert ascii_of("Haustür Straße José") == "Haustur Strasse Jose"
    assert ascii_of("門") == "?"


def test_without_a_clock_the_caption_counts_from_the_start() -> None:
    assert caption_of("Door", None, 75.25) == "Door  +01:15.2"
    assert caption_of("Door", 1_790_000_000.0, 1.0).startswith("Door  2026-09-2")
