"""Plain values -> `Settings`, and everything that is wrong with them.

One mistake must not hide another: what is wrong is put aside and the rest is checked again, so that
rules about several settings are looked at even when some setting elsewhere is out of range.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pimotion.config.messages import Mistake
from pimotion.config.nodes import BROKEN, Mark
from pimotion.config.places import Loc, name_of
from pimotion.config.rules import Finding, findings
from pimotion.config.settings import Settings

_ROUNDS = 8
"""Each round puts aside one level more; a corner of a zone's polygon lies six deep."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking.

    Attributes:
        settings: What is right; None when nothing useful is left.
        errors: pydantic's, of the values as they were given.
        wrong: The places that were put aside.
    """

    settings: Settings | None
    errors: list[ErrorDetails]
    wrong: frozenset[Loc]

    def broken_rules(self, settings: Settings) -> list[Finding]:
        """Return the rules that ``settings`` break, but none that the wrong places may explain."""
        return [
            finding
            for finding in findings(settings)
            if not any(_meets(place, self.wrong) for place in (finding.loc, *finding.about))
        ]


def check(values: Any) -> Checked:
    """Check the values of a whole configuration."""
    first: list[ErrorDetails] | None = None
    wrong: set[Loc] = set()
    rest = _copied(values)
    for _round in range(_ROUNDS):
        try:
            settings = Settings.model_validate(rest)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        else:
            return Checked(settings, _untold(first), frozenset(wrong))
        first = errors if first is None else first
        aside = {_place(error) for error in errors}
        if () in aside:
            break
        wrong |= aside
        for loc in aside:
            _take_out(rest, loc)
    return Checked(None, _untold(first), frozenset(wrong))


def mistake_of(error: ErrorDetails, mark: Mark, name: str | None = None) -> Mistake:
    """Return pydantic's error as one that has a sentence."""
    return Mistake(
        type=error["type"],
        loc=error["loc"],
        value=error["input"],
        context=error.get("ctx", {}),
        text=error["msg"],
        mark=mark,
        name=name or name_of(error["loc"]),
    )


def _untold(errors: Iterable[ErrorDetails] | None) -> list[ErrorDetails]:
    return [
        error
        for error in errors or ()
        if error["input"] is not BROKEN or error["type"] == "extra_forbidden"
    ]


def _place(error: ErrorDetails) -> Loc:
    """Return what to put aside: never one item of a list, which would renumber the others."""
    loc = error["loc"]
    if error["type"] == "missing" or loc[-1:] == ("[key]",):
        loc = loc[:-1]
    numbers = [place for place, part in enumerate(loc) if isinstance(part, int)]
    return loc[: numbers[0]] if numbers else loc


def _copied(values: Any) -> Any:
    """Copy the groups; what is in them is not changed here."""
    if not isinstance(values, dict):
        return values
    return {name: _copied(value) for name, value in values.items()}


def _take_out(values: Any, loc: Loc) -> None:
    for name in loc[:-1]:
        values = values.get(name) if isinstance(values, dict) else None
    if isinstance(values, dict):
        values.pop(loc[-1], None)


def _meets(place: Loc, wrong: Iterable[Loc]) -> bool:
    return any(place[: len(other)] == other or other[: len(place)] == place for other in wrong)
