"""What an examination found, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from pimotion.config.places import safe


class Verdict(StrEnum):
    """How a check ended. A `NOTE` is worth reading, but nothing is broken by it."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    Attributes:
        name: What was tried.
        verdict: How it ended.
        found: What was seen, in words.
        advice: What to do about it; empty when nothing has to be done.
    """

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def passed(checks: Sequence[Check]) -> bool:
    """Tell whether nothing failed."""
    return all(check.verdict is not Verdict.FAILED for check in checks)


def line(check: Check, width: int) -> str:
    """Return a check as text; ``width`` is the longest name, letters."""
    mark = "FAILED" if check.verdict is Verdict.FAILED else check.verdict.value
    text = f"{mark:6}  {check.name:{width}}  {safe(check.found)}"
    return f"{text}\n{'':6}  {'':{width}}  -> {safe(check.advice)}" if check.advice else text


def json_of(checks: Sequence[Check]) -> str:
    """Return all of it as one JSON object."""
    told = {"passed": passed(checks), "checks": [asdict(check) for check in checks]}
    return json.dumps(told, indent=2)
