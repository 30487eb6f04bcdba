"""The smallest motion that counts can be changed while the detector runs."""

from __future__ import annotations

import garden
import pytest
from scenes import Thing, frame

from pimotion.config.camera import Detect
from pimotion.detect.detector import Detector

SMALL = Thing(x=100, y=60, width=20, height=30)
"""About 1 % of the frame."""


def test_the_classic_method_stops_seeing_what_is_too_small_now() -> None:
    watching = Detector(Detect(method="running_average", warmup_frames=4, hold_s=0), zones={})
    for index in range(8):
        watching.detect(frame(index))

    assert watching.detect(frame(8, [SMALL])).boxes
    watching.set_min_area(0.05)
    found = watching.detect(frame(9, [SMALL]))
    assert not found.boxes
    assert found.suppressed == "too_small"
    watching.set_min_area(0.001)
    assert watching.detect(frame(10, [SMALL])).boxes


@pytest.mark.parametrize("before_start", [True, False])
def test_the_adaptive_method_takes_no_notice_of_a_visitor_who_is_too_small_now(
    before_start: bool,
) -> None:
    watching = garden.learnt()
    watching.set_min_area(0.2)
    if before_start:
        watching.recalibrate()
        garden.watch(watching, garden.shot, until_s=3)
    told = garden.watch(
        watching,
        lambda at_s: garden.shot(at_s, [garden.Visitor(x=60 * (at_s % 3))]),
        from_s=3,
        until_s=6,
    )
    assert not any(detection.boxes for detection in told)
