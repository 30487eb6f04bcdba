"""Drawing is done on a copy, lands where it should, and looks the same on planes and on BGR."""

from __future__ import annotations

import numpy as np
import pytest

from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels
from pimotion.render import Overlay, ascii_of, caption_of, draw, drawn_name
from pimotion.types import Box, Detection, Frame, Rejected, SceneModel

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


@pytest.mark.parametrize("box", [Box(0, 0, 640, 360), Box(101, 61, 33, 21), Box(300, 200, 1, 1)])
def test_a_box_is_drawn_on_its_own_outermost_pixels(box: Box) -> None:
    """So that one at the picture's edge is seen whole, and a small one is not made larger."""
    drawn = reddish(draw(picture("bgr"), Overlay(boxes=[box])).bgr())

    rows, columns = np.nonzero(drawn)
    assert (columns.min(), columns.max()) == (box.x, box.x + box.width - 1)
    assert (rows.min(), rows.max()) == (box.y, box.y + box.height - 1)
    inside = drawn[box.y + 2 : box.y + box.height - 2, box.x + 2 : box.x + box.width - 2]
    assert not inside.any()


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


def judged(
    *,
    boxes: tuple[Box, ...] = (),
    rejected: tuple[Rejected, ...] = (),
    suppressed: str | None = None,
    model: SceneModel | None = None,
    learning: bool = False,
) -> Detection:
    """A detection in which the lower half of the frame has changed, at a quarter of its size."""
    foreground = np.zeros((90, 160), np.uint8)
    foreground[45:] = 255
    frame = Frame(picture("bgr"), 0, 0.0, 0.0, None, 1)
    return Detection(
        frame, boxes, bool(boxes), 0.5, 0.9, suppressed, (), None,
        frame.picture.luma(), foreground, rejected, model, learning,
    )  # fmt: skip


def warmth(pixels: Pixels) -> float:
    """How much more red than blue a part is in the middle: orange is above, blue is below 0."""
    return float(np.median(pixels[:, :, 2].astype(int) - pixels[:, :, 0]))


def white_px(pixels: Pixels) -> int:
    return int((pixels.min(axis=2) > 200).sum())


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
@pytest.mark.parametrize("width", [None, 320])
def test_what_counts_is_orange_and_what_does_not_is_blue(kind: str, width: int | None) -> None:
    found = judged(boxes=(Box(40, 200, 160, 120),))

    drawn = draw(picture(kind), Overlay(judged=found), width).bgr()

    scale = drawn.shape[1] / 640
    counted = drawn[round(220 * scale) : round(300 * scale), round(60 * scale) : round(180 * scale)]
    ignored = drawn[round(220 * scale) : round(300 * scale), round(240 * scale) :]
    assert warmth(counted) > 60
    assert warmth(ignored) < -60
    still = drawn[round(80 * scale) : round(170 * scale), : round(300 * scale)]
    assert np.abs(still.astype(int) - 120).max() <= 2, "nothing has changed here"


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
def test_a_region_that_does_not_count_is_outlined_and_named(kind: str) -> None:
    region = Rejected(Box(40, 60, 200, 60), "light")

    drawn = draw(picture(kind), Overlay(rejected=[region])).bgr()

    assert warmth(drawn[60:61, 60:230]) < -60
    assert warmth(drawn[119:120, 60:230]) < -60
    assert np.abs(drawn[70:110, 50:230].astype(int) - 120).max() <= 2
    assert white_px(drawn[30:60, 40:140]) > 20, "its name stands above it"


def test_names_never_cover_each_other() -> None:
    """Above, below and in a box is room for three; two in one place nobody can read."""
    crowd = [Rejected(Box(300, 150, 40, 20), "too_small")] * 16
    one, many = (draw(picture("bgr"), Overlay(rejected=each)).bgr() for each in (crowd[:1], crowd))

    assert white_px(many) == 3 * white_px(one)


@pytest.mark.parametrize("corner", [Box(0, 0, 9, 9), Box(631, 351, 9, 9), Box(0, 0, 640, 360)])
def test_a_name_is_whole_at_every_edge(corner: Box) -> None:
    middle = Box(300, 150, 9, 9)
    drawn, expected = (
        white_px(draw(picture("bgr"), Overlay(rejected=[Rejected(box, "shadow")])).bgr())
        for box in (corner, middle)
    )
    assert drawn == expected


def legend_px(found: Detection) -> int:
    """How much is written at the upper right."""
    return white_px(draw(picture("bgr"), Overlay(judged=found)).bgr()[:120, 400:])


