"""What is wrong with the YAML itself, and what its traps are taken for."""

from __future__ import annotations

import pytest
import yaml
from config_text import DOOR, problems

from pimotion.config import nodes as config_yaml
from pimotion.config.scalars import Trap, plain

QUOTES = "needs quotes"
INSIDE = "inside { } and [ ]"
ONE = "take one of the two out"
BROKEN = [
    ("mqtt: a: b\n", "2: wrong indentation, or text with ': ' that needs quotes"),
    ("mqtt:\n\tport: 1\n", "3: a tab stands where YAML wants spaces; indent with spaces"),
    ("node: @b\n", f"2: text that begins with '@' {QUOTES}"),
    ("node: %b\n", f"2: text that begins with '%' {QUOTES}"),
    ("node: `b`\n", f"2: text that begins with '`' {QUOTES}"),
    ("node: *\n", f"2: text that begins with * or & {QUOTES}"),
    ("node: , b\n", f"2: a value is missing, or text that begins with , ] }} {QUOTES}"),
    ("node: !h!x y\n", f"2: text that begins with ! {QUOTES}"),
    ("node: 'pi\nstate_dir: x\n", "2: a quote that begins here is never closed"),
    ("http: {port: 1\nmqtt: {port: 1}\n", "3: a ',' or a closing bracket is missing"),
    ("http: {port: 1\n", "2: a bracket that opens here is never closed"),
    ("http: [1, 2\n", "2: a bracket that opens here is never closed"),
    ("x: {source: rtsp://h/x?channel=1}\n", f"2: text with '?' in it {QUOTES} {INSIDE}"),
    ("x:\n  {source: file:/x.mp4?loop}\n", f"3: text with '?' in it {QUOTES} {INSIDE}"),
    ("x: [imagezmq:tcp://[::1]:5555]\n", f"2: text with '[' in it {QUOTES} {INSIDE}"),
    ("x: {source: http://h/{a}}\n", f"2: text with '{{' in it {QUOTES} {INSIDE}"),
    ("http: {host: ::1}\n", f"2: text that begins with ':' {QUOTES} {INSIDE}"),
    ("http: {allowed_hosts: [::1]}\n", f"2: text that begins with ':' {QUOTES} {INSIDE}"),
    ("x: [[0, 0] [1, 1]]\n", "2: a ',' or a closing bracket is missing"),
    ("x: [[0, 0][1, 1]]\n", "2: a ',' or a closing bracket is missing"),
    ("x: [{a: 1}{a: 1}]\n", "2: a ',' or a closing bracket is missing"),
    ("node: 'a' b\n", "2: wrong indentation, or text after the end of a value"),
    ("node: a\n  port: 2\n", "3: wrong indentation, or text with ': ' that needs quotes"),
    ("node\nhttp: {}\n", "2: expected 'name: value', or wrong indentation"),
    ("mqtt:\n  host: x\n  port:1\n", "4: expected 'name: value', or wrong indentation"),
    ("http: - a\n", "2: a list item ('- ') must begin on a line of its own"),
    ('node: "\\q"\n', "2: in double quotes, \\ begins an escape; use single quotes"),
    ('node: "\\UFFFFFFFF"\n', "1: not valid YAML: an escape or a number is too large"),
    ("---\nnode: a\n", "2: a second document (---) begins here; a file holds one"),
    ("...\nnode\n", "3: text after the end of the document"),
    ("node: " + "[" * 30 + "\n", "2: nested deeper than 20 levels"),
    ("x: [" + "1, " * 20_000 + "]\n", "2: more than 20000 names and values before this line"),
    ("node: a\x00b\n", "2: the character U+0000 cannot stand in YAML"),
    ("# é\x07\n", "2: the character U+0007 cannot stand in YAML"),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN, ids=[text[:40] for text, _ in BROKEN])
def test_broken_yaml_is_told_in_words(text: str, expected: str) -> None:
    assert problems(DOOR + text) == [expected]


