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
        "The scene is still being learnt, after a start, a pause of the camera, or on command.",
        "Wait a few seconds; detect.warmup_frames says how many frames it takes at most.",
    ),
    "masked": Rule(
        "ignored area",
        "It changed inside an area that is to be ignored.",
        "Take the place out of detect.masks.",
    ),
    "too_small": Rule(
        "too small",
        "It is smaller than what counts.",
        "Lower detect.min_area_ratio; raise detect.sensitivity if only parts of it are seen.",
    ),
    "too_large": Rule(
        "too large",
        "It fills more of the picture than an object may.",
        "Raise detect.max_area_ratio.",
    ),
    "too_short": Rule(
        "too brief",
        "It has not been seen for long enough yet; whoever goes on is believed within a second.",
        "Nothing if it counts a moment later; else raise detect.sensitivity, so it is seen longer.",
    ),
    "too_fast": Rule(
        "too fast",
        "It went many times its own size in a second, as insects near the lens do.",
        "Aim the camera so that what passes is seen for over a second.",
    ),
    "global_change": Rule(
        "all at once",
        "Half of the picture or more changed at once: a lamp, the night filter, a moved camera.",
        "Nothing: whoever moves counts again within a second or two, four at most.",
    ),
    "light": Rule(
        "only light",
        "Brightness changed and what is seen did not: a cloud, a lamp, a shadow, the exposure.",
        "Raise detect.sensitivity if people are taken for light.",
    ),
    "flicker": Rule(
        "flickering",
        "It comes and goes, or stays in its place: leaves, water, a screen, a flag.",
        "Raise detect.sensitivity if people are missed; who moves on is believed.",
    ),
    "clutter": Rule(
        "bustle",
        "It is like much else that comes and goes of late: rain, snow, insects, leaves in a gust.",
        "Nothing if it counts a moment later; fix a camera that shakes, and cut back twigs.",
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
