"""A real Home Assistant for the tests of this folder; installed once, else they are left out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker import Broker
from free_ports import find_free_port
from home.core import Core

_INSTALL = Path(__file__).parent / "install.sh"
_INSTALL_S = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave time for the installation before the first test of this folder."""
    own = [item for item in items if item.path.parent == _INSTALL.parent]
    if own and not (_home() / "venv" / "bin" / "hass").exists():
        own[0].add_marker(pytest.mark.timeout(_INSTALL_S))


def _home() -> Path:
    usual = "~/.cache/pimotion-tests/homeassistant"
    return Path(os.environ.get("PIMOTION_TEST_HOMEASSISTANT", usual)).expanduser()


@pytest.fixture(scope="session")
def home() -> Path:
    """Where Home Assistant is installed."""
    folder = _home()
    done = subprocess.run(
        [_INSTALL, folder], stderr=subprocess.PIPE, text=True, timeout=_INSTALL_S, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"install.sh: {done.stderr.strip().splitlines()[-1]}")
    return folder


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker for one file of tests."""
    with Broker(tmp_path_factory.mktemp("broker"), find_free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def core(home: Path, tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Core]:
    """A Home Assistant on that broker, for one file of tests."""
    with Core(home, tmp_path_factory.mktemp("core"), broker_port=broker.port) as running:
        yield running
