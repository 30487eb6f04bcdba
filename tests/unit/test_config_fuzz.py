"""Whatever stands in a file, the answer is settings or sentences, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from config_text import NAME
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pimotion.config import fields as config_fields
from pimotion.config import file as config_file
from pimotion.config.file import Overrides
from pimotion.errors import ConfigError

quick = settings(
    max_examples=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def try_out(text: str, overrides: Overrides | None = None) -> None:
    try:
        config_file.parse(text, NAME, overrides=overrides)
    except ConfigError as error:
        told = error.problems
    else:
        return
    assert told
    assert all(line.isprintable() for line in told), "one line each, safe on a terminal"


@quick
@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(data)
    with pytest.raises(ConfigError):
        config_file.load(path)


NAMES = sorted({part for path in config_fields.settings() for part in path})
SPELLINGS = """
on 12:30 010 1e3 .inf .nan ~ null true 0 -1 0.5 'x' "\\u00e9" "\\ud800" &a *a << | > { } [ ] # @ `
--- ... auto [[0,0],[1,0],[1,1]] [[[0,0],[1,0],[1,1]]] imagezmq:tcp://*:1 9999999999999999999
"""
WORDS = [
    *SPELLINGS.split(),
    *("!env HOME", "!file x", "!credential x", "!x y", "!!int 3", "- x", "? x", "%YAML 1.1"),
    *("\t", "\u2028", "\x85"),
]
LINES = st.builds(
    lambda indent, name, word: f"{'  ' * indent}{name}: {word}",
    st.integers(0, 4),
    st.sampled_from([*NAMES, "door", "X", "- a", "<<", "[a]", "''"]),
    st.sampled_from(["", *WORDS]) | st.text(max_size=12),
)


@quick
@given(st.lists(LINES | st.sampled_from(WORDS), max_size=12).map("\n".join))
@example('node: "\\UFFFFFFFF"')
@example('"\\ud800": 1')
@example("%YAML 99999999999999999999.1\n---\na: 1")
@example("%TAG ! x\n---\n!env A")
@example("*a : *a")
@example("? *a\n: 1")
@example("!env [a]")
@example("!file {a: b}: 1")
def test_anything_like_yaml(text: str) -> None:
    try_out(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=8,
)


def in_its_place(path: tuple[str, ...], value: Any) -> Any:
    """A configuration that is right but for one setting."""
    for part in reversed(path):
        value = {"door" if part == config_fields.ANY else part: value}
    camera = {"door": {"source": "auto", "zones": {}}}
    return {"cameras": camera} | value if path[0] != "cameras" else value


@quick
@given(st.sampled_from([path for path in config_fields.settings() if path]), VALUES)
def test_any_value_of_any_setting(path: tuple[str, ...], value: Any) -> None:
    try_out(yaml.safe_dump(in_its_place(path, value), allow_unicode=True))


@quick
@given(
    st.builds(
        Overrides,
        source=st.none() | st.text(max_size=9),
        host=st.none() | st.text(max_size=9),
        open=st.none() | st.booleans(),
        port=st.none() | st.integers(),
        warmup_frames=st.none() | st.integers(),
    )
)
def test_any_options(overrides: Overrides) -> None:
    try_out("cameras: {door: {source: auto}}", overrides)
