"""The method `adaptive` and who comes: reported soon, where they are, each for himself."""

from __future__ import annotations

import pytest
from garden import HEIGHT, START_S, WIDTH, Visitor, at_s, covered, learnt, moving, shot, watch

from pimotion.types import Box, Detection, Frame


def walker(now_s: float, px_s: float = 60, **how: int) -> Visitor:
    """Comes in by the left border; 5 px of him are seen at 0 s."""
    return Visitor(x=5 - 26 + px_s * now_s, **how)


def tracks(told: list[Detection]) -> set[int | None]:
    return {box.track for found in told for box in found.boxes}


@pytest.mark.parametrize("look", [1, 2])
@pytest.mark.parametrize(("px_s", "within_s"), [(120, 0.4), (60, 0.5)], ids=["hurries", "strolls"])
def test_who_walks_in_is_reported_soon_and_since_the_first_picture_that_shows_him(
    px_s: float, within_s: float, look: int
) -> None:
    told = watch(learnt(), lambda now_s: shot(now_s, [walker(now_s, px_s, look=look)]), until_s=2)

    first = moving(told)[0]
    assert at_s(first) <= within_s + 0.01
    since_s = {found.since_s for found in moving(told)}
    assert len(since_s) == 1
    assert since_s.pop() == pytest.approx(START_S, abs=0.11)
    assert all(found.motion for found in told[told.index(first) :]), "he is never lost again"


@pytest.mark.parametrize("look", [1, 2])
def test_boxes_are_on_him_and_he_keeps_his_number(look: int) -> None:
    told = watch(learnt(), lambda now_s: shot(now_s, [walker(now_s, look=look)]), until_s=3)

    assert len(tracks(told)) == 1
    assert None not in tracks(told)
    for found in told[8:]:
        [box] = found.boxes
        wanted = walker(at_s(found)).box
        assert covered(wanted, box) > 0.85
        assert box.area < 2.5 * wanted.area


def test_two_people_keep_two_numbers_until_they_meet() -> None:
    def pair(now_s: float) -> tuple[Visitor, Visitor]:
        return Visitor(x=5 + 60 * now_s, y=80), Visitor(x=WIDTH - 31 - 60 * now_s, y=95, look=2)

    told = watch(learnt(), lambda now_s: shot(now_s, pair(now_s)), until_s=1.8)

    seen = told[8:]
    assert all(len(found.boxes) == 2 for found in seen)
    for number in (0, 1):
        on_them = {box.track for found in seen for box in found.boxes
                   if covered(pair(at_s(found))[number].box, box) > 0.7}  # fmt: skip
        assert len(on_them) == 1
    assert len(tracks(told)) == 2


def test_a_box_ends_where_the_picture_ends() -> None:
    """Who comes in from above and the side, seen in part, is boxed up to the border."""
    watching = learnt()
    told = watch(
        watching,
        lambda now_s: shot(now_s, [Visitor(x=WIDTH - 60 + 30 * now_s, y=HEIGHT - 40, look=2)]),
        until_s=2,
    )

    [box] = told[-1].boxes
    assert (box.x + box.width, box.y + box.height) == (WIDTH, HEIGHT)
    for found in told:
        for box in found.boxes:
            assert 0 <= box.x < box.x + box.width <= WIDTH
            assert 0 <= box.y < box.y + box.height <= HEIGHT


def test_boxes_are_in_px_of_the_frame() -> None:
    """Of a camera of 1280x720 as much as of one of 320x180, whatever the detection width."""
    size = (1280, 720)
    watching = learnt(shots=lambda now_s: shot(now_s, size=size))
    told = watch(watching, lambda now_s: shot(now_s, [walker(now_s)], size=size), until_s=1.5)

    [box] = told[-1].boxes
    small = walker(at_s(told[-1])).box
    wanted = Box(4 * small.x, 4 * small.y, 4 * small.width, 4 * small.height)
    assert covered(wanted, box) > 0.85
    assert box.area < 2.5 * wanted.area
    assert told[-1].luma.shape == (180, 320)
    assert told[-1].foreground.shape == (90, 160)


def test_a_box_reaches_the_border_of_a_frame_of_an_odd_height_at_detection_width() -> None:
    """1920x1088 is 320x181 there, and 160x90 at half of it."""
    size = (1920, 1088)

    def at_the_lower_border(now_s: float) -> Frame:
        return shot(now_s, [Visitor(60 * now_s, y=110, height=80)], size=size)

    watching = learnt(shots=lambda now_s: shot(now_s, size=size))
    told = watch(watching, at_the_lower_border, until_s=1.5)

    [box] = told[-1].boxes
    assert told[-1].luma.shape == (181, 320)
    assert box.y + box.height == size[1]


@pytest.mark.parametrize("width", [30, 50])
def test_one_who_goes_behind_a_post_is_still_there_and_still_himself(width: int) -> None:
    """The wider one hides all of him for 0.4 s."""
    post = Visitor(x=110, y=40, width=width, height=140, look=3)

    def shots(now_s: float) -> list[Visitor]:
        return [walker(now_s), post] if now_s >= 0 else [post]

    watching = learnt(shots=lambda now_s: shot(now_s, shots(now_s)))
    told = watch(watching, lambda now_s: shot(now_s, shots(now_s)), until_s=4)

    assert all(found.motion for found in told[8:])
    assert {found.since_s for found in told[8:]} == {told[8].since_s}
    assert len(tracks(told)) == 1


