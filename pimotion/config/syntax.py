"""Text that is no YAML: what PyYAML says about it, in words that say what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

_BEGINS = re.compile(r"found character ('.*') that cannot start any token")

_SIGN = re.compile(r"expected ',' or .*, but got '([?[{])'")
_BEFORE_A_BRACKET = frozenset(" \t\r\n]}\"'")

_SYNTAX_WORDS = {
    "mapping values are not allowed": "wrong indentation, or text with ': ' that needs quotes",
    "could not find expected ':'": "expected 'name: value', or wrong indentation",
    "expected <block end>": "wrong indentation, or text after the end of a value",
    "unexpected end of stream": "a quote that begins here is never closed",
    "'<stream end>'": "a bracket that opens here is never closed",
    "expected ',' or": "a ',' or a closing bracket is missing",
    "sequence entries are not": "a list item ('- ') must begin on a line of its own",
    "expected the node content": "a value is missing, or text that begins with , ] } needs quotes",
    "alphabetic or numeric": "text that begins with * or & needs quotes",
    "<document start>": "text after the end of the document",
    "unknown escape": "in double quotes, \\ begins an escape; use single quotes",
    "tag": "text that begins with ! needs quotes",
}
"""What PyYAML 6.0.3 says -> what to do about it."""

_UNFINISHED = ("unexpected end of stream", "'<stream end>'", "could not find expected ':'")
"""What it says only later of something that began before: that is the line to show."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, in words; lines count from 1."""

    line: int
    text: str


def syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    """Return what PyYAML found in a text as a problem with its line."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem(line, f"the character U+{_code(error.character):04X} cannot stand in YAML")
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(1, "not valid YAML")
    problem = error.problem or error.context or ""
    opened = error.context_mark if problem.endswith(_UNFINISHED) else None
    mark = opened or error.problem_mark or error.context_mark
    in_brackets = _sign_in_brackets(error, text)
    words = f"text {in_brackets} needs quotes inside {{ }} and [ ]" if in_brackets else None
    return Problem(mark.line + 1 if mark else 1, words or _syntax_text(problem))


def _sign_in_brackets(error: yaml.MarkedYAMLError, text: str) -> str | None:
    """Return the sign in a text that would be one in a line of its own; None if it is another."""
    problem, mark = error.problem or "", error.problem_mark
    if problem.endswith("expected the node content, but found ':'"):
        return "that begins with ':'"
    sign = _SIGN.search(problem)
    if sign is None or mark is None:
        return None
    # [[0, 0] [1, 1]] lacks a comma; http://[::1]/ does not.
    is_within = sign[1] == "?" or text[mark.index - 1 : mark.index] not in _BEFORE_A_BRACKET
    return f"with '{sign[1]}' in it" if is_within else None


def _code(character: str | int) -> int:
    # PyYAML 6.0.3 annotates a string, and gives a number for text, bytes for bytes.
    return character if isinstance(character, int) else ord(character)


def _syntax_text(problem: str) -> str:
    """Say in words what YAML's own reader found. Never shows the text itself: it may be secret."""
    if begins := _BEGINS.search(problem):
        if begins[1] == r"'\t'":
            return "a tab stands where YAML wants spaces; indent with spaces"
        return f"text that begins with {begins[1]} needs quotes"
    for found, words in _SYNTAX_WORDS.items():
        if found in problem:
            return words
    return f"not valid YAML: {problem}"
