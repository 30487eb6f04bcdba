"""Each rule that keeps a change from counting has words for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from pimotion.why_not import RULES, label_of

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "why-not.md"


def test_every_rule_of_the_detector_has_words() -> None:
    assert set(RULES) == {
        "warmup", "masked", "too_small", "too_large", "too_short", "too_fast", "global_change",
        "light", "flicker", "clutter", "inhibit",
    }  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_is_explained_is_one_that_can_be_met(name: str) -> None:
    sources = [*PROJECT.glob("pimotion/detect/**/*.py"), PROJECT / "pimotion" / "inhibit.py"]
    assert any(f'"{name}"' in source.read_text() for source in sources)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_explained_where_people_look(name: str) -> None:
    """The manual says the same as the page and the pictures."""
    rule = RULES[name]
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{name}`"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        f"`{name}`", rule.label, rule.meaning, rule.advice,
    ]  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_s_label_fits_on_a_small_picture(name: str) -> None:
    label = label_of(name)
    assert label.isascii()
    assert len(label) <= 14


def test_a_rule_without_words_is_still_readable() -> None:
    assert label_of("not_yet_known") == "not yet known"
