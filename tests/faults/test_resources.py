"""Memory or descriptors run out, or nothing happens at all."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from broker import HOST, Broker
from cameras.steerable_camera import SteerableCamera
from free_ports import find_free_port
from hooked import Hook
from waiting import passes, wait_until
from watched_door import Scene

Measured = Callable[[str, object], None]
DIED = 70
IDLE_S = 20.0


class Spare(Scene):
    """A watched door whose process gets less than it wants."""

    port: int

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.daemon.process.pid)


@pytest.fixture
def scene(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[Spare]:
    with ExitStack() as stack:
        camera = stack.enter_context(SteerableCamera(find_free_port()))
        broker = stack.enter_context(Broker(tmp_path, unused_port))
        made = Spare(tmp_path, free_port, camera, broker)
        made.port = free_port
        stack.callback(made.close)
        made.daemon.wait_for(lambda: made.daemon.healthz() is not None, "the page")
        yield made


@contextmanager
def limit(process: psutil.Process, resource: int, value: int) -> Iterator[None]:
    soft, hard = process.rlimit(resource)
    process.rlimit(resource, (value, hard))
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            process.rlimit(resource, (soft, hard))


def test_without_a_free_descriptor_motion_goes_on_and_then_everything(scene: Spare) -> None:
    scene.visit()
    highest = max(int(each.name) for each in Path(f"/proc/{scene.process.pid}/fd").iterdir())
    with limit(scene.process, psutil.RLIMIT_NOFILE, highest + 1), ExitStack() as stack:
        for _ in range(50):
            with suppress(OSError):
                stack.enter_context(socket.create_connection((HOST, scene.port), 2))
        scene.listener.forget()
        scene.mood.is_walking = True
        scene.listener.wait_for("pimotion/node/door/motion", b"ON", deadline_s=20)
        scene.mood.is_walking = False
        scene.listener.wait_for("pimotion/node/door/motion", b"OFF", deadline_s=20)
        assert scene.daemon.process.poll() is None
    wait_until(lambda: scene.daemon.healthz() is not None, "the page is back", 15)
    scene.visit()
    assert scene.daemon.log.count("WARNING") <= 10


def test_descriptors_over_1023_are_as_good_as_others(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    """A machine with many viewers had no motion any more: `select` knows no such descriptor."""
    environment = {"FAULT_FILES": "1100", **Hook(tmp_path).environment}
    with (
        SteerableCamera(find_free_port()) as camera,
        Broker(tmp_path, unused_port) as broker,
        closing(Scene(tmp_path, free_port, camera, broker, environment=environment)) as scene,
    ):
        scene.daemon.wait_for(lambda: scene.daemon.healthz() is not None, "the page")
        scene.visit()
        with urllib.request.urlopen(f"{scene.daemon.url}/door/stream.mjpg", timeout=10) as stream:
            assert stream.read(1000)
        assert "WARNING" not in scene.daemon.log


def test_without_memory_it_goes_on_or_ends_but_never_hangs(
    scene: Spare, measured: Measured
) -> None:
    scene.visit()
    taken_bytes = scene.process.memory_info().vms
    began_s = time.monotonic()
    with limit(scene.process, psutil.RLIMIT_AS, taken_bytes - (8 << 20)), ExitStack() as stack:
        scene.mood.size_px = (1280, 960)  # wants more than there is
        scene.mood.is_walking = True
        with suppress(OSError):
            stack.enter_context(urllib.request.urlopen(f"{scene.daemon.url}/door/stream.mjpg"))

        def decided() -> bool:
            return scene.daemon.process.poll() is not None or time.monotonic() - began_s > 15

        wait_until(decided, "it ends, or lives", 30)
        code = scene.daemon.process.poll()
    measured("exit_code", code)
    assert "Traceback" in scene.daemon.log, "there was too little for a viewer"
    if code is None:
        wait_until(lambda: scene.door["state"] == "ok", "the camera is live", 30)
    else:
        assert code == DIED
        assert "MemoryError" in scene.daemon.log or "thread died" in scene.daemon.log


def test_where_nothing_happens_nothing_is_logged(scene: Spare) -> None:
    scene.daemon.wait_for(lambda: scene.door["state"] == "ok", "live")
    wait_until(scene.learnt, "the scene is learnt", 20)
    wait_until(scene.is_connected, "connected", 10)
    log = scene.daemon.log
    cpu_s = sum(scene.process.cpu_times()[:2])
    passes(IDLE_S)

    assert scene.daemon.log == log
    assert sum(scene.process.cpu_times()[:2]) > cpu_s, "it was at work"
