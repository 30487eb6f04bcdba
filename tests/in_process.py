"""Runs a command in the process of the tests, where a Python of its own would show nothing more.

To load Python and the libraries takes longer than most commands do. How a process begins and ends,
and what signals, pipes and closed streams do to it, is for tests that start one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import NoReturn

import pytest

from pimotion import cli, log


class InProcess:
    """Obeys commands in a folder; what they print is taken from the file descriptors."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setattr(cli, "end_process", _end_process)
        self._capfd = capfd

    def __call__(self, *arguments: str | Path) -> CompletedProcess[str]:
        """Return what a process with these arguments would have come to."""
        self._capfd.readouterr()
        with _log_of_its_own():
            try:
                code: object = cli.main([str(each) for each in arguments])
            except SystemExit as wrong_use:
                code = wrong_use.code
        assert isinstance(code, int)
        said = self._capfd.readouterr()
        return CompletedProcess(arguments, code, said.out, said.err)


def _end_process(_code: int) -> NoReturn:
    pytest.fail("this command ends its process: give it one")


@contextmanager
def _log_of_its_own() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, chosen = root.handlers[:], root.level, log.chosen_level()
    try:
        yield
    finally:
        log.setup(logging.getLevelName(chosen))
        root.handlers[:] = handlers
        root.setLevel(level)
