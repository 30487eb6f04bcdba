"""A name that is no setting -> one sentence with what was probably meant.

Where a colon is missing or a comma stands in text without quotes, YAML takes the text for a name,
and that text may be a password: of a name no more is shown than its first word.
"""

from __future__ import annotations

import difflib
import re

from pimotion.config import fields
from pimotion.config.fields import Setting
from pimotion.config.places import Loc, name_of

_FIRST_WORD = re.compile(r"[\w.-]*")


def unknown_setting(loc: Loc, *, has_value: bool) -> str:
    """Return what is wrong with a name, and which one it should be.

    Args:
        loc: Where it stands; its last part is the name.
        has_value: Whether something stands behind it.
    """
    parent = fields.at(loc[:-1])
    known = parent.names if parent else ()
    secrets = [name for name in known if fields.is_secret((*loc[:-1], name))]
    written = str(loc[-1]).lower()
    word = _first_word(written)
    begun = word if word in known and word != written else None
    if not has_value:
        begun = begun or next((each for each in secrets if _continues(written, each)), None)
    if begun:
        return f"unknown setting '{name_of((*loc[:-1], begun))}...'; is ': ' missing behind it?"
    unknown = f"unknown setting '{name_of((*loc[:-1], _shown(str(loc[-1]))))}'"
    if secrets and not has_value:
        unknown = f"unknown setting in {name_of(loc[:-1])}, without a value"
    return f"{unknown}; {_advice(loc, parent, has_value=has_value)}"


def nearest(written: str, known: tuple[str, ...]) -> str | None:
    """Return the name that is most like what was written; None if none is."""
    near = difflib.get_close_matches(written.lower(), known, n=1, cutoff=0.7)
    return near[0] if near else None


def _first_word(written: str) -> str:
    match = _FIRST_WORD.match(written)
    return match[0] if match else ""


def _shown(written: str) -> str:
    word = _first_word(written)
    return word if word == written else f"{word} ..."


def _continues(written: str, name: str) -> bool:
    return written.startswith(name) and written != name


def _advice(loc: Loc, parent: Setting | None, *, has_value: bool) -> str:
    known = parent.names if parent else ()
    written = re.sub(r"[\s-]", "_", str(loc[-1]).lower())
    same = written if written in known else None
    if near := same or _deeper(written, parent) or nearest(written, known):
        return f"did you mean '{near}'?"
    above = fields.at(loc[:-2]) if len(loc) > 1 else None
    if above is not None and written in above.names:
        return f"it belongs one level up: {name_of((*loc[:-2], written))}"
    quotes = "" if has_value else "text with a ',' in it needs quotes; "
    return f"{quotes}known: {', '.join(known)}"


def _deeper(written: str, parent: Setting | None) -> str | None:
    """Find a setting of that name in a section below: ``detect.sensitivity`` for a camera's."""
    if parent is None or parent.by_id:
        return None
    for name in parent.names:
        section = fields.settings()[*parent.path, name]
        if written in section.names:
            return f"{name}.{written}"
    return None
