"""Why a change did not count as motion: each rule's name in words, and what to do about it.

The one place for these words: pictures, the page and ``docs/why-not.md`` take them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What keeps a change from counting, for a person.

    Attributes:
        label: A word or two, in plain letters: it is drawn on pictures.
        meaning: What was seen, a sentence.
        advice: What to do if it should have counted, a sentence.
    """

    label: str
    meaning: str
    advice: str


RULES: Mapping[str, Rule] = {
    "warmup": Rule(
        "still learning",
        "The scene is still being learnt, after a start, a lost picture or on command.",
        "Wait a few seconds; detect.warmup_frames says how many frames it takes.",
    ),
    "masked": Rule(
        "ignored area",
        "It changed inside an area that is to be ignored.",
        "Take the place out of detect.masks.",
    ),
    "too_small": Rule(
        "too small",
        "It is smaller than what counts.",
        "Lower detect.min_area_ratio, or raise detect.sensitivity.",
    ),
    "too_large": Rule(
        "too large",
        "It fills more of the picture than an object may.",
        "Raise detect.max_area_ratio.",
    ),
    "too_short": Rule(
        "too brief",
        "It has not been seen for long enough, or has not moved on, to be taken for an object.",
        "Raise detect.sensitivity, or detect.fps, so that it is seen in more frames.",
    ),
    "too_fast": Rule(
        "too fast",
        "It crosses the picture as only insects, drops and flakes near the lens do.",
        "Raise detect.fps, so that it moves less from one frame to the next.",
    ),
    "global_change": Rule(
        "all at once",
        "Nearly the whole picture changed at once: a lamp, the night filter, a moved camera.",
        "Nothing: whoever moves counts again within a second or two.",
    ),
    "light": Rule(
        "only light",
        "The light on a surface changed and the surface did not: a cloud, a headlight, a lamp.",
        "Raise detect.sensitivity if people are taken for light.",
    ),
    "shadow": Rule(
        "only shadow",
        "A surface became darker and is still seen through it: the shadow of something.",
        "Raise detect.sensitivity if people are taken for shadows.",
    ),
    "flicker": Rule(
        "flickering",
        "This place changes again and again: leaves, water, a screen, a flag.",
        "Raise detect.sensitivity if people in front of it are missed.",
    ),
    "clutter": Rule(
        "bustle",
        "Many small things move at once: rain, snow, insects, a shaking camera.",
        "Fix a camera that shakes; otherwise raise detect.sensitivity.",
    ),
    "ghost": Rule(
        "empty place",
        "Something has left this place, and what is seen now is what was behind it.",
        "Nothing: the place is learnt by itself.",
    ),
    "inhibit": Rule(
        "told to wait",
        "Motion is ignored for some seconds because a command asked for it.",
        "Send the inhibit command with fewer seconds, or later.",
    ),
}
"""By the name that `replay`, `stats` and the API use."""


def label_of(rule: str) -> str:
    """Return a rule's name in words."""
    known = RULES.get(rule)
    return known.label if known else rule.replace("_", " ")
