"""Every setting as data: its place, kind, range, default and help, read off the JSON Schema.

Messages, the example, the documentation and the published schema all come from here, so that they
cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pimotion.config.settings import Settings
from pimotion.config.values import (
    HOST_PATTERN,
    ID_PATTERN,
    ORIGIN_PATTERN,
    PATTERN_WORDS,
    SIZE_PATTERN,
    TEXT_PATTERN,
    size_text,
)

ANY = "*"
"""Stands in a path for any id and any number in a list."""

Path = tuple[str, ...]

_REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, or a section of settings.

    Attributes:
        path: ``("cameras", "*", "fps")``.
        spec: Its JSON Schema without null and references.
        help: One sentence or more.
        default: `Setting.required` tells whether there is one.
        nullable: True when null is allowed.
        names: Of its own settings, in order; empty unless it is a section.
        by_id: True for a section whose names are free ids.
    """

    path: Path
    spec: Mapping[str, Any]
    help: str
    default: Any
    nullable: bool
    names: tuple[str, ...] = ()
    by_id: bool = False

    @property
    def required(self) -> bool:
        """True when a configuration must have it."""
        return self.default is _REQUIRED

    @property
    def is_section(self) -> bool:
        """True for a group of settings."""
        return bool(self.names) or self.by_id

    @property
    def is_secret(self) -> bool:
        """True when its value must never be shown."""
        return self.spec.get("format") == "password"

    @property
    def kind(self) -> str:
        """The kind of value: group, list, choice, size, integer, number, boolean or string."""
        if self.is_section:
            return "group"
        if "enum" in self.spec or "const" in self.spec:
            return "choice"
        kind: str = "size" if self.spec.get("format") == "bytes" else self.spec["type"]
        return "list" if kind == "array" else kind

    @property
    def choices(self) -> tuple[str | int, ...]:
        """The values of a choice."""
        return tuple(self.spec.get("enum", (self.spec.get("const"),)))

    @property
    def unit(self) -> str:
        """The unit behind a number, with a space in front; empty if there is none."""
        name = self.path[-1]
        for ending, unit in _UNITS.items():
            if name == ending or name.endswith(f"_{ending}"):
                return f" {unit}"
        return ""

    @property
    def range(self) -> str:
        """What a number must be: ``between 0.5 and 600 s``; empty if anything goes."""
        show: Callable[[Any], str] = size_text if self.kind == "size" else _number_text
        low, high = (self.spec.get(end) for end in ("minimum", "maximum"))
        above = self.spec.get("exclusiveMinimum")
        if above is not None:
            return f"more than {show(above)}, at most {show(high)}{self.unit}"
        if low is not None and high is not None:
            return f"between {show(low)} and {show(high)}{self.unit}"
        return "" if low is None else f"at least {show(low)}{self.unit}"

    @property
    def span(self) -> str:
        """The same, shorter: ``0.5 to 600 s``."""
        return self.range.removeprefix("between ").replace(" and ", " to ", 1)

    @property
    def allowed(self) -> str:
        """What it may be, in words, for documentation."""
        words = self._text_allowed() if self.kind == "string" else self._words()
        return f"{words}, or null" if self.nullable else words

    def _words(self) -> str:
        if self.kind == "list":
            return f"a list of {self._items()}"
        return {
            "group": "a group by id",
            "choice": ", ".join(map(str, self.choices)),
            "boolean": "true or false",
            "size": f"a size, {self.span}",
            "integer": f"a whole number, {self.span}",
            "number": f"a number, {self.span}",
        }[self.kind]

    def _items(self) -> str:
        items = self.spec["items"]
        if "$ref" in items:
            return "groups"
        if items["type"] == "string":
            return _MANY.get(items.get("pattern", ""), "texts")
        return "polygons" if "items" in items else "corners"

    def _text_allowed(self) -> str:
        if self.is_secret:
            return "text (a secret)"
        pattern = self.spec.get("pattern", "")
        return "text" if pattern == TEXT_PATTERN else PATTERN_WORDS.get(pattern, "text")


