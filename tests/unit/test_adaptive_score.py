"""The method `adaptive`: how sure it says it is, and what it says of what did not count."""

from __future__ import annotations

import numpy as np
import pytest
from garden import HEIGHT, WIDTH, Visitor, learnt, moving, shot, watch

from pimotion.types import Detection
from pimotion.why_not import RULES


def walked(**how: float) -> list[Detection]:
    return watch(
        learnt(sensitivity=75),
        lambda now_s: shot(now_s, [Visitor(**{"x": 5 + 80 * now_s} | how)]),  # type: ignore[arg-type]
        until_s=2,
    )


def paced(until_s: float) -> list[Detection]:
    """Somebody who goes 10 px to and fro."""
    return watch(
        learnt(),
        lambda now_s: shot(now_s, [Visitor(x=120 + 10 * np.sin(4 * now_s))]),
        until_s=until_s,
    )


def best(told: list[Detection]) -> float:
    return max(found.score for found in told)


def test_a_score_is_a_share_and_none_without_motion() -> None:
    told = walked()

    assert all(0 < found.score <= 1 for found in moving(told) if found.boxes)
    assert all(found.score == 0 for found in told if not found.boxes)
    assert best(told) > 0.5, "somebody who walks through is no guess"


def test_the_longer_one_is_seen_the_surer_it_is() -> None:
    scores = [found.score for found in walked() if found.boxes]

    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 0.1


def test_the_longer_one_paces_the_surer_it_is_that_he_is_there() -> None:
    """He comes no further from where he began, and is as large and clear as ever."""
    scores = [found.score for found in paced(5) if found.boxes]

    assert scores[-1] > scores[len(scores) // 3] + 0.02


def test_the_larger_one_is_the_surer_it_is() -> None:
    """A cat, somebody far, somebody near: he has gone less of his own size, but no less far."""
    scores = [
        best(walked(y=HEIGHT - 10 - height, width=width, height=height))
        for width, height in ((8, 16), (16, 40), (26, 64), (50, 110), (70, 140))
    ]

    assert scores == sorted(scores)
    assert scores[2] > scores[0] + 0.05


def test_the_clearer_one_is_the_surer_it_is() -> None:
    """A faint figure through which the garden is seen, and one that hides it."""
    faint, clear = best(walked(opacity=0.3)), best(walked(opacity=1))

    assert 0 < faint < clear - 0.05


def test_who_walks_through_is_surer_than_who_paces_on_the_spot() -> None:
    assert best(paced(2)) < best(walked()) - 0.1


@pytest.fixture(scope="module")
def restless() -> list[Detection]:
    """Somebody, an insect, a flake too small to count, and the shadow of a cloud."""
    cloud = np.ones((HEIGHT, WIDTH), np.float32)
    cloud[:70, 200:] = 0.7
    watching = learnt()
    told = watch(
        watching,
        lambda now_s: shot(
            now_s,
            [
                Visitor(x=5 + 60 * now_s, y=100),
                Visitor(x=300 - 900 * (now_s % 0.8), y=20, width=14, height=10),
                Visitor(x=250, y=150 + 6 * now_s, width=5, height=5, look=3),
            ],
            light=cloud,
        ),
        until_s=2.4,
    )
    told += watch(watching, shot, from_s=2.4, until_s=2.6)
    return told


def test_each_region_that_did_not_count_says_why(
    restless: list[Detection],
) -> None:
    rules = {rule for found in restless for rule in found.held_back}

    assert {"light", "too_short", "too_small"} <= rules
    assert rules <= set(RULES), "each has words for a person"
    for found in restless:
        assert len(found.rejected) <= 16
        areas = [each.box.area for each in found.rejected]
        assert areas == sorted(areas, reverse=True)
        assert (found.suppressed is None) == (not found.held_back)


def test_what_a_picture_was_compared_with_is_shown_to_who_asks() -> None:
    """The scene without the one who walks there now."""
    watching = learnt()
    told = watch(watching, lambda now_s: shot(now_s, [Visitor(x=60 * now_s)]), until_s=1.5)
    assert {found.model for found in told} == {None}

    watching.show_model(True)
    found = watching.detect(shot(1.5, [Visitor(x=90)]))
    model = found.model

    assert model is not None
    assert model.background.shape == model.threshold.shape == found.foreground.shape
    where_he_is = np.s_[43:70, 46:56]  # at half the size
    empty = shot(1.5).picture.luma(160)[where_he_is].astype(int)
    assert np.abs(model.background[where_he_is] - empty).mean() < 10
    assert model.threshold.min() > 0
    watching.show_model(False)
    assert watching.detect(shot(1.6, [Visitor(x=96)])).model is None
