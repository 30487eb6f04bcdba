"""Where a value stands in a configuration, and how to show that and other text to a person."""

from __future__ import annotations

Loc = tuple[str | int, ...]
"""Where a value stands: names of settings and, in lists, numbers from 0."""


def name_of(loc: Loc) -> str:
    """Return a place as people write it: ``cameras.door.privacy_masks[0]``."""
    name = ""
    for part in loc:
        name += f"[{part}]" if isinstance(part, int) else f".{printable(part)}"
    return name.removeprefix(".") or "the configuration"


def printable(text: str) -> str:
    """Return a text short enough and safe to show on a terminal."""
    return safe(text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004  most of a line


def safe(text: str) -> str:
    """Return a text without characters that a terminal would act on, or cannot show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