_MANY = {
    ID_PATTERN: "ids",
    HOST_PATTERN: "host names or addresses",
    ORIGIN_PATTERN: "`self` or addresses without a path",
}
"""What the items of a list are called."""

_UNITS = {"s": "s", "ms": "ms", "px": "px", "fps": "fps", "days": "days"} | dict.fromkeys(
    ("width", "height"), "px"
)


@cache
def settings() -> Mapping[Path, Setting]:
    """Return every setting and section by its path, in the order of the configuration."""
    schema = Settings.model_json_schema()
    root = Setting((), {}, "", None, nullable=False, names=tuple(schema["properties"]))
    return {(): root} | {setting.path: setting for setting in _walk(schema, schema["$defs"], ())}


def _walk(section: Mapping[str, Any], defs: Mapping[str, Any], path: Path) -> Iterator[Setting]:
    for name, spec in section["properties"].items():
        setting = _setting(spec, (*path, name), defs, required=name in section.get("required", ()))
        yield setting
        inner = _inner(setting.spec, defs)
        if inner is None:
            continue
        below = setting.path
        if setting.by_id or setting.kind == "list":
            below = (*below, ANY)
            yield Setting(
                below, inner, inner["description"], None, False, tuple(inner["properties"])
            )
        yield from _walk(inner, defs, below)


def _setting(
    spec: dict[str, Any], path: Path, defs: Mapping[str, Any], *, required: bool
) -> Setting:
    options = [option for option in spec.get("anyOf", ()) if option.get("type") != "null"]
    bare = {**spec, **(options[0] if options else {})}
    target = _resolved(bare, defs)
    text = spec.get("description") or target.get("description", "")
    default = _REQUIRED if required else spec.get("default")
    return Setting(
        path,
        _plain_spec(bare),
        " ".join(text.split()),
        default,
        nullable=bool(options),
        names=tuple(target.get("properties", ())),
        by_id="patternProperties" in bare,
    )


def _resolved(spec: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = spec.get("$ref")
    return defs[reference.rsplit("/", maxsplit=1)[-1]] if reference else spec


def _inner(spec: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the section inside a section, a list or a group by id; None if there is none."""
    inside = spec.get("items", spec)
    for by_id in spec.get("patternProperties", {}).values():
        inside = by_id
    target = _resolved(inside, defs)
    return target if "properties" in target else None


def _plain_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Give the bounds of a size, which pydantic leaves under its own names, their usual ones."""
    usual = {"ge": "minimum", "le": "maximum"}
    return {usual.get(name, name): value for name, value in spec.items() if name != "anyOf"}


def at(loc: tuple[str | int, ...]) -> Setting | None:
    """Return the setting at a place of a configuration; None if there is none such."""
    path: Path = ()
    for part in loc:
        here = settings().get(path)
        named = here is not None and not here.by_id and here.kind == "group"
        path = (*path, str(part) if named else ANY)
    return settings().get(path)


def is_secret(loc: tuple[str | int, ...]) -> bool:
    """Tell whether the value at a place must never be shown."""
    setting = at(loc)
    return setting is not None and setting.is_secret


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the configuration, draft 2020-12."""
    raw = Settings.model_json_schema()
    tidy: dict[str, Any] = _tidy(raw)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pimotion configuration",
        **tidy,
    }


def _tidy(node: Any) -> Any:
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "bytes":
        number = {k: v for k, v in _plain_spec(node).items() if k in ("type", "minimum", "maximum")}
        size = {"type": "string", "pattern": f"^{SIZE_PATTERN}$"}
        kept = {k: v for k, v in node.items() if k in ("description", "default")}
        return kept | {"anyOf": [number, size]}
    if "patternProperties" in node:
        node = {**node, "additionalProperties": False}
    # A title is pydantic's guess at the name; a *setting* called title would be a mapping.
    return {k: _tidy(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}


def _number_text(value: float) -> str:
    return f"{value:.12g}"
