"""What can be changed of a camera from the page: which values are allowed, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pimotion.settable import (
    EVENT_GAP_S,
    INHIBIT_S,
    MIN_AREA_PERCENT,
    SENSITIVITY,
    BadValue,
    Span,
    ratio_of,
)

Value = bool | int | float

_SPANS: Mapping[str, Span] = {
    "sensitivity": SENSITIVITY,
    "min_area_percent": MIN_AREA_PERCENT,
    "event_gap_s": EVENT_GAP_S,
    "inhibit": INHIBIT_S,
}
_PRESSED = ("snapshot", "recalibrate")
_MOMENTARY = (*_PRESSED, "inhibit")

_PLACES: Mapping[str, tuple[str, str]] = {
    "sensitivity": ("detect", "sensitivity"),
    "min_area_percent": ("detect", "min_area_ratio"),
    "event_gap_s": ("events", "event_gap_s"),
}
"""Section and key of each setting that the configuration has."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What can be changed of one camera. Does not change itself: it knows no current values.

    Attributes:
        configured: What the configuration says of each setting that has a state.
        max_area_percent: The smallest motion must be less; percent of the frame.
    """

    configured: Mapping[str, Value]
    max_area_percent: float

    @property
    def names(self) -> tuple[str, ...]:
        """Whatever can be asked for."""
        return (*self.configured, *_MOMENTARY)

    def check(self, name: str, value: Any) -> Value:
        """Return a value that somebody wants, which may be anything JSON can say.

        Args:
            name: One of `names`.
            value: As it came.

        Raises:
            BadValue: It is not allowed.
        """
        span = _SPANS.get(name)
        if span is None:
            return _check_switch(value, pressed=name in _PRESSED)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadValue(f"must be {span.words}")
        if name == "min_area_percent" and value >= self.max_area_percent:
            raise BadValue(f"must be less than {self.max_area_percent:g}, the largest motion")
        return span.check(value)

    def states(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """Return for each setting whose value is known what it is and whether that is changed."""
        return {
            name: {
                "value": values[name],
                "configured": configured,
                "changed": values[name] != configured,
            }
            for name, configured in self.configured.items()
            if name in values
        }

    def as_yaml(self, camera: str, values: Mapping[str, Value]) -> str | None:
        """Return what makes the configuration say what is set now; None if it says it already.

        Switches are not in it: the configuration has no word for them.
        """
        sections: dict[str, list[str]] = {}
        for name, (section, key) in _PLACES.items():
            if name in values and values[name] != self.configured[name]:
                line = f"      {key}: {_written(name, values[name])}"
                sections.setdefault(section, [f"    {section}:"]).append(line)
        if not sections:
            return None
        lines = [line for section in sections.values() for line in section]
        return "\n".join(["cameras:", f"  {camera}:", *lines, ""])


def _check_switch(value: Any, *, pressed: bool) -> bool:
    if value is True or (value is False and not pressed):
        return value
    raise BadValue("must be true" if pressed else "must be true or false")


def _written(name: str, value: Value) -> str:
    """Return a number as YAML has it: without an exponent, which would make it a text there."""
    number = ratio_of(value) if name == "min_area_percent" else value
    return f"{number:.11f}".rstrip("0").rstrip(".")
