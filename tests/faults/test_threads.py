"""A thread dies, raises or hangs, or all of the process stands still: never silently."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from daemon_process import DaemonProcess
from hooked import Hook
from waiting import passes

DIED = 70


class Systemd:
    """The two things of systemd that matter here: its notify socket, and its watchdog."""

    def __init__(self, folder: Path, watchdog_s: float) -> None:
        self.address = str(folder / "notify")
        self.watchdog_s = watchdog_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(0.2)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "NOTIFY_SOCKET": self.address,
            "WATCHDOG_USEC": str(int(self.watchdog_s * 1_000_000)),
        }

    def hear(self) -> str | None:
        try:
            return self._socket.recv(4096).decode()
        except TimeoutError:
            return None

    def wait_for(self, start: str) -> None:
        deadline_s = time.monotonic() + 20
        while not (self.hear() or "").startswith(start):
            assert time.monotonic() < deadline_s, f"never said: {start}"

    def watch(self, process: subprocess.Popen[str], *, at_most_s: float) -> float:
        """Abort the process, as systemd does, when it is silent for too long; return after what."""
        began_s = fed_s = time.monotonic()
        while time.monotonic() - fed_s < self.watchdog_s:
            assert time.monotonic() - began_s < at_most_s, "it was fed all the time"
            if self.hear() == "WATCHDOG=1":
                fed_s = time.monotonic()
        process.send_signal(signal.SIGABRT)
        return time.monotonic() - began_s

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    watching = Systemd(tmp_path, watchdog_s=5)
    yield watching
    watching.close()


class Faulty:
    """A daemon with two cameras whose threads can be broken."""

    def __init__(
        self,
        folder: Path,
        port: int,
        cameras: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        hook = Hook(folder)
        self.do = hook.do
        self.settings = {
            "mqtt": {"host": "127.0.0.1", "port": 1},
            "cameras": {
                name: {"source": "synthetic", "width": 320, "height": 240}
                for name in ("door", "shed")[:cameras]
            },
        }
        self.daemon = DaemonProcess(
            folder,
            self.settings,
            port=port,
            environment={**hook.environment, **(environment or {})},
        )

    def wait_for_live(self, camera: str) -> None:
        self.daemon.wait_for(lambda: self.daemon.camera(camera)["status"] == "online", "live")


@pytest.mark.parametrize("fault", ["kill", "raise"])
@pytest.mark.parametrize("thread", ["capture-door", "detect-door", "mqtt", "record", "http"])
def test_a_thread_that_dies_ends_the_process_by_name(
    tmp_path: Path, free_port: int, thread: str, fault: str
) -> None:
    faulty = Faulty(tmp_path, free_port)
    with faulty.daemon as daemon:
        faulty.wait_for_live("door")
        faulty.do(f"{fault} {thread}")
        began_s = time.monotonic()
        if thread == "http":
            with suppress(OSError):
                daemon.get("/healthz")  # it waits for the next visitor
        code = daemon.process.wait(20)

        assert code == DIED
        assert time.monotonic() - began_s < 15
        assert f"name={thread}" in daemon.log


@pytest.mark.parametrize("thread", ["capture-door", "detect-door", "mqtt", "http", "fanout"])
def test_a_thread_that_hangs_ends_the_process_with_its_stack(
    tmp_path: Path, free_port: int, thread: str
) -> None:
    faulty = Faulty(tmp_path, free_port)
    with faulty.daemon as daemon:
        faulty.wait_for_live("door")
        faulty.do(f"hang {thread} 120")

        at_most_s = 60 if thread == "mqtt" else 30  # a broker may have many addresses to connect to
        assert daemon.process.wait(at_most_s) == DIED
        assert f"thread hangs name={thread}" in daemon.log
        assert "sitecustomize.py" in daemon.log, "the stack shows where it sleeps"


def test_a_process_that_was_stopped_goes_on(tmp_path: Path, free_port: int) -> None:
    """A paused machine is none that hangs: who stood still for 15 s is as good as before."""
    faulty = Faulty(tmp_path, free_port)
    with faulty.daemon as daemon:
        faulty.wait_for_live("door")
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            passes(15)
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        daemon.wait_for(lambda: "the whole process stood still" in daemon.log, "it is noted")
        faulty.wait_for_live("door")
        assert "hangs" not in daemon.log


def test_one_camera_that_hangs_is_offline_and_the_other_goes_on(
    tmp_path: Path, free_port: int
) -> None:
    faulty = Faulty(tmp_path, free_port, cameras=2)
    with faulty.daemon as daemon:
        faulty.wait_for_live("door")
        faulty.wait_for_live("shed")
        faulty.do("hang capture-door 120")
        daemon.wait_for(lambda: daemon.camera("door")["state"] == "stale", "door is stale")
        daemon.wait_for(lambda: "other cameras go on" in daemon.log, "it is borne")

        assert daemon.camera("shed")["status"] == "online"


def test_a_process_that_stands_still_is_aborted_by_the_watchdog(
    tmp_path: Path, free_port: int, systemd: Systemd
) -> None:
    faulty = Faulty(tmp_path, free_port, environment=systemd.environment)
    with faulty.daemon as daemon:
        systemd.wait_for("READY=1")
        systemd.wait_for("WATCHDOG=1")
        daemon.process.send_signal(signal.SIGSTOP)
        systemd.watch(daemon.process, at_most_s=15)
        daemon.process.send_signal(signal.SIGCONT)

        assert daemon.process.wait(10) == -signal.SIGABRT
        assert "Thread 0x" in daemon.log, "the stacks of all threads"


def test_the_watchdog_is_not_fed_while_a_thread_hangs(
    tmp_path: Path, free_port: int, systemd: Systemd
) -> None:
    faulty = Faulty(tmp_path, free_port, environment=systemd.environment)
    with faulty.daemon as daemon:
        faulty.wait_for_live("door")
        faulty.do("hang MainThread 120")
        systemd.watch(daemon.process, at_most_s=20)

        assert daemon.process.wait(10) == -signal.SIGABRT


def test_privacy_that_was_asked_for_while_a_thread_hung_outlives_the_restart(
    tmp_path: Path, free_port: int
) -> None:
    """The camera was closed at once, and open again once systemd had started it anew."""
    faulty = Faulty(tmp_path, free_port)
    with faulty.daemon as daemon:
        faulty.wait_for_live("door")
        faulty.do("hang detect-door 120")
        passes(1)  # it sleeps by now
        assert daemon.post("/api/cameras/door/privacy", {"value": True}) == {"requested": True}
        assert daemon.process.wait(30) == DIED
    with DaemonProcess(tmp_path, faulty.settings, port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["state"] != "starting", "it has begun")
        assert daemon.camera("door")["state"] == "privacy"
