"""Finds the programs that people watch with."""

from __future__ import annotations

import os
import shutil

import pytest

MUST_HAVE = os.environ.get("CI") == "true"
"""True where a missing program is a failure."""


def program(*names: str) -> str:
    """Where a program is; without it the test is left out, never in CI."""
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None and MUST_HAVE:
        pytest.fail(f"CI needs {names[0]} on PATH")
    if path is None:
        pytest.skip(f"no {names[0]} on PATH")
    return path
