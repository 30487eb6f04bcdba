"""What docs/reliability.md names as the test of a fault exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
TEXT = (TESTS.parent / "docs" / "reliability.md").read_text()
NAMED = re.findall(r"([a-z]+/test_[a-z0-9_]+\.py)(?:::(test_[a-z0-9_]+))?", TEXT)
OF_SOME_FILE = re.findall(r"`\.\.\.::(test_[a-z0-9_]+)", TEXT)
EVERYTHING = "".join(path.read_text() for path in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path: str, name: str) -> None:
    text = (TESTS / path).read_text()
    assert not name or f"def {name}(" in text


@pytest.mark.parametrize("name", OF_SOME_FILE)
def test_a_test_named_without_its_file_exists(name: str) -> None:
    assert f"def {name}(" in EVERYTHING
