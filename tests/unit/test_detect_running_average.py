"""The detector with `running_average` on drawn scenes: what moves, where, and why the rest not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from scenes import HEIGHT, WIDTH, Thing, frame, frame_of, image

from pimotion.config.camera import Detect, Zone
from pimotion.detect.detector import Detector
from pimotion.errors import PictureError
from pimotion.picture import Picture
from pimotion.types import Box, Detection, Frame

WARMUP = 5
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT_HALF = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))


def detector(zones: dict[str, Zone] | None = None, **settings: object) -> Detector:
    chosen = {"method": "running_average", "width": 160, "warmup_frames": WARMUP, "hold_s": 0}
    return Detector(Detect.model_validate(chosen | settings), zones=zones or {})


def run(detector: Detector, frames: Iterable[Frame]) -> list[Detection]:
    return [detector.detect(frame) for frame in frames]


def warmed(detector: Detector) -> Detector:
    run(detector, (frame(index) for index in range(WARMUP)))
    return detector


def after_warmup(detector: Detector, things: Sequence[Thing], light: float = 1.0) -> Detection:
    return warmed(detector).detect(frame(WARMUP, things, light=light))


def assert_near(box: Box, thing: Thing, px: int = 5) -> None:
    """A few px of the frame: 1 of blur and 1 of rounding at detection width, times the scale."""
    wanted = thing.box
    assert box.x == pytest.approx(wanted.x, abs=px)
    assert box.y == pytest.approx(wanted.y, abs=px)
    assert box.x + box.width == pytest.approx(wanted.x + wanted.width, abs=px)
    assert box.y + box.height == pytest.approx(wanted.y + wanted.height, abs=px)


@pytest.mark.parametrize("present", [range(0), range(1)], ids=["empty", "someone at the start"])
@pytest.mark.parametrize("px_per_frame", [3, 8])
def test_someone_who_walks_through_is_boxed_in_every_frame_and_leaves_no_trail(
    present: range, px_per_frame: int
) -> None:
    """Nor does it where somebody stood in the first picture and has left."""
    watching = detector(warmup_frames=32)
    run(watching, (frame(index, [Thing(x=140, y=60)] * (index in present)) for index in range(32)))

    for step in range(30):
        thing = Thing(x=50 + px_per_frame * step, y=60)
        found = watching.detect(frame(32 + step, [thing]))
        assert len(found.boxes) == 1
        assert_near(found.boxes[0], thing)
        assert found.motion
        assert found.score > 0.5


def test_a_busy_path_shows_people_and_no_trails() -> None:
    """What many have crossed must not become a mixture of ground and people."""
    watching = detector(warmup_frames=32)
    run(watching, (frame(index) for index in range(32)))

    for step in range(150):
        thing = Thing(x=60 + 3 * (step % 30), y=60)
        found = watching.detect(frame(32 + step, [thing]))
        if step % 30 > 5:  # each newcomer's own place is empty by then
            assert len(found.boxes) == 1
            assert_near(found.boxes[0], thing)


def test_what_a_frame_was_compared_with_is_shown_to_who_asks() -> None:
    """The background in the picture is the one without the person who walks there now."""
    watching = warmed(detector())
    thing = Thing(x=140, y=60)
    assert watching.detect(frame(WARMUP, [thing])).model is None

    watching.show_model(True)
    model = watching.detect(frame(WARMUP + 1, [thing])).model

    assert model is not None
    assert model.background.shape == model.threshold.shape == (90, 160)
    assert model.background[50, 77] < thing.grey - 60
    assert (model.threshold == 25).all()
    watching.show_model(False)
    assert watching.detect(frame(WARMUP + 2)).model is None


def test_nothing_is_reported_of_an_empty_noisy_scene() -> None:
    detections = run(warmed(detector()), (frame(index) for index in range(WARMUP, 60)))

    assert [found for found in detections if found.boxes or found.motion or found.suppressed] == []


def test_two_people_are_two_boxes_the_larger_one_first() -> None:
    small, large = Thing(x=40, y=100, width=24, height=50), Thing(x=220, y=60, width=40, height=90)

    found = after_warmup(detector(), [small, large])

    assert len(found.boxes) == 2
    assert_near(found.boxes[0], large)
    assert_near(found.boxes[1], small)


def test_a_person_in_two_pieces_is_one_box() -> None:
    """Trousers of the colour of the ground must not make two events' worth of boxes."""
    head, legs = Thing(x=100, y=50, height=30), Thing(x=100, y=86, height=40)

    found = after_warmup(detector(), [head, legs])

    assert len(found.boxes) == 1
    assert_near(found.boxes[0], Thing(x=100, y=50, height=76))


