"""What a service manager is told, over a socket as systemd gives it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from daemon_process import DaemonProcess

DOOR = {"source": "synthetic", "width": 320, "height": 240}


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(10)
        yield ear


def heard_until(manager: socket.socket, last: str) -> list[str]:
    """Return what was said, up to a message."""
    heard: list[str] = []
    with suppress(TimeoutError):
        while last not in heard:
            heard.append(manager.recv(4096).decode())
    assert last in heard, heard
    return [each for each in heard if "=1" in each and not each.startswith("STATUS")]


def test_a_service_that_reads_its_configuration_again_does_not_say_that_it_stops(
    tmp_path: Path, manager: socket.socket, free_port: int, unused_port: int
) -> None:
    """systemd takes that for the end, and kills what is still there ten seconds later."""
    settings = {"cameras": {"door": DOOR}, "mqtt": {"host": "127.0.0.1", "port": unused_port}}
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    with DaemonProcess(tmp_path, settings, port=free_port, environment=environment) as daemon:
        assert heard_until(manager, "READY=1") == ["READY=1"]
        daemon.process.send_signal(signal.SIGHUP)
        assert heard_until(manager, "READY=1") == ["RELOADING=1", "READY=1"]
        assert heard_until(manager, "READY=1") == ["READY=1"], "once everything has started anew"
        daemon.stop()
        assert heard_until(manager, "STOPPING=1") == ["STOPPING=1"]
