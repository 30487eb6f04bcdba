"""The stills of an event: every option of `snapshot:`, and which frame is worth sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scenes import HEIGHT, WIDTH, Thing, detection, frame_of, image

from pimotion.config.camera import Snapshot
from pimotion.errors import PictureError
from pimotion.events.merit import merit_of
from pimotion.events.snapshot import SnapshotMaker
from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels
from pimotion.types import Detection, Frame, Still

MIDDLE = Thing(x=140, y=60)


def maker(**settings: object) -> SnapshotMaker:
    bare = {"boxes": False, "timestamp": False} | settings
    return SnapshotMaker(Snapshot.model_validate(bare), camera="door", name="Door")


def seen(
    index: int, things: Sequence[Thing] = (MIDDLE,), *, blur: bool = False, kind: str = "bgr"
) -> Detection:
    """A frame with things, and a detection that has found them."""
    pixels = image(index, things)
    if blur:
        pixels = as_pixels(cv2.blur(pixels, (9, 9)))
    picture = Picture.from_bgr(pixels)
    if kind == "yuv":
        picture = Picture.from_yuv420(picture.yuv())
    boxes = [thing.box for thing in things]
    return detection(index, boxes=boxes, on=frame_of(picture, index))


def decoded(still: Still | None) -> Pixels:
    assert still is not None
    pixels = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert (pixels.shape[1], pixels.shape[0]) == (still.width, still.height)
    return as_pixels(pixels)


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def red_px(pixels: Pixels) -> int:
    return int((pixels[:, :, 2].astype(int) - pixels[:, :, 0] > 60).sum())


def test_the_still_of_an_event_says_whose_it_is_and_when() -> None:
    found = seen(3)

    still = maker().start(found, "event-1")

    assert still is not None
    assert (still.camera, still.event_id, still.utc_s) == ("door", "event-1", found.frame.utc_s)
    assert difference(decoded(still), found.frame.picture.bgr()) < 4


def test_a_plain_still_is_the_whole_frame_without_an_event() -> None:
    still = maker(crop=True, boxes=True).plain(seen(0).frame)

    assert still is not None
    assert still.event_id is None
    assert decoded(still).shape == (HEIGHT, WIDTH, 3)
    assert red_px(decoded(still)) == 0


def test_height_scales_the_still_and_never_enlarges_it() -> None:
    assert decoded(maker(height=90).start(seen(0), "1")).shape == (90, 160, 3)
    assert decoded(maker(height=2000).start(seen(0), "1")).shape == (HEIGHT, WIDTH, 3)


def test_quality_decides_about_bytes() -> None:
    fine, coarse = (maker(quality=quality).start(seen(0), "1") for quality in (90, 40))

    assert fine is not None
    assert coarse is not None
    assert len(coarse.jpeg) < len(fine.jpeg) / 2


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
def test_boxes_are_drawn_when_wanted(kind: str) -> None:
    assert red_px(decoded(maker(boxes=True).start(seen(0, kind=kind), "1"))) > 100
    assert red_px(decoded(maker(boxes=False).start(seen(0, kind=kind), "1"))) == 0


def test_name_and_time_are_written_when_wanted() -> None:
    found = seen(0)
    written = decoded(maker(timestamp=True).start(found, "1")).astype(int)

    changed = np.abs(written - found.frame.picture.bgr()).max(axis=2) > 60
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 100
    assert rows.min() > HEIGHT * 0.8
    assert columns.min() < WIDTH * 0.1


@pytest.mark.parametrize("kind", ["bgr", "yuv"])
def test_a_crop_shows_what_moves_with_some_margin(kind: str) -> None:
    found = seen(0, [Thing(x=101, y=51, width=31, height=61)], kind=kind)

    cropped = decoded(maker(crop=True).start(found, "1"))

    # A quarter of 61 px all round, from an even corner.
    x, y, right, bottom = 86, 36, 147, 127
    assert cropped.shape == (bottom - y, right - x, 3)
    assert difference(cropped, found.frame.picture.bgr()[y:bottom, x:right]) < 5


def test_a_crop_holds_everything_that_moves_and_ends_at_the_frame() -> None:
    corner, other = Thing(x=0, y=0, width=20, height=20), Thing(x=200, y=110, width=40, height=70)

    still = maker(crop=True).start(seen(0, [corner, other]), "1")

    assert still is not None
    assert (still.width, still.height) == (300, 180)


def test_boxes_stay_around_what_moves_in_a_crop() -> None:
    cropped = decoded(maker(crop=True, boxes=True).start(seen(0), "1"))

    redness = cropped[:, :, 2].astype(int) - cropped[:, :, 0]
    rows, columns = np.nonzero(redness > 60)
    margin = 18  # a quarter of 70 px
    assert columns.min() == pytest.approx(margin, abs=3)
    assert columns.max() == pytest.approx(margin + MIDDLE.width, abs=3)
    assert rows.max() == pytest.approx(margin + MIDDLE.height, abs=3)


def test_a_still_that_is_too_large_loses_quality_first() -> None:
    unlimited = maker(quality=95).start(seen(0), "1")
    limited = maker(quality=95, max_bytes=8000).start(seen(0), "1")

    assert unlimited is not None
    assert limited is not None
    assert len(unlimited.jpeg) > 16_000
    assert len(limited.jpeg) <= 8000
    assert (limited.width, limited.height) == (WIDTH, HEIGHT)


def _loud(width: int, height: int) -> Frame:
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3))
    return frame_of(Picture.from_bgr(noise.astype(np.uint8)), 0)


def test_a_still_that_is_much_too_large_loses_size_as_well() -> None:
    still = maker(max_bytes=20_000).plain(_loud(640, 360))

    assert still is not None
    assert len(still.jpeg) <= 20_000
    assert still.width < 640
    assert still.width / still.height == pytest.approx(16 / 9, rel=0.02)


def test_a_still_that_can_never_fit_is_none() -> None:
    assert maker(max_bytes=5000).plain(_loud(64, 4000)) is None


def test_a_broken_picture_is_told_to_whoever_wants_a_plain_still() -> None:
    with pytest.raises(PictureError):
        maker().plain(_torn(seen(0)).frame)


def test_an_event_goes_on_without_the_still_of_a_broken_picture() -> None:
    making = maker()

    assert making.start(_torn(seen(0)), "1") is None
    assert making.better(seen(10, []), "1") is None
    assert making.better(seen(11), "1") is not None


def _torn(found: Detection) -> Detection:
    whole = found.frame.picture.jpeg(90)
    picture = Picture.from_jpeg(whole[: len(whole) // 2])
    return replace(found, frame=frame_of(picture, 0))


LARGE = Thing(x=120, y=40, width=60, height=110)
SMALL = Thing(x=150, y=80, width=15, height=35)


def test_someone_larger_is_shown_again_and_only_once() -> None:
    making = maker()
    making.start(seen(0, [SMALL]), "1")

    assert making.better(seen(15, [LARGE]), "1") is not None
    assert making.better(seen(30, [LARGE]), "1") is None
    assert making.better(seen(45, [SMALL]), "1") is None


def test_a_little_better_is_not_better() -> None:
    making = maker()
    making.start(seen(0), "1")

    assert making.better(seen(15, [Thing(x=140, y=60, width=32)]), "1") is None


def test_better_stills_come_at_most_once_a_second() -> None:
    making = maker()
    making.start(seen(0, [SMALL]), "1")

    assert making.better(seen(9, [LARGE]), "1") is None
    assert making.better(seen(10, [LARGE]), "1") is not None


def test_a_frame_without_boxes_is_never_better() -> None:
    making = maker()
    making.start(seen(0, [SMALL]), "1")

    assert making.better(seen(15, []), "1") is None


def test_what_has_no_contrast_at_all_is_shown_once() -> None:
    """Headlights that blind the camera are as white each second as in the first."""
    blinded = Picture.from_bgr(np.full((HEIGHT, WIDTH, 3), 255, np.uint8))
    making = maker()
    making.start(detection(0, boxes=[LARGE.box], on=frame_of(blinded, 0)), "1")

    assert making.better(detection(15, boxes=[LARGE.box], on=frame_of(blinded, 15)), "1") is None


def test_each_event_has_its_own_best_frame() -> None:
    making = maker()
    making.start(seen(0, [LARGE]), "1")
    making.start(seen(20, [SMALL]), "2")

    assert making.better(seen(40, [LARGE]), "2") is not None


def test_a_sharp_frame_shows_more_than_a_blurred_one() -> None:
    assert merit_of(seen(0)) > 1.5 * merit_of(seen(0, blur=True))


@pytest.mark.parametrize(("x", "y"), [(0, 60), (WIDTH - 30, 60), (140, 0), (140, HEIGHT - 70)])
def test_someone_who_is_cut_by_the_edge_is_shown_worse(x: int, y: int) -> None:
    assert merit_of(seen(0, [Thing(x=x, y=y)])) < merit_of(seen(0, [MIDDLE])) / 2


def test_filling_the_picture_is_not_better_than_a_quarter_of_it() -> None:
    quarter = Thing(x=80, y=45, width=160, height=90)
    nearly_all = Thing(x=10, y=10, width=300, height=160)

    assert merit_of(seen(0, [nearly_all])) == pytest.approx(merit_of(seen(0, [quarter])), rel=0.3)


def test_nothing_and_less_than_two_pixels_show_nothing() -> None:
    assert merit_of(seen(0, [])) == 0
    picture = Picture.from_bgr(np.zeros((1, 1, 3), np.uint8))
    speck = Thing(x=0, y=0, width=1, height=1)
    assert merit_of(detection(0, boxes=[speck.box], on=frame_of(picture, 0))) == 0