def test_boxes_end_at_the_edge_of_the_frame() -> None:
    found = after_warmup(detector(), [Thing(x=WIDTH - 40, y=HEIGHT - 50, width=40, height=50)])

    [box] = found.boxes
    assert box.x + box.width == WIDTH
    assert box.y + box.height == HEIGHT


def test_boxes_are_in_pixels_of_the_full_frame() -> None:
    size, thing = (800, 450), Thing(x=300, y=140, width=80, height=180)
    watching = detector()
    run(watching, (frame(index, size=size) for index in range(WARMUP)))

    found = watching.detect(frame(WARMUP, [thing], size=size))

    [box] = found.boxes
    assert_near(box, thing, px=13)  # two px at a width of 160, which is a fifth
    assert found.foreground.shape == (90, 160)


def test_warmup_only_learns_and_says_so() -> None:
    watching = detector()
    first = watching.detect(frame(0))
    second = watching.detect(frame(1, [Thing(x=100, y=60)]))

    assert first.suppressed is None, "nothing had changed yet"
    assert second.suppressed == "warmup"
    assert second.boxes == ()
    assert not second.motion
    assert second.changed_ratio > 0.02
    assert second.held_back == ("warmup",)


@pytest.mark.parametrize(("frames", "boxes"), [(WARMUP - 1, 0), (WARMUP, 1)])
def test_the_first_frame_after_warmup_counts(frames: int, boxes: int) -> None:
    watching = detector()
    run(watching, (frame(index) for index in range(frames)))

    assert len(watching.detect(frame(frames, [Thing(x=100, y=60)])).boxes) == boxes


def test_motion_under_a_mask_is_none() -> None:
    watching = detector(masks=[LEFT_HALF])

    found = after_warmup(watching, [Thing(x=60, y=60)])

    assert found.boxes == ()
    assert found.suppressed == "masked"
    assert found.changed_ratio > 0.02, "the change itself is still told"
    assert found.held_back == ("masked",)


def test_a_speck_under_a_mask_would_have_been_too_small_anyway() -> None:
    watching = detector(masks=[LEFT_HALF], min_area_ratio=0.02)

    assert (
        after_warmup(watching, [Thing(x=60, y=60, width=20, height=40)]).suppressed == "too_small"
    )


def test_of_someone_half_under_a_mask_the_other_half_counts() -> None:
    found = after_warmup(detector(masks=[LEFT_HALF]), [Thing(x=140, y=60, width=40)])

    assert_near(found.boxes[0], Thing(x=160, y=60, width=20))


def test_something_small_is_too_small() -> None:
    watching = detector(min_area_ratio=0.02)

    found = after_warmup(watching, [Thing(x=100, y=60, width=20, height=40)])

    assert found.boxes == ()
    assert found.suppressed == "too_small"
    assert found.score == 0
    assert found.held_back == ("too_small",)


def test_something_small_is_named_even_when_something_large_moves_too() -> None:
    speck, someone = Thing(x=30, y=40, width=16, height=16), Thing(x=200, y=60)

    found = after_warmup(detector(min_area_ratio=0.015), [speck, someone])

    assert len(found.boxes) == 1
    assert found.suppressed == "too_small"


def test_a_switched_lamp_is_no_motion() -> None:
    frames = [frame(index, light=1.8) for index in range(WARMUP, 40)]

    detections = run(warmed(detector()), frames)

    assert detections[0].suppressed == "global_change"
    assert detections[0].changed_ratio > 0.8
    assert not any(found.motion for found in detections)


def test_a_lamp_that_flares_up_is_waited_out() -> None:
    lights = [1.8, 1.3, 1.7, 1.5] + [1.6] * 20
    frames = [frame(WARMUP + step, light=light) for step, light in enumerate(lights)]

    assert not any(found.motion for found in run(warmed(detector()), frames))


