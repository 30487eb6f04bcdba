"""What is wrong with a value -> one sentence: where, what is allowed, what was found, what to do.

The types of error are pydantic's (https://docs.pydantic.dev/latest/errors/validation_errors/, read
2026-11); one that is not known here falls back to pydantic's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pimotion.config import fields, meant
from pimotion.config.camera import SOURCE_FORMS
from pimotion.config.fields import Setting
from pimotion.config.nodes import Mark
from pimotion.config.places import Loc, name_of, printable
from pimotion.config.scalars import Trap, looks_like_number
from pimotion.config.unknown import nearest, unknown_setting
from pimotion.config.values import HOST_PATTERN, PATTERN_WORDS
from pimotion.log import without_secrets


@dataclass(frozen=True, slots=True)
class Mistake:
    """One error as pydantic tells it.

    Attributes:
        type: pydantic's name of the error.
        loc: Where; ``[key]`` at the end means the name itself.
        value: What was found.
        context: The limit that was passed, and the like.
        text: pydantic's words.
        mark: How the value was written.
        name: What to call the setting: its place in the file, or the option that gave it.
    """

    type: str
    loc: Loc
    value: Any
    context: Mapping[str, Any]
    text: str
    mark: Mark
    name: str

    @property
    def setting(self) -> Setting | None:
        """The setting it is about."""
        return fields.at(self.loc)

    @property
    def is_written(self) -> bool:
        """Whether anything was written where the value stands, be it only ``null``."""
        return bool(self.mark.text or self.mark.tag)

    @property
    def got(self) -> str:
        """``, got 5``; empty where the value must not be shown."""
        if fields.is_secret(self.loc) or self.mark.tag:
            return ""
        return f", got {self._shown()}"

    def _shown(self) -> str:
        if self.value is None:
            return "nothing"
        if isinstance(self.value, list | tuple):
            return "a list"
        if isinstance(self.value, dict):
            return "a group of settings"
        if isinstance(self.value, str):
            wanted = self.setting
            if wanted is not None and wanted.kind in ("group", "list"):
                return "text"  # 'password:x' without a space is text, and it holds the password
            return f"'{printable(_without_login(self.value))}'"
        return printable(str(self.value) if self.mark.text is None else self.mark.text)


def _without_login(text: str) -> str:
    """Hide what may be a login, even in a URL too broken to be told from other text."""
    hidden = re.sub(r"[^\s/]+@", "***@", without_secrets(text))
    return re.sub(r"\?.*=.*", "?***", hidden)


def sentence(mistake: Mistake) -> str:
    """Return what is wrong, in words."""
    return _SENTENCES.get(mistake.type, _fallback)(mistake)


def _fallback(mistake: Mistake) -> str:
    return f"{mistake.name}: {mistake.text}{mistake.got}"


def _unknown(mistake: Mistake) -> str:
    return unknown_setting(mistake.loc, has_value=mistake.value is not None or mistake.is_written)


def _missing(mistake: Mistake) -> str:
    if mistake.loc == ("cameras",):
        return NO_CAMERA
    setting = mistake.setting
    return f"{mistake.name} is missing: {setting.help}" if setting else f"{mistake.name} is missing"


NO_CAMERA = "there is no camera; name one, such as cameras: {door: {source: auto}}"


def _group_wanted(mistake: Mistake) -> str:
    if mistake.value is None:
        if mistake.loc == ("cameras",):
            return NO_CAMERA
        return f"{mistake.name} is empty; give it settings or take it out"
    by_id = mistake.setting is not None and mistake.setting.by_id
    wanted = "a group of ids" if by_id else "a group of settings, each 'name: value'"
    return f"{mistake.name} must be {wanted}{mistake.got}"


def _list_wanted(mistake: Mistake) -> str:
    if mistake.value is None:
        return f"{mistake.name} must be a list; write [] for none"
    return f"{mistake.name} must be a list, each item behind a '-'{mistake.got}"


def _text_wanted(mistake: Mistake) -> str:
    if _is_camera_source(mistake.loc) and mistake.value is not None:
        return f"{mistake.name} must be {SOURCE_FORMS}{mistake.got}{_meant_source(mistake)}"
    quoted = f'put it in quotes: "{printable(mistake.mark.text or "")}"'
    if fields.is_secret(mistake.loc):
        quoted = "put it in quotes"
    if isinstance(mistake.value, Trap):
        if fields.is_secret(mistake.loc):
            return f"{mistake.name} must be text; {quoted}"
        return f"{mistake.name} must be text, but {_read_as(mistake.value)}; {quoted}"
    if isinstance(mistake.value, bool | int | float):
        return f"{mistake.name} must be text; {quoted}"
    return f"{mistake.name} must be text{mistake.got}"


def _read_as(trap: Trap) -> str:
    """Say what makes a trap of what is meant as text."""
    written = printable(trap.text)
    if trap.read_as == "text":  # for YAML 1.1, and a number for YAML 1.2 and JSON
        return f"some readers of YAML take {written} for a number"
    return f"YAML reads {written} as {trap.read_as}"


def _is_camera_source(loc: Loc) -> bool:
    return loc[:1] == ("cameras",) and loc[2:] == ("source",)


def _meant_source(mistake: Mistake) -> str:
    written = mistake.value if isinstance(mistake.value, str) else mistake.mark.text
    near = meant.source(written) if written and not mistake.mark.tag else None
    return f"; did you mean {printable(_without_login(near))}?" if near else ""


def _number_wanted(mistake: Mistake) -> str:
    wanted = f"{mistake.name} must be {_number_words(mistake.setting)}"
    value = mistake.value
    if isinstance(value, Trap):
        read = printable(value.text)
        return f"{wanted}, but YAML reads {read} as {value.read_as}; {_meant(value)}"
    if mistake.mark.tag:
        return f"{wanted}; {mistake.mark.tag} gives text, and stands only for text"
    if isinstance(value, str) and mistake.mark.quoted and looks_like_number(value):
        return f"{wanted}; take the quotes away from {printable(value)}"
    return f"{wanted}{mistake.got}"


def _meant(trap: Trap) -> str:
    if trap.boolean is not None:
        return "write a number"
    return f"did you mean {trap.number}?" if trap.number else "write the number in full"


def _number_words(setting: Setting | None) -> str:
    if setting is None or setting.kind == "list":
        return "a number between 0 and 1"  # a corner; nothing else is a number in a list
    nouns = {"integer": "a whole number", "size": "a size such as 200kB or 2GB,"}
    return f"{nouns.get(setting.kind, 'a number')} {setting.range}"


def _out_of_range(mistake: Mistake) -> str:
    setting = mistake.setting
    limits = setting.range if setting and setting.range else "between 0 and 1"
    return f"{mistake.name} must be {limits}{mistake.got}"


def _boolean_wanted(mistake: Mistake) -> str:
    value = mistake.value
    wanted = f"{mistake.name} must be true or false"
    if isinstance(value, Trap) and value.boolean is not None:
        return f"{wanted}, got {value.text}; did you mean {str(value.boolean).lower()}?"
    if isinstance(value, str) and value.lower() in ("true", "false") and not mistake.mark.tag:
        return f"{wanted}; take the quotes away from {printable(value)}"
    return f"{wanted}{mistake.got}"


def _choice_wanted(mistake: Mistake) -> str:
    choices = mistake.setting.choices if mistake.setting else ()
    wanted = f"{mistake.name} must be {'one of ' if len(choices) > 1 else ''}" + ", ".join(
        map(str, choices)
    )
    written = mistake.mark.text if mistake.mark.text is not None else str(mistake.value)
    if isinstance(mistake.value, str):
        if mistake.mark.quoted and written in map(str, choices):
            return f"{wanted}; take the quotes away from {written}"
        near = nearest(mistake.value, tuple(map(str, choices)))
        return f"{wanted}{mistake.got}" + (f"; did you mean {near}?" if near else "")
    if written in choices:
        return f'{wanted}; put it in quotes: "{written}"'
    return f"{wanted}{mistake.got}"


def _bad_pattern(mistake: Mistake) -> str:
    pattern = mistake.context.get("pattern", "")
    words = PATTERN_WORDS.get(pattern, "of another form")
    if mistake.loc[-1] != "[key]":
        if pattern == HOST_PATTERN and mistake.loc[-1] == "host" and not mistake.mark.tag:
            hint = meant.host(mistake.value, str(mistake.loc[0]))
            return f"{mistake.name} must be {words}{f': {hint}' if hint else mistake.got}"
        return f"{mistake.name} must be {words}{mistake.got}"
    written = str(mistake.loc[-2])
    near = re.sub(r"[^a-z0-9]+", "_", written.lower()).strip("_")[:32]
    hint = f"; did you mean {near}?" if near and near != written else ""
    where = name_of(mistake.loc[:-2])
    return f"{where}: the id '{printable(written)}' must be {words}{hint}"


def _too_short(mistake: Mistake) -> str:
    if mistake.loc == ("cameras",):
        return NO_CAMERA
    return f"{mistake.name} must not be empty"


def _too_long(mistake: Mistake) -> str:
    return f"{mistake.name} must have at most {mistake.context['max_length']} characters"


def _own_words(mistake: Mistake) -> str:
    text = str(mistake.context["error"])
    shows = not fields.is_secret(mistake.loc) and ", got " not in text
    found = mistake.got if shows and isinstance(mistake.value, str) else ""
    hint = _meant_source(mistake) if _is_camera_source(mistake.loc) else ""
    return f"{mistake.name} {text}{found}{hint}"


def _not_unicode(mistake: Mistake) -> str:
    return f"{mistake.name} holds a character that is no text"


_SENTENCES: Mapping[str, Callable[[Mistake], str]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "model_type": _group_wanted,
    "dict_type": _group_wanted,
    "mapping_type": _group_wanted,
    "tuple_type": _list_wanted,
    "string_type": _text_wanted,
    "string_unicode": _not_unicode,
    "int_type": _number_wanted,
    "float_type": _number_wanted,
    "finite_number": _number_wanted,
    "greater_than": _out_of_range,
    "greater_than_equal": _out_of_range,
    "less_than": _out_of_range,
    "less_than_equal": _out_of_range,
    "bool_type": _boolean_wanted,
    "literal_error": _choice_wanted,
    "string_pattern_mismatch": _bad_pattern,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "too_short": _too_short,
    "value_error": _own_words,
}