TAG = (
    "unknown tag; known: !env NAME, !file PATH, !credential NAME; "
    "text that begins with ! needs quotes"
)
REFUSED = [
    ("state_dir: !x y\n", f"2: {TAG}"),
    ("state_dir: !!str y\n", f"2: {TAG}"),
    ("state_dir: !!python/object:os.system x\n", f"2: {TAG}"),
    ("state_dir: !env [x]\n", f"2: {TAG}"),
    ("node: &a pi\n", "2: anchors (&name) are not supported; text that begins with & needs quotes"),
    ("node: *a\n", "2: aliases (*name) are not supported; text that begins with * needs quotes"),
    ("*a : pi\n", "2: aliases (*name) are not supported; text that begins with * needs quotes"),
    ("http:\n  <<: {port: 1}\n", "3: merge keys (<<) are not supported; write the settings out"),
    ("? [a]\n: 1\n", "2: a name must be text; text that begins with { or [ needs quotes"),
    ("state_dir: {{ x }}\n", "2: a name must be text; text that begins with { or [ needs quotes"),
    ("!env A: 1\n", "2: a name must be text; text that begins with { or [ needs quotes"),
    ("http: {port: 1, port: 2}\n", f"2: 'port' is set twice (first in line 2); {ONE}"),
    ('http: {port: 1, "port": 2}\n', f"2: 'port' is set twice (first in line 2); {ONE}"),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_would_only_mislead_is_refused(text: str, expected: str) -> None:
    assert expected in problems(DOOR + text)


def test_yaml_mistakes_and_wrong_values_are_told_together_in_the_order_of_lines() -> None:
    text = "http: {port: 0.5}\ncameras:\n  door: {source: auto, fps: 1, fps: 2}\nnode: A\n"
    assert [line.split(": ")[0] for line in problems(text)] == ["1", "3", "4"]


MEANINGS = [
    ("", None),
    ("~", None),
    ("null", None),
    ("true", True),
    ("False", False),
    ("0", 0),
    ("-12", -12),
    ("0.5", 0.5),
    (".5", 0.5),
    ("5.", 5.0),
    ("1.5e+3", 1500.0),
    ("2027-12-31", "2027-12-31"),
    ("3.1.1", "3.1.1"),
    ("::1", "::1"),
    ("08:15", "08:15"),
    ("localhost:80", "localhost:80"),
    ("none", "none"),
    ("٣", "٣"),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_plain_word_means(text: str, meaning: object) -> None:
    value = plain(text)
    assert value == meaning
    assert type(value) is type(meaning)


TRAPS = [
    ("on", Trap("on", "true", boolean=True)),
    ("NO", Trap("NO", "false", boolean=False)),
    ("12:30", Trap("12:30", "750")),
    ("-1:30:15.5", Trap("-1:30:15.5", "-5415.5")),
    ("010", Trap("010", "8", "10")),
    ("-007", Trap("-007", "-7", "-7")),
    ("08", Trap("08", "text", "8")),
    ("0x1F", Trap("0x1F", "31", "31")),
    ("0b11", Trap("0b11", "3", "3")),
    ("1_000", Trap("1_000", "1000", "1000")),
    ("1e3", Trap("1e3", "text", "1000")),
    ("2.5E-2", Trap("2.5E-2", "text", "0.025")),
    ("1e999", Trap("1e999", "text")),
    ("-.inf", Trap("-.inf", "infinity")),
    (".NaN", Trap(".NaN", "no number")),
    ("9" * 19, Trap("9" * 19, "a number of too many digits")),
]


@pytest.mark.parametrize(("text", "trap"), TRAPS)
def test_a_spelling_that_misleads_fits_no_setting(text: str, trap: Trap) -> None:
    assert plain(text) == trap


@pytest.mark.parametrize("text", ["on", "NO", "12:30", "-1:30:15.5", "010", "0x1F", "1_000", "1e3"])
def test_a_trap_says_what_yaml_really_reads(text: str) -> None:
    trap = plain(text)
    assert isinstance(trap, Trap)
    read = yaml.safe_load(text)
    said = "text" if isinstance(read, str) else str(read).lower()
    assert trap.read_as == said


@pytest.mark.parametrize("text", ["a", "on", 'a"b\\c', "ü😀", "\x7f\x00\t", "a\nb", "x" * 200])
def test_quoted_text_is_read_back(text: str) -> None:
    assert yaml.safe_load(config_yaml.quoted(text)) == text
    assert "\n" not in config_yaml.quoted(text)