def test_a_second_lamp_right_after_the_first_is_no_motion() -> None:
    corner = Thing(x=0, y=0, width=120, height=HEIGHT, grey=250)
    watching = warmed(detector())
    watching.detect(frame(WARMUP, light=1.8))

    found = watching.detect(frame(WARMUP + 1, [corner], light=1.8))

    assert (found.boxes, found.suppressed) == ((), "global_change")


def test_it_says_when_it_is_blind() -> None:
    """While the scene is learnt, and after a lamp; the page says so, and `stats`."""
    watching = detector()
    blind = [found.is_learning for found in run(watching, map(frame, range(WARMUP + 3)))]
    assert blind == [True] * WARMUP + [False] * 3

    lit = [watching.detect(frame(WARMUP + 3 + step, light=1.6)) for step in range(10)]
    assert lit[0].is_learning
    assert not lit[-1].is_learning


def test_someone_is_seen_again_soon_after_a_lamp_was_switched() -> None:
    watching = warmed(detector())
    run(watching, (frame(index, light=1.8) for index in range(WARMUP, WARMUP + 10)))

    found = watching.detect(frame(WARMUP + 10, [Thing(x=100, y=60, grey=20)], light=1.8))

    assert len(found.boxes) == 1


def test_something_larger_than_allowed_is_too_large() -> None:
    found = after_warmup(detector(max_area_ratio=0.05), [Thing(x=100, y=40, width=80, height=100)])

    assert found.boxes == ()
    assert found.suppressed == "too_large"


def test_max_area_is_a_share_of_what_is_looked_at() -> None:
    """A lamp must be recognised even where most of the picture is masked."""
    found = after_warmup(detector(masks=[LEFT_HALF]), [], light=1.8)

    assert found.suppressed == "global_change"


def test_zones_with_motion_are_named_in_their_order() -> None:
    zones = {name: Zone(polygon=half) for name, half in (("b", LEFT_HALF), ("a", RIGHT_HALF))}

    def zones_with(*things: Thing) -> tuple[str, ...]:
        return after_warmup(detector(zones), things).zones

    left, right = Thing(x=40, y=60), Thing(x=240, y=60)
    assert zones_with() == ()
    assert zones_with(left) == ("b",)
    assert zones_with(right) == ("a",)
    assert zones_with(right, left) == ("b", "a")


def test_a_zone_needs_its_own_least_area() -> None:
    zones = {
        "easy": Zone(polygon=LEFT_HALF, min_area_ratio=0.001),
        "hard": Zone(polygon=LEFT_HALF, min_area_ratio=0.03),
    }

    # Half of it is in the zones: 15 x 70 px are 0.018 of the frame.
    found = after_warmup(detector(zones), [Thing(x=145, y=60)])

    assert found.zones == ("easy",)


def test_a_zone_does_not_move_while_its_camera_does_not() -> None:
    zones = {"yard": Zone(polygon=LEFT_HALF, min_area_ratio=0)}

    found = after_warmup(
        detector(zones, min_area_ratio=0.03),
        [Thing(x=40, y=60, width=20, height=40), Thing(x=240, y=40, width=50, height=100)],
    )

    assert len(found.boxes) == 1
    assert found.zones == ()


def test_motion_is_held_for_a_while_without_boxes() -> None:
    watching = warmed(detector(hold_s=0.5))
    watching.detect(frame(WARMUP, [Thing(x=100, y=60)]))

    after = run(watching, (frame(WARMUP + step) for step in range(1, 8)))

    assert all(found.boxes == () for found in after)
    assert [found.motion for found in after] == [True] * 4 + [False] * 3


def test_a_new_session_forgets_the_background() -> None:
    """After the cable was out the camera may look elsewhere."""
    watching = warmed(detector())

    found = watching.detect(frame(WARMUP, [Thing(x=100, y=60)], session=2))
    later = watching.detect(frame(WARMUP + 1, [Thing(x=200, y=60)], session=2))

    assert (found.boxes, found.suppressed) == ((), None)
    assert later.suppressed == "warmup"


