"""A thread that dies is noticed and named; systemd hears what it is told."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from pimotion.health import Threads, notify_systemd


def test_a_thread_that_raises_is_named_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise RuntimeError("out of frames")

    threads = Threads()
    threads.start("detect-door", fail)

    assert threads.changed.wait(5.0)
    assert threads.dead == "detect-door"
    assert "out of frames" in caplog.text


def test_a_thread_that_returns_early_has_died_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    threads = Threads()
    threads.start("mqtt", lambda: None)

    assert threads.changed.wait(5.0)
    assert threads.dead == "mqtt"


def test_a_thread_that_ends_after_close_is_no_news() -> None:
    threads = Threads()
    threads.close()
    threads.start("mqtt", lambda: None).join(5.0)

    assert threads.dead is None
    assert not threads.changed.is_set()


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify_systemd("READY=1")

        assert systemd.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify_systemd("READY=1")

    assert caplog.text == ""