def test_who_is_hidden_in_the_middle_for_longer_is_still_there() -> None:
    """Behind a van from 2 s to 3 s: nobody leaves but by the border."""
    van = Visitor(x=100, y=40, width=80, height=140, look=3)
    watching = learnt(shots=lambda now_s: shot(now_s, [van]))
    told = watch(watching, lambda now_s: shot(now_s, [walker(now_s), van]), until_s=4.5)

    assert any(not found.boxes for found in told[20:30])
    assert all(found.motion for found in told[8:])


def test_motion_ends_soon_after_he_left() -> None:
    """He is out of the picture at 2.8 s."""
    told = watch(learnt(), lambda now_s: shot(now_s, [walker(now_s, 120)]), until_s=5)

    assert all(found.motion for found in told[5:28])
    assert not any(found.motion or found.boxes for found in told[40:])
    assert {found.since_s for found in told[40:]} == {None}


@pytest.mark.parametrize("fps", [2, 5, 10, 30, 60])
def test_the_same_walk_is_reported_at_any_frame_rate(fps: float) -> None:
    watching = learnt(fps=fps, learnt_s=max(1, 20 / fps))
    until_s = 1 if fps > 10 else 2.5
    told = watch(watching, lambda now_s: shot(now_s, [walker(now_s, 80)]), until_s=until_s, fps=fps)

    first = moving(told)[0]
    assert at_s(first) <= 0.75
    assert first.since_s == pytest.approx(START_S, abs=0.25)
    assert all(found.boxes for found in told[told.index(first) :])
    assert len(tracks(told)) == 1


def test_a_slow_camera_knows_again_what_is_somewhere_else_in_each_picture() -> None:
    """A dog, 18 px long, is 60 px further on half a second later."""
    told = watch(
        learnt(fps=2, learnt_s=4),
        lambda now_s: shot(now_s, [Visitor(5 + 120 * now_s, width=18, height=24, look=2)]),
        until_s=2.5,
        fps=2,
    )

    assert all(found.boxes for found in told[1:])
    assert len(tracks(told)) == 1
    assert told[1].since_s == pytest.approx(START_S), "the first picture of it"


def test_a_slow_camera_sees_somebody_large_at_once_and_a_drop_never() -> None:
    drops = [(30, 20), (250, 120), (90, 130), (200, 20), (20, 110), (280, 30)] * 2

    def seen(now_s: float) -> Frame:
        x, y = drops[round(2 * now_s)]
        drop = Visitor(x, y, width=8, height=20)
        who = Visitor(5 + 60 * (now_s - 3), look=2)
        return shot(now_s, [drop, *([who] if now_s >= 3 else [])])

    told = watch(learnt(fps=2, learnt_s=4), seen, until_s=5, fps=2)

    assert at_s(moving(told)[0]) == pytest.approx(3.0)
    assert "too_short" in {rule for found in told[:6] for rule in found.held_back}


def test_a_dog_that_races_through_is_reported() -> None:
    """Eight of its lengths a second, in view for a second: it was taken for an insect."""
    told = watch(
        learnt(),
        lambda now_s: shot(now_s, [Visitor(350 * now_s - 42, 120, width=43, height=22, look=2)]),
        until_s=1.2,
    )

    assert moving(told)
    assert len(tracks(told)) == 1


@pytest.mark.parametrize("height_px", [20, 30, 40])
def test_who_comes_straight_towards_the_camera_is_reported(height_px: int) -> None:
    """In the picture he hardly moves, he grows."""

    def seen(now_s: float) -> Frame:
        height = round(height_px * 1.4**now_s)
        return shot(now_s, [Visitor(160 - height / 5, 90 - height / 4, height * 2 // 5, height)])

    told = watch(learnt(), seen, until_s=3)

    assert at_s(moving(told)[0]) < 1.2


def test_the_same_walk_is_reported_by_a_camera_that_stutters() -> None:
    watching, now_s, told = learnt(), 0.0, []
    for pause_s in [0.03, 0.2, 0.05, 0.05, 0.3, 0.02, 0.1, 0.25, 0.04] * 2:
        told.append(watching.detect(shot(now_s, [walker(now_s, 80)])))
        now_s += pause_s

    assert at_s(moving(told)[0]) <= 0.75
    assert moving(told)[0].since_s == pytest.approx(START_S, abs=0.25)
    assert len(tracks(told)) == 1


def test_the_same_frames_and_times_give_the_same_detections() -> None:
    def once() -> list[tuple[object, ...]]:
        told = watch(learnt(), lambda now_s: shot(now_s, [walker(now_s)], wind_px=3), until_s=1.5)
        return [
            (found.boxes, found.score, found.changed_ratio, found.since_s, found.rejected)
            for found in told
        ]

    assert once() == once()


def test_what_only_comes_apart_has_not_moved() -> None:
    """A shaking camera shows a skirting board, then a part of it: its middle jumps."""
    board = Visitor(x=190, y=100, width=100, height=18)
    end = Visitor(x=258, y=100, width=32, height=18)

    told = watch(learnt(), lambda at_s: shot(at_s, [board if at_s < 0.7 else end]), until_s=1.2)

    assert not moving(told)
    assert any(found.rejected for found in told)