def test_a_change_of_resolution_forgets_the_background() -> None:
    watching = warmed(detector())

    found = watching.detect(frame(WARMUP, [Thing(x=100, y=60)], size=(640, 360)))

    assert (found.boxes, found.changed_ratio) == ((), 0.0)


def test_a_long_gap_forgets_the_background() -> None:
    watching = warmed(detector())

    found = watching.detect(frame(WARMUP + 60, [Thing(x=100, y=60)]))

    assert (found.boxes, found.changed_ratio) == ((), 0.0)


def test_a_camera_of_one_frame_in_ten_seconds_is_not_blind() -> None:
    watching = detector()
    run(watching, (frame(100 * index) for index in range(WARMUP)))

    assert len(watching.detect(frame(100 * WARMUP, [Thing(x=100, y=60)])).boxes) == 1


def test_recalibration_forgets_what_stood_there() -> None:
    watching = warmed(detector())
    watching.recalibrate()

    found = watching.detect(frame(WARMUP, [Thing(x=100, y=60)]))

    assert (found.boxes, found.changed_ratio) == ((), 0.0)


def test_sensitivity_decides_about_faint_things() -> None:
    faint = Thing(x=100, y=80, grey=120)

    def boxes_at(sensitivity: int) -> int:
        watching = warmed(detector())
        watching.set_sensitivity(sensitivity)
        return len(watching.detect(frame(WARMUP, [faint])).boxes)

    assert boxes_at(80) == 1
    assert boxes_at(20) == 0


def test_larger_things_score_higher() -> None:
    scores = [
        after_warmup(detector(), [Thing(x=100, y=60, width=width)]).score for width in (16, 30, 60)
    ]

    assert scores == sorted(scores)
    assert 0.5 < scores[0] < scores[2] < 1


def test_a_broken_picture_does_no_harm() -> None:
    """One torn frame of a USB camera must not end detection or void the background."""
    watching = warmed(detector())
    whole = Picture.from_bgr(image(WARMUP)).jpeg(90)
    torn = frame_of(Picture.from_jpeg(whole[: len(whole) // 2]), WARMUP)

    with pytest.raises(PictureError):
        watching.detect(torn)

    assert len(watching.detect(frame(WARMUP + 1, [Thing(x=100, y=60)])).boxes) == 1


def test_jpeg_bgr_and_yuv_of_the_same_scene_give_the_same_boxes() -> None:
    def boxes_of(kind: str) -> list[tuple[Box, ...]]:
        watching = detector(warmup_frames=20)
        found = []
        for index in range(32):
            plain = Picture.from_bgr(
                image(index, [Thing(x=10 + 12 * (index - 20), y=60)] * (index >= 20))
            )
            same = {
                "bgr": plain,
                "jpeg": Picture.from_jpeg(plain.jpeg(95)),
                "yuv": Picture.from_yuv420(plain.yuv()),
            }[kind]
            found.append(watching.detect(frame_of(same, index)).boxes)
        return found

    for bgr, jpeg, yuv in zip(*(boxes_of(kind) for kind in ("bgr", "jpeg", "yuv")), strict=True):
        assert len(bgr) == len(jpeg) == len(yuv) <= 1
        for one, other, third in zip(bgr, jpeg, yuv, strict=True):
            sides = np.array([(box.x, box.y, box.width, box.height) for box in (one, other, third)])
            assert np.ptp(sides, axis=0).max() <= 4  # two px at detection width


def test_the_same_frames_give_the_same_detections() -> None:
    def told() -> list[tuple[object, ...]]:
        frames = [frame(index, [Thing(x=5 * index, y=60)] * (index > 7)) for index in range(40)]
        return [
            (found.boxes, found.score, found.changed_ratio, found.suppressed)
            for found in run(detector(), frames)
        ]

    assert told() == told()


def test_a_detection_keeps_its_foreground_when_the_next_frame_comes() -> None:
    """A viewer may still draw it."""
    watching = warmed(detector())
    found = watching.detect(frame(WARMUP, [Thing(x=100, y=60)]))
    before = found.foreground.copy()

    watching.detect(frame(WARMUP + 1))

    assert np.array_equal(found.foreground, before)
    assert before.any()
