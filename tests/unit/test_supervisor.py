"""When a hanging thread ends the process, and when the other cameras matter more."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pimotion.health import Threads
from pimotion.supervisor import Supervisor
from pimotion.types import CameraState, LinkStatus


class SomeThreads(Threads):
    """Threads of which some hang, as the test says."""

    def __init__(self, **hanging: float) -> None:
        super().__init__()
        self.hanging: Mapping[str, float] = {
            name.replace("_", "-"): overdue_s for name, overdue_s in hanging.items()
        }

    def stuck(self) -> Mapping[str, float]:
        return self.hanging


def camera(name: str, *, online: bool) -> Any:
    health = SimpleNamespace(online=online, state=CameraState.OK)
    return SimpleNamespace(capture_thread=f"capture-{name}", health=health)


def supervisor(threads: Threads, *, connected: bool = True, **online: bool) -> Supervisor:
    cameras = {name: camera(name, online=is_online) for name, is_online in online.items()}
    link = LinkStatus("localhost", 1883, connected, None if connected else "refused")
    return Supervisor(threads, cast("Any", cameras), lambda: link)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(address)
        told.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        yield told


def all_told(systemd: socket.socket) -> list[str]:
    lines = []
    while True:
        try:
            lines.append(systemd.recv(1000).decode())
        except BlockingIOError:
            return lines


def test_the_only_camera_that_hangs_ends_the_process() -> None:
    threads = SomeThreads(capture_door=0.1)
    supervisor(threads, door=False).look()

    assert threads.dead == "capture-door"


def test_a_camera_that_hangs_is_borne_for_a_minute_while_another_works() -> None:
    threads = SomeThreads(capture_door=59.0)
    both = supervisor(threads, door=False, shed=True)
    both.look()
    assert threads.dead is None

    threads.hanging = {"capture-door": 61.0}
    both.look()
    assert threads.dead == "capture-door"


def test_a_camera_that_hangs_is_not_borne_when_no_other_works() -> None:
    threads = SomeThreads(capture_door=0.1)
    supervisor(threads, door=False, shed=False).look()

    assert threads.dead == "capture-door"


def test_any_other_thread_that_hangs_ends_the_process() -> None:
    threads = SomeThreads(detect_door=0.1)
    supervisor(threads, door=False, shed=True).look()

    assert threads.dead == "detect-door"


def test_the_watchdog_is_fed_while_all_threads_work(systemd: socket.socket) -> None:
    one = supervisor(SomeThreads(), door=True, shed=False)
    one.look()
    one.look()

    told = all_told(systemd)
    assert told.count("WATCHDOG=1") == 2
    assert [line for line in told if "STATUS" in line] == [
        "STATUS=1 of 2 cameras live, broker connected"
    ], "the status is said when it changes"


def test_the_watchdog_starves_while_a_thread_hangs(systemd: socket.socket) -> None:
    supervisor(SomeThreads(record=0.1), door=True).look()

    assert "WATCHDOG=1" not in all_told(systemd)


def test_the_status_says_why_there_is_no_broker(systemd: socket.socket) -> None:
    supervisor(SomeThreads(), connected=False, door=True).look()

    assert "STATUS=1 of 1 cameras live, no broker: refused" in all_told(systemd)


def test_a_frozen_camera_is_opened_anew_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 1000.0
    monkeypatch.setattr("pimotion.supervisor.time.monotonic", lambda: now_s)
    opened_s: list[float] = []
    door = camera("door", online=False)
    door.health = SimpleNamespace(online=False, state=CameraState.FROZEN, since_monotonic_s=1000.0)
    door.reopen = lambda: opened_s.append(now_s - 1000.0)
    link = LinkStatus("localhost", 1883, connected=True, reason=None)
    watching = Supervisor(SomeThreads(), cast("Any", {"door": door}), lambda: link)
    for second in range(500):
        now_s = 1000.0 + second
        watching.look()

    assert opened_s == [31.0, 91.0, 211.0, 451.0]

    door.health.state = CameraState.OK
    watching.look()
    door.health.state, door.health.since_monotonic_s = CameraState.FROZEN, now_s
    opened_s.clear()
    for _ in range(40):
        now_s += 1
        watching.look()
    assert opened_s == [530.0], "it had thawed: that was another time"


def test_after_the_whole_process_stood_still_nobody_hangs_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = SimpleNamespace(s=1000.0)
    monkeypatch.setattr("pimotion.supervisor.time", SimpleNamespace(monotonic=lambda: now.s))
    threads = SomeThreads()
    watching = supervisor(threads, door=True)
    watching.look()
    now.s += 60
    threads.hanging = {"mqtt": 30.0, "detect-door": 50.0}
    watching.look()
    assert threads.dead is None
    assert "the whole process stood still seconds=60" in caplog.text

    for _ in range(6):  # who has not gone on by now does hang
        now.s += 1
        watching.look()
    assert threads.dead == "mqtt"
