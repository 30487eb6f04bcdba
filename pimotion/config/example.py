"""The commented example: every setting at its default, each with what it does and may be."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from pimotion.config.fields import ANY, Path, Setting, settings
from pimotion.config.nodes import quoted
from pimotion.config.scalars import plain
from pimotion.config.values import size_text

_WIDTH = 96
"""Columns of a comment."""

_CAMERA_ID = "front_door"

_SAMPLES = {
    ("node",): "garden-pi",
    ("http", "users", ANY, "name"): "anna",
    ("http", "users", ANY, "password"): "!file anna.password",
    ("http", "tokens", ANY, "name"): "tablet in the kitchen",
    ("http", "tokens", ANY, "token"): "!file kitchen.token",
    ("cameras", ANY, "source"): "auto",
    ("cameras", ANY, "zones", ANY, "polygon"): "[[0.1, 0.5], [0.9, 0.5], [0.9, 1], [0.1, 1]]",
}
"""What stands in the example where a setting has no default, as YAML."""

_SAMPLE_IDS = {("cameras",): _CAMERA_ID, ("cameras", ANY, "zones"): "driveway"}

_HEAD = """\
# Every setting of pimotion at its default. A file of your own needs only what differs; this is a
# whole one:
#
#   cameras: {door: {source: picamera}}
#   mqtt: {host: homeassistant.local, username: pimotion, password: !file mqtt.password}
#
# `python -m pimotion init` writes one for this machine, `python -m pimotion check FILE` finds every
# mistake in it, docs/configuration.md says more. Wherever text stands, !env NAME takes it from the
# environment, !file PATH from a file, !credential NAME from systemd. Relative paths begin at the
# folder of this file.
# Made by `python -m pimotion.config.docs`.
"""


def example() -> str:
    """Return the text of ``config/pimotion.yml``."""
    return _HEAD + "\n".join(_group((), "")) + "\n"


def value_text(setting: Setting) -> str:
    """Return a setting's default as YAML."""
    return _SAMPLES.get(setting.path) or _as_yaml(setting, setting.default)


def _as_yaml(setting: Setting, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return size_text(int(value)) if setting.kind == "size" else f"{value:g}"
    if isinstance(value, list):
        return "[]"
    bare = re.fullmatch(r"[A-Za-z0-9_./-]+", value) and plain(value) == value
    return value if bare else quoted(value)


def _group(path: Path, indent: str) -> Iterator[str]:
    after_section = not path
    for name in settings()[path].names:
        setting = settings()[*path, name]
        if setting.is_section or after_section:
            yield ""
        after_section = setting.is_section or not path
        yield from _comment(setting, indent)
        yield from _setting(setting, indent)


def _setting(setting: Setting, indent: str) -> Iterator[str]:
    name = setting.path[-1]
    if setting.path == ("cameras",):
        yield f"{indent}{name}:"
        yield f"{indent}  {_CAMERA_ID}:"
        yield from _group((*setting.path, ANY), f"{indent}    ")
    elif setting.by_id:
        yield f"{indent}{name}: {{}}"
        inner = [f"{name}:", f"  {_SAMPLE_IDS[setting.path]}:"]
        yield from _commented_out([*inner, *_group((*setting.path, ANY), "    ")], indent)
    elif setting.names:
        yield f"{indent}{name}:"
        yield from _group(setting.path, f"{indent}  ")
    elif (*setting.path, ANY) in settings():
        yield f"{indent}{name}: []"
        yield from _commented_out([f"{name}:", *_item((*setting.path, ANY))], indent)
    elif setting.default is None and setting.path in _SAMPLES:
        yield f"{indent}# {name}: {value_text(setting)}"
    else:
        yield f"{indent}{name}: {value_text(setting)}"


def _item(path: Path) -> Iterator[str]:
    """Yield a list's item: the first setting behind a dash."""
    dashed = False
    for line in _group(path, "    "):
        is_setting = not line.lstrip().startswith("#")
        yield f"  - {line[4:]}" if is_setting and not dashed else line
        dashed = dashed or is_setting


def _commented_out(lines: list[str], indent: str) -> Iterator[str]:
    return (f"{indent}# {line}".rstrip() for line in lines)


def _comment(setting: Setting, indent: str) -> Iterator[str]:
    limits = ", ".join(map(str, setting.choices)) if setting.kind == "choice" else setting.span
    text = f"{setting.help} ({limits})" if limits else setting.help
    mark = f"{indent}# "
    return iter(textwrap.wrap(text, _WIDTH, initial_indent=mark, subsequent_indent=mark))
