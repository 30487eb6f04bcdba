"""The method `adaptive` where many come at once, or one is seen seldom: things, not weather."""

from __future__ import annotations

import pytest
from garden import START_S, WIDTH, Visitor, learnt, shot, watch


def standing_about(now_s: float, people: int) -> list[Visitor]:
    """Each goes to and fro in a place of his own, and is 14x36 px of 320x180."""
    return [
        Visitor(
            x=15 + 34 * number + (12 if number % 2 else -12) * abs((now_s + 0.37 * number) % 2 - 1),
            y=20 + 50 * (number % 3),
            width=14,
            height=36,
            look=number,
        )
        for number in range(people)
    ]


def walking_by(now_s: float) -> list[Visitor]:
    """Eight, each on a path and at a pace of his own."""
    return [
        Visitor(
            x=((30 + 5 * number) * now_s + 40 * number) % (WIDTH + 40) - 20,
            y=15 + 17 * number,
            width=14,
            height=36,
            look=number,
        )
        for number in range(8)
    ]


@pytest.mark.parametrize("people", [6, 9])
def test_many_people_at_once_are_no_weather(people: int) -> None:
    """On a busy square everybody was called bustle as soon as there were seven."""
    told = watch(learnt(), lambda now_s: shot(now_s, standing_about(now_s, people)), until_s=5)

    assert all(found.motion for found in told[10:])
    assert len(told[-1].boxes) > people // 2


def test_many_who_walk_by_are_no_weather() -> None:
    told = watch(learnt(), lambda now_s: shot(now_s, walking_by(now_s)), until_s=5)

    assert all(found.motion for found in told[10:])


def test_who_is_seen_once_a_second_is_the_surer_the_longer_he_is_there() -> None:
    """He was a new visitor in each picture, since that picture, of whom nothing was sure."""
    told = watch(
        learnt(fps=1, learnt_s=6),
        lambda now_s: shot(now_s, [Visitor(x=20 + 30 * now_s)]),
        until_s=8,
        fps=1,
    )

    scores = [found.score for found in told]
    assert scores == sorted(scores)
    assert scores[-1] > 0.6
    assert {found.since_s for found in told} == {START_S}
