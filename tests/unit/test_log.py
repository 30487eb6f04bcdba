"""What the log looks like, on a terminal and in the journal."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from pimotion import log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_journal_knows_which_lines_are_warnings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`journalctl -p warning` shows them, each line of a traceback too."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    log.setup()
    logging.getLogger("pimotion.x").info("all is well")
    logging.getLogger("pimotion.x").warning("one\ntwo")
    logging.getLogger("pimotion.x").critical("the end")
    assert capsys.readouterr().err.splitlines() == [
        "<6>INFO pimotion.x: all is well",
        "<4>WARNING pimotion.x: one",
        "<4>two",
        "<2>CRITICAL pimotion.x: the end",
    ]


def test_a_terminal_gets_the_time_and_no_login(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    log.setup()
    logging.getLogger("pimotion.x").info("opened url=rtsp://me:secret@10.0.0.9/live")
    said = capsys.readouterr().err
    assert said.startswith("20")
    assert said.endswith("INFO pimotion.x: opened url=rtsp://***@10.0.0.9/live\n")
