"""Configurations as text, and what pimotion says to them."""

from __future__ import annotations

from pathlib import Path

from pimotion.config import file as config_file
from pimotion.config.settings import Settings
from pimotion.errors import ConfigError

NAME = Path("pimotion.yml")

DOOR = "cameras: {door: {source: auto}}\n"
"""The shortest configuration; further sections begin at line 2."""

NO_CAMERA = "there is no camera; name one, such as cameras: {door: {source: auto}}"


def in_door(text: str) -> str:
    """A configuration of one camera with ``text`` at line 4."""
    return f"cameras:\n  door:\n    source: auto\n    {text}\n"


def read(text: str, overrides: config_file.Overrides | None = None) -> Settings:
    return config_file.parse(text, NAME, overrides=overrides)


def problems(text: str, overrides: config_file.Overrides | None = None) -> list[str]:
    """What is wrong with it, each line without the file's name: ``4: ...``."""
    try:
        read(text, overrides)
    except ConfigError as error:
        return [problem.removeprefix(f"{NAME}:") for problem in error.problems]
    return []
