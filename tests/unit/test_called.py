"""A command that a message names can be pasted."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pimotion.called import command
from pimotion.config import file as config_file
from pimotion.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    return tmp_path


def test_where_make_run_was_said_python_is_that_of_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's own, if it is called python at all, answers: No module named pimotion."""
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/python")
    assert command("init") == ".venv/bin/python -m pimotion init"
    monkeypatch.delenv("PIMOTION_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(folder))
    with pytest.raises(ConfigError, match=r"`\.venv/bin/python -m pimotion init` write one"):
        config_file.found()


def test_in_an_active_environment_it_is_python(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: str(folder / ".venv/bin/python"))
    assert command("check") == "python -m pimotion check"


def test_from_another_folder_it_is_named_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/home/me/my cams/.venv/bin/python")
    assert command() == "'/home/me/my cams/.venv/bin/python' -m pimotion"


def test_in_a_folder_that_has_been_removed_it_is_named_whole(folder: Path) -> None:
    """The banner ended pimotion there: No such file or directory."""
    gone = folder / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert command("init") == f"{folder}/.venv/bin/python -m pimotion init"
