"""Marks everything here, and lets a stand-in for a Pi's camera take its place first of all."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

_HERE = Path(__file__).parent

if stand_in := os.environ.get("PIMOTION_PI_STANDIN"):
    importlib.import_module(stand_in)  # may start this Python anew with an environment of its own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.hardware)
