"""The method `adaptive` and who is in view while a lamp is switched: he leaves no place behind."""

from __future__ import annotations

import pytest
from garden import (
    Plane,
    Visitor,
    at_s,
    lamplight,
    learnt,
    moving,
    shot,
    watch,
)

from pimotion.types import Detection, Frame

SWITCHED_S = 0.05


def light(now_s: float, *, goes_on: bool) -> float | Plane:
    return lamplight(1.5) if (now_s > SWITCHED_S) == goes_on else 1.0


def walk(comes_s: float, look: int, *, goes_on: bool = True) -> list[Detection]:
    """Somebody comes in by the left border, and is gone 2.85 s later."""

    def shots(now_s: float) -> Frame:
        him = Visitor(x=120 * (now_s - comes_s) - 20, look=look)
        return shot(now_s, [him], light=light(now_s, goes_on=goes_on))

    watching = learnt(shots=lambda now_s: shot(now_s, light=light(-1, goes_on=goes_on)))
    return watch(watching, shots, until_s=6, from_s=min(0, comes_s))


@pytest.mark.parametrize("look", [1, 2])
@pytest.mark.parametrize("comes_s", [-0.6, 0, 0.3, 0.6])
def test_who_walks_by_while_a_lamp_goes_on_is_gone_when_he_has_gone(
    comes_s: float, look: int
) -> None:
    """The new light is learnt with him in it: where he stood then is not somebody else."""
    told = walk(comes_s, look)

    assert moving(told)
    assert at_s(moving(told)[-1]) < comes_s + 2.85 + 2.2


def test_who_walks_by_while_a_lamp_goes_off_is_gone_when_he_has_gone() -> None:
    told = walk(-0.6, look=1, goes_on=False)

    assert moving(told)
    assert at_s(moving(told)[-1]) < -0.6 + 2.85 + 2.2


def test_who_stood_in_the_new_light_for_long_leaves_no_place_behind() -> None:
    """He switches it himself, and goes after 2 s."""

    def shots(now_s: float) -> Frame:
        x = min(100.0, 120 * (now_s + 1.2) - 20) + 100 * max(0, now_s - 2)
        return shot(now_s, [Visitor(x=x, look=1)], light=light(now_s, goes_on=True))

    told = watch(learnt(), shots, until_s=8, from_s=-1.2)

    assert any(found.motion for found in told if at_s(found) > 2), "he goes"
    assert at_s(moving(told)[-1]) < 2 + 2.2 + 2.2


@pytest.mark.parametrize("look", [1, 2, 3])
@pytest.mark.parametrize("goes_on", [True, False])
def test_who_comes_after_the_lamp_and_stands_there_is_not_taken_for_a_place(
    goes_on: bool, look: int
) -> None:
    """Not even when he is as dark as the whole place was before."""

    def shots(now_s: float) -> Frame:
        him = Visitor(x=min(100.0, 120 * (now_s - 1.2) - 20), look=look)
        return shot(now_s, [him], light=1.0 if (now_s > SWITCHED_S) == goes_on else 0.4)

    watching = learnt(shots=lambda now_s: shot(now_s, light=0.4 if goes_on else 1.0))
    told = watch(watching, shots, until_s=6)

    assert all(found.motion for found in told if at_s(found) > 2)
