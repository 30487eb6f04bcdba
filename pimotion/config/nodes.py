"""YAML text -> plain values, each with the line it stands in; every mistake kept, not raised.

Reads the node tree, not the finished values: `yaml.safe_load` keeps the last of two equal names,
reads `on` as true, and forgets the lines. Anchors, merge keys and foreign tags are refused, so what
is written is what is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pimotion.config import secrets
from pimotion.config.places import Loc, name_of, printable
from pimotion.config.scalars import plain
from pimotion.config.secrets import Unreadable
from pimotion.config.syntax import Problem, syntax_problem

DEEPEST = 20
"""Levels of nesting; the deepest setting stands at 7."""

MOST_VALUES = 20_000
"""Names and values; reading so many takes 1.5 s on a PC. 32 cameras with all their settings and a
hundred corners of masks each have half of that."""

_PLAIN, _QUOTED, _GROUP, _LIST, _REFUSED = "plain", "quoted", "group", "list", "refused"
_TAGS = ("!env", "!file", "!credential")


class _Broken:
    """Takes the place of a value whose mistake has been told already."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN = _Broken()


@dataclass(frozen=True, slots=True)
class Mark:
    """Where and how a value was written.

    Attributes:
        line: From 1; of a named value, the line of its name.
        text: The scalar as written, without quotes; None for groups and lists, and for what came
            from elsewhere by a tag.
        tag: ``!env``, ``!file`` or ``!credential``; None for what stands in the file itself.
    """

    line: int
    text: str | None = None
    quoted: bool = False
    tag: str | None = None


@dataclass(slots=True)
class Document:
    """What a file says.

    Attributes:
        values: Dictionaries, lists and `scalars.Scalar`; `BROKEN` where a problem tells why.
        marks: One for every value, by its place.
        whole: False when the text ends, for the reader, before its end: values are missing then.
    """

    values: Any = None
    marks: dict[Loc, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True

    def mark(self, loc: Loc) -> Mark:
        """Return the mark of a value, or of the nearest thing around it."""
        while loc and loc not in self.marks:
            loc = loc[:-1]
        return self.marks.get(loc, Mark(1))


def parse(text: str, *, folder: Path) -> Document:
    """Read one YAML document.

    Args:
        text: The file's content.
        folder: Where the relative names of `!file` begin.
    """
    document = Document()
    try:
        node = _compose(text, document)
    except _Refused as error:
        document.problems.append(Problem(error.line, str(error)))
        document.whole = False
    except yaml.YAMLError as error:
        document.problems.append(syntax_problem(error, text))
        document.whole = False
    except (ValueError, OverflowError):
        # PyYAML 6.0.3 lets these out for an escape such as "\UFFFFFFFF" and a huge %YAML version.
        document.problems.append(Problem(1, "not valid YAML: an escape or a number is too large"))
        document.whole = False
    else:
        _Builder(document, folder).build(node)
    return document


class _Refused(Exception):
    """Valid YAML that is not taken at all, because reading on would only mislead."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Composes nodes whose tags say how they were written, and refuses anchors."""

    def __init__(self, text: str, document: Document) -> None:
        super().__init__(text)
        self._document = document
        self._depth = self._count = 0

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:  # noqa: ARG002  PyYAML's
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _QUOTED
        return _GROUP if kind is yaml.MappingNode else _LIST

    def next_event(self) -> Any:
        """Return the event that comes next, and leave it there."""
        return self.peek_event()  # type: ignore[no-untyped-call]

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.next_event()
        mark: Any = event.start_mark
        line = mark.line + 1
        if self._depth > DEEPEST:
            raise _Refused(line, f"nested deeper than {DEEPEST} levels")
        self._count += 1
        if self._count > MOST_VALUES:
            raise _Refused(line, f"more than {MOST_VALUES} names and values before this line")
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            self._tell(line, "aliases", "*")
            return yaml.ScalarNode(_REFUSED, "", mark, mark)
        if getattr(event, "anchor", None) is not None:
            self._tell(line, "anchors", "&")
            event.anchor = None
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _tell(self, line: int, what: str, sign: str) -> None:
        text = f"{what} ({sign}name) are not supported; text that begins with {sign} needs quotes"
        self._document.problems.append(Problem(line, text))


def _compose(text: str, document: Document) -> yaml.Node | None:
    loader = _Loader(text, document)
    try:
        node: yaml.Node | None = loader.get_node() if loader.check_node() else None
        if loader.check_node():
            line = loader.next_event().start_mark.line + 1
            raise _Refused(line, "a second document (---) begins here; a file holds one")
        return node
    finally:
        loader.dispose()


class _Builder:
    """Makes values and marks of nodes."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder

    def build(self, node: yaml.Node | None) -> None:
        """Fill the document."""
        if node is not None:
            self._document.values = self._value(node, (), node.start_mark.line + 1)

    def _value(self, node: yaml.Node, loc: Loc, line: int) -> Any:
        self._document.marks[loc] = Mark(line)
        if node.tag == _GROUP:
            return self._group(node, loc)
        if node.tag == _LIST:
            return [
                self._value(item, (*loc, number), item.start_mark.line + 1)
                for number, item in enumerate(node.value)
            ]
        if node.tag in (_PLAIN, _QUOTED):
            quoted = node.tag == _QUOTED
            self._document.marks[loc] = Mark(line, node.value, quoted=quoted)
            return node.value if quoted else plain(node.value)
        if node.tag == _REFUSED:
            return BROKEN
        return self._tagged(node, loc, line)

    def _group(self, node: yaml.Node, loc: Loc) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == _REFUSED:
                continue
            if key.tag not in (_PLAIN, _QUOTED):
                self._tell(line, "a name must be text; text that begins with { or [ needs quotes")
            elif key.value == "<<" and key.tag == _PLAIN:
                self._tell(line, "merge keys (<<) are not supported; write the settings out")
            elif key.value in values:
                first = self._document.marks[(*loc, key.value)].line
                two = isinstance(values[key.value], dict) and value.tag == _GROUP
                advice = "merge the two" if two else "take one of the two out"
                name = printable(key.value)
                self._tell(line, f"'{name}' is set twice (first in line {first}); {advice}")
            else:
                values[key.value] = self._value(value, (*loc, key.value), line)
        return values

    def _tagged(self, node: yaml.Node, loc: Loc, line: int) -> Any:
        tag = node.tag
        if tag not in _TAGS or not isinstance(node, yaml.ScalarNode):
            known = "!env NAME, !file PATH, !credential NAME"
            self._tell(line, f"unknown tag; known: {known}; text that begins with ! needs quotes")
            return BROKEN
        self._document.marks[loc] = Mark(line, tag=tag)
        try:
            return secrets.fetch(tag, node.value, self._folder)
        except Unreadable as error:
            shown = f"{tag} {printable(node.value)}".rstrip()
            self._tell(line, f"{name_of(loc)}: {shown} {error}")
            return BROKEN

    def _tell(self, line: int, text: str) -> None:
        self._document.problems.append(Problem(line, text))


def quoted(text: str) -> str:
    """Return a text in double quotes, as YAML reads it back."""
    dumped: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=1_000_000)
    return dumped.removesuffix("\n")