def test_the_legend_names_each_reason_once() -> None:
    snow = tuple(Rejected(Box(9 * n, 300, 8, 8), "too_small") for n in range(6))
    nothing = legend_px(judged())

    assert nothing > 20, "it says that nothing counts"
    assert legend_px(judged(suppressed="light")) > nothing + 50, "a reason without a region"
    assert legend_px(judged(rejected=snow)) < legend_px(judged(rejected=snow, suppressed="light"))
    assert legend_px(judged(learning=True)) > nothing + 100, "learning the scene"


def test_a_legend_of_many_reasons_stays_in_its_corner() -> None:
    names = ("warmup", "masked", "too_small", "too_large", "light", "shadow", "flicker", "clutter")
    found = judged(rejected=tuple(Rejected(Box(0, 0, 9, 9), name) for name in names))

    drawn = draw(picture("bgr"), Overlay(judged=found), 320).bgr()

    assert white_px(drawn[90:]) == 0


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
@pytest.mark.parametrize("width", [None, 320])
def test_background_and_threshold_are_shown_side_by_side(kind: str, width: int | None) -> None:
    background = as_pixels(np.full((90, 160), 200, np.uint8))
    threshold = as_pixels(np.full((90, 160), 35, np.uint8))
    found = judged(model=SceneModel(background, threshold))

    drawn = draw(picture(kind), Overlay(judged=found), width).bgr()

    height, whole = drawn.shape[:2]
    row = drawn[round(0.78 * height)].astype(int)
    grey = np.abs(row - row.mean(axis=1, keepdims=True)).max(axis=1) < 8
    left = row[round(0.5 * whole) : round(0.73 * whole)][:, 1]
    right = row[round(0.8 * whole) : round(0.96 * whole)]
    assert np.percentile(left, 80) == pytest.approx(200, abs=6)
    assert np.median(right) == pytest.approx(127, abs=6), "half of 70 levels is half of white"
    assert grey[round(0.8 * whole) : round(0.96 * whole)].all(), "the tint does not shine through"


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
@pytest.mark.parametrize("width", [64, 90, 150, 175])
def test_a_picture_too_small_for_background_and_threshold_goes_without(
    kind: str, width: int
) -> None:
    """`?width=64&overlay=mask` ended the daemon."""
    grey = as_pixels(np.full((180, 320), 200, np.uint8))
    small = draw(picture(kind), Overlay(judged=judged(model=SceneModel(grey, grey))), width)
    without = draw(picture(kind), Overlay(judged=judged()), width)
    assert (small.bgr() == without.bgr()).all()


def test_a_flat_picture_goes_without_background_and_threshold() -> None:
    grey = as_pixels(np.full((2, 320), 200, np.uint8))
    flat = Picture.from_bgr(as_pixels(np.zeros((8, 1280, 3), np.uint8)))
    assert draw(flat, Overlay(judged=judged(model=SceneModel(grey, grey)))).height == 8


def test_boxes_bear_the_number_of_their_track_when_wanted() -> None:
    boxes = [Box(100, 100, 60, 90, track=17), Box(400, 100, 60, 90)]
    plain, numbered = (
        draw(picture("bgr"), Overlay(boxes, numbered=wanted)).bgr() for wanted in (False, True)
    )
    assert white_px(plain) == 0
    assert white_px(numbered[60:110, 90:200]) > 10
    assert white_px(numbered[:, 300:]) == 0, "no number, nothing written"


def test_an_empty_overlay_says_so() -> None:
    assert Overlay().is_empty
    assert not Overlay(caption="x").is_empty
    assert not Overlay(boxes=[Box(0, 0, 1, 1)]).is_empty
    assert not Overlay(rejected=[Rejected(Box(0, 0, 1, 1), "light")]).is_empty
    assert not Overlay(judged=judged()).is_empty


def test_letters_that_the_font_lacks_become_readable_ones() -> None:
    assert ascii_of("Haustür Straße José") == "Haustur Strasse Jose"
    assert ascii_of("門") == "?"


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("Haustür", "Haustür"), ("Задний двор", "yard"), ("門", "yard"), ("Why?", "Why?"), ("", "")],
)
def test_a_name_that_the_font_lacks_is_not_drawn_as_question_marks(name: str, drawn: str) -> None:
    assert drawn_name(name, "yard") == drawn


def test_without_a_clock_the_caption_counts_from_the_start() -> None:
    assert caption_of("Door", None, 75.25) == "Door  +01:15.2"
    assert caption_of("Door", None, 59.97) == "Door  +01:00.0", "a minute has no 60.0 s"
    assert caption_of("Door", 1_790_000_000.0, 1.0).startswith("Door  2026-09-2")
