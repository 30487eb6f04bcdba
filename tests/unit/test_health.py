"""A thread that dies is noticed and named; systemd hears what it is told."""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from pathlib import Path

import pytest
from waiting import wait_until

from pimotion.health import Beat, Threads, notify_systemd


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


def test_a_thread_that_may_end_has_not_died() -> None:
    threads = Threads()
    threads.start("encode-door", lambda: None, may_end=True).join(5.0)

    assert threads.dead is None


def test_a_thread_that_ends_after_close_is_no_news() -> None:
    threads = Threads()
    threads.close()
    threads.start("mqtt", lambda: None).join(5.0)

    assert threads.dead is None
    assert not threads.changed.is_set()


def test_a_thread_that_hangs_is_found_and_given_up_with_its_stack(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def stuck_in_the_driver() -> None:
        released.wait()

    threads, beat = Threads(), Beat(60.0)
    thread = threads.start("capture-door", stuck_in_the_driver, beat=beat)
    try:
        assert threads.stuck() == {}, "it has just begun"
        later_s = time.monotonic() + 61.0
        with monkeypatch.context() as patch:
            patch.setattr(time, "monotonic", lambda: later_s)
            assert set(threads.stuck()) == {"capture-door"}
        threads.give_up("capture-door")
        assert threads.dead == "capture-door"
        assert threads.changed.is_set()
    finally:
        released.set()
        thread.join(5.0)

    assert "stuck_in_the_driver" in caplog.text, "the log says where it hangs"


def test_a_beat_grows_old_only_without_work() -> None:
    beat = Beat(10.0)
    now_s = time.monotonic()

    assert beat.overdue_s(now_s + 9.0) < 0 < beat.overdue_s(now_s + 11.0)
    beat.rest(30.0)
    assert beat.overdue_s(now_s + 39.0) < 0 < beat.overdue_s(now_s + 41.0)
    beat.rest(math.inf)
    assert beat.overdue_s(now_s + 1e9) < 0
    beat.renew()
    assert beat.overdue_s(now_s + 11.0) > 0


def test_a_thread_that_has_ended_does_not_hang() -> None:
    threads = Threads()
    threads.start("encode-door", lambda: None, may_end=True, beat=Beat(-1.0)).join(5.0)

    assert threads.stuck() == {}


def test_a_thread_is_watched_though_somebody_looks_while_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that encode are started by one thread while another looks who hangs."""
    threads, released = Threads(), threading.Event()
    start = threading.Thread.start

    def wait() -> None:
        released.wait()

    def looked_at(thread: threading.Thread) -> None:
        threads.stuck()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", looked_at)
    thread = threads.start("encode-door", wait, may_end=True, beat=Beat(0.02))
    try:
        wait_until(lambda: "encode-door" in threads.stuck(), "it is known to hang", 1.0)
    finally:
        released.set()
        thread.join(5.0)


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify_systemd("READY=1")

        assert systemd.recv(100) == b"READY=1"


def test_systemd_may_listen_at_a_name_that_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"pimotion-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}")
        systemd.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify_systemd("READY=1")

        assert systemd.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify_systemd("READY=1")

    assert caplog.text == ""
