"""A YAML file -> `Settings`, or every mistake in it at once, each with its line."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pimotion.called import command
from pimotion.config import certificate, fields, nodes
from pimotion.config.check import Checked, check, mistake_of
from pimotion.config.messages import NO_CAMERA, sentence
from pimotion.config.nodes import Document, Mark
from pimotion.config.overrides import Overrides, override
from pimotion.config.paths import rooted
from pimotion.config.places import Loc, name_of, safe
from pimotion.config.rules import Finding, findings
from pimotion.config.scalars import plain
from pimotion.config.secrets import Unreadable, read_file
from pimotion.config.settings import Settings
from pimotion.config.syntax import Problem
from pimotion.errors import ConfigError

__all__ = ["Overrides", "apply", "find", "found", "from_values", "load", "parse", "rules"]

log = logging.getLogger(__name__)

FILE_BYTES = 256 * 1024
"""A configuration may be this long; 32 cameras with every setting written out are 100 KiB."""

MOST_PROBLEMS = 100
"""Problems shown at once; a file of another kind would fill the terminal."""

_URL_LOGIN = re.compile(r"://[^/@]*:[^/@]+@")


def find(explicit: str | None = None) -> Path | None:
    """Return the configuration to use; None if there is none.

    What is named, by ``--config`` or ``$PIMOTION_CONFIG``, is returned even if it does not exist:
    `load` then says so.
    """
    named = explicit or os.environ.get("PIMOTION_CONFIG")
    if named:
        return Path(named)
    return next((path for path in _usual_places() if _is_there(path)), None)


def found(explicit: str | None = None) -> Path:
    """Return what `find` does, for a command that cannot do without.

    Raises:
        ConfigError: There is none.
    """
    path = find(explicit)
    if path is None:
        raise ConfigError(
            [f"there is no configuration: name a file, or let `{command('init')}` write one"]
        )
    return path


def load(path: Path, *, overrides: Overrides | None = None) -> Settings:
    """Read a configuration.

    Raises:
        ConfigError: With every mistake, in the order of the lines.
    """
    try:
        data, mode = read_file(path, FILE_BYTES)
    except Unreadable as error:
        raise ConfigError([f"{path}: {error}"]) from None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: not UTF-8 text; save the file as UTF-8"]) from None
    document = nodes.parse(text, folder=path.parent)
    settings = _settings(document, path, overrides or Overrides())
    if mode & stat.S_IROTH:
        _warn_of_open_secrets(document, path)
    certificate.warn_of(settings.http.tls)
    return settings


def parse(text: str, path: Path, *, overrides: Overrides | None = None) -> Settings:
    """Read the text of a configuration; ``path`` names it in messages, and need not exist.

    Relative paths begin at its folder, those of the command line at the working folder.

    Raises:
        ConfigError: With every mistake, in the order of the lines.
    """
    document = nodes.parse(text, folder=path.parent)
    return _settings(document, path, overrides or Overrides())


def from_values(values: Mapping[str, Any]) -> Settings:
    """Return settings that were put together by a program, checked as those of a file are.

    Relative paths begin at the working folder.

    Raises:
        ConfigError: With every mistake.
    """
    checked = check(dict(values))
    problems = [sentence(mistake_of(error, Mark(1))) for error in checked.errors]
    if checked.settings is None:
        raise ConfigError(problems or [NO_CAMERA])
    settings = rooted(checked.settings, Path())
    problems += [_rule_text(each, {}) for each in checked.broken_rules(settings)]
    if problems:
        raise ConfigError(problems)
    return settings


def apply(settings: Settings, overrides: Overrides) -> Settings:
    """Return the settings as the command line wants them.

    Raises:
        ConfigError: An option is out of its range, or breaks a rule.
    """
    changed = override(settings, overrides)
    changed.settings = rooted(changed.settings, Path())
    broken = [_rule_text(finding, changed.options) for finding in findings(changed.settings)]
    if problems := changed.problems + broken:
        raise ConfigError(problems)
    return changed.settings


def rules(settings: Settings) -> list[str]:
    """Return what is wrong with settings that are right one by one; one sentence each."""
    return [_rule_text(finding, {}) for finding in findings(settings)]


def _usual_places() -> list[Path]:
    places = [Path("pimotion.yml"), Path("/etc/pimotion/pimotion.yml")]
    try:
        places.insert(1, Path.home() / ".config/pimotion/pimotion.yml")
    except RuntimeError:
        log.debug("this user has no home in which to look for a configuration")
    return places


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # there is something; reading it will say what is in the way
    return True  # be it a link to nothing: somebody means it to be the configuration


def _settings(document: Document, path: Path, overrides: Overrides) -> Settings:
    checked = _checked(document)
    problems = document.problems + _problems(checked, document)
    if checked.settings is None:
        raise ConfigError(_lines(path, problems or [Problem(1, NO_CAMERA)], []))
    changed = override(checked.settings, overrides)
    changed.settings = rooted(changed.settings, path.parent, changed.options)
    for finding in checked.broken_rules(changed.settings):
        text = _rule_text(finding, changed.options)
        if finding.loc in changed.options:
            changed.problems.append(text)
        else:
            problems.append(Problem(_line(finding, document), text))
    if problems or changed.problems:
        raise ConfigError(_lines(path, problems, changed.problems))
    return changed.settings


def _problems(checked: Checked, document: Document) -> list[Problem]:
    marked = [(error, document.mark(error["loc"])) for error in checked.errors]
    marked.sort(key=lambda pair: pair[1].line)
    first = [
        Problem(mark.line, sentence(mistake_of(error, mark)))
        for error, mark in marked[:MOST_PROBLEMS]
    ]
    more = len(marked) - len(first)
    return [*first, Problem(first[-1].line, f"and {more} more like these")] if more else first


def _lines(path: Path, problems: list[Problem], of_options: list[str]) -> list[str]:
    in_order = sorted(problems, key=lambda problem: problem.line)
    lines = [f"{path}:{problem.line}: {problem.text}" for problem in in_order] + of_options
    more = len(lines) - MOST_PROBLEMS
    return lines if more <= 1 else [*lines[:MOST_PROBLEMS], f"and {more} more problems"]


def _checked(document: Document) -> Checked:
    if not document.whole:
        return Checked(None, [], frozenset())
    if document.values is None:
        document.problems.append(Problem(1, f"the file is empty: {NO_CAMERA}"))
        return Checked(None, [], frozenset())
    return check(document.values)


def _line(finding: Finding, document: Document) -> int:
    places = (finding.loc, *finding.about)
    return document.mark(next((p for p in places if p in document.marks), finding.loc)).line


def _rule_text(finding: Finding, options: Mapping[Loc, str]) -> str:
    option = options.get(finding.loc)
    if option is None:
        return safe(f"{name_of(finding.loc)} {finding.text}")
    return safe(f"{option} {finding.text.replace('http.open: true', '--open')}")


def _warn_of_open_secrets(document: Document, path: Path) -> None:
    clear = [name_of(loc) for loc, mark in document.marks.items() if _in_clear(loc, mark)]
    if clear:
        log.warning(
            "everyone on this machine can read the secrets in the configuration; "
            "chmod o-r, or !file PATH, helps file=%s settings=%s",
            path,
            ",".join(clear),
        )


def _in_clear(loc: Loc, mark: Mark) -> bool:
    if mark.text is None or not (mark.quoted or plain(mark.text) is not None):
        return False
    in_url = loc[-1:] == ("source",) and _URL_LOGIN.search(mark.text) is not None
    return in_url or fields.is_secret(loc)
