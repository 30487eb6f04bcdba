"""What a plain word of YAML means here: null, true, false, a number, text, or a trap.

YAML 1.1 and 1.2 disagree about some spellings, and people mean a third thing. `on`, `12:30`, `010`
and their like are therefore never guessed at: they become a `Trap`, which fits no setting.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})

# 18 digits fit 64 bits, which is as far as every YAML reader agrees.
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(e[-+][0-9]{1,3})?")

_ON = frozenset({"on", "On", "ON", "yes", "Yes", "YES"})
_OFF = frozenset({"off", "Off", "OFF", "no", "No", "NO"})
_OCTAL = re.compile(r"([-+]?)0+([0-9]+)")
_BASED = re.compile(r"[-+]?0(x[0-9a-fA-F]+|o[0-7]+|b[01]+)")
_SPLIT = re.compile(r"[-+]?[0-9]+(_[0-9]+)+")
_CLOCK = re.compile(r"[-+]?[1-9][0-9]{0,5}(:[0-5]?[0-9]){1,3}(\.[0-9]*)?")
_POWER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+")
_ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONG = re.compile(r"[-+]?[0-9]{19,}(\.[0-9]*)?|[-+]?[0-9]*\.[0-9]{19,}")

_LONGEST = 60
"""A number longer than this gets no suggestion."""


@dataclass(frozen=True, slots=True)
class Trap:
    """A spelling that YAML readers and people understand differently.

    Attributes:
        text: As written.
        read_as: What YAML makes of it, in words.
        number: The number that was probably meant; None when nobody can tell.
        boolean: True for `on` and `yes`, False for `off` and `no`, else None.
    """

    text: str
    read_as: str
    number: str | None = None
    boolean: bool | None = None


Scalar = bool | int | float | str | Trap | None


def plain(text: str) -> Scalar:
    """Return what an unquoted word means."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return _trap(text) or text


def looks_like_number(text: str) -> bool:
    """Tell whether a text would be a number without its quotes."""
    return _WHOLE.fullmatch(text) is not None or _DECIMAL.fullmatch(text) is not None


def _trap(text: str) -> Trap | None:
    if text in _ON or text in _OFF:
        return Trap(text, "true" if text in _ON else "false", boolean=text in _ON)
    if _ENDLESS.fullmatch(text):
        return Trap(text, "infinity" if "i" in text.lower()[:3] else "no number")
    if _LONG.fullmatch(text):
        return Trap(text, "a number of too many digits")
    return _number_trap(text) if len(text) <= _LONGEST else None


def _number_trap(text: str) -> Trap | None:
    if match := _OCTAL.fullmatch(text):
        sign, digits = match.groups()
        octal = not re.search("[89]", digits)
        return Trap(text, str(int(sign + digits, 8)) if octal else "text", sign + digits)
    if _BASED.fullmatch(text):
        return Trap(text, value := str(int(text, 0)), value)
    if _SPLIT.fullmatch(text):
        return Trap(text, value := str(int(text)), value)
    if _CLOCK.fullmatch(text):
        return Trap(text, _shortest(_clock(text)))
    if _POWER.fullmatch(text):
        value_f = float(text)
        return Trap(text, "text", _shortest(value_f) if math.isfinite(value_f) else None)
    return None


def _clock(text: str) -> float:
    """Read ``12:30`` as YAML 1.1 does, to the base of 60."""
    value = 0.0
    for part in text.lstrip("+-").split(":"):
        value = value * 60 + float(part)
    return -value if text.startswith("-") else value


def _shortest(value: float) -> str:
    return f"{value:.12f}".rstrip("0").rstrip(".")
