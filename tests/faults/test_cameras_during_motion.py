"""A network camera fails while an event runs: what Home Assistant is told, and what on its return.

Cameras, broker and daemon are processes; the daemon has its defaults, but for a short event gap.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from broker import HOST, Broker, Listener
from cameras.pictures import FPS, record
from cameras.processes import rtsp_camera, told_camera
from daemon_process import DaemonProcess
from free_ports import find_free_port
from waiting import wait_until

from pimotion.capture.synthetic import MOTION_S, QUIET_S

DOOR = "pimotion/node/door"
LOST_S = 7.0
"""5 s without a picture, and what a busy machine takes for it."""
BACK_S = {"http": 5.0, "rtsp": 10.0, "imagezmq": 5.0}
"""Who was away for a few seconds is tried again within 4; an RTSP camera takes some to begin."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """15 s of quiet, then somebody walks through; an RTSP camera plays it to each who asks."""
    path = tmp_path_factory.mktemp("rtsp") / "walk.mp4"
    return record(path, frames=int(FPS * 2 * (QUIET_S + MOTION_S)))


class Camera:
    """A camera of a kind at one address, which comes, fails and goes."""

    def __init__(self, kind: str, recording: Path) -> None:
        self.kind = kind
        self._recording = recording
        self._port = find_free_port()
        self._life = ExitStack()
        self._process: subprocess.Popen[str] | None = None
        self.plug()

    @property
    def source(self) -> str:
        """It as a source of pimotion's."""
        return {
            "http": f"http://{HOST}:{self._port}/video",
            "rtsp": f"rtsp://{HOST}:{self._port}/door",
            "imagezmq": f"imagezmq:tcp://{HOST}:{self._port}#porch",
        }[self.kind]

    def plug(self) -> None:
        """Come, or come back: nobody is in the picture."""
        where = str(self._port) if self.kind == "http" else f"tcp://{HOST}:{self._port}"
        made = (
            rtsp_camera(self._port, {"door": self._recording})
            if self.kind == "rtsp"
            else told_camera(self.kind, where)
        )
        self._process = self._life.enter_context(made)

    def show(self, mood: str) -> None:
        """Show something else; a recording goes on to its walk by itself."""
        assert self._process is not None
        if self.kind != "rtsp":
            assert self._process.stdin is not None
            self._process.stdin.write(f"{mood}\n")
            self._process.stdin.flush()

    def fail(self, fault: str) -> None:
        """Fail: unplug, stall, garbage or half."""
        assert self._process is not None
        if fault == "unplug":
            self.close()
        elif fault == "stall":
            self._process.send_signal(signal.SIGSTOP)
        else:
            self.show(fault)

    def recover(self, fault: str) -> None:
        """End the fault, with nobody in the picture."""
        assert self._process is not None
        if fault == "unplug":
            self.plug()
        else:
            self.show("still")
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Be killed."""
        self._life.pop_all().close()


class Door:
    """A daemon that watches a camera, and somebody who hears what it says."""

    def __init__(self, daemon: DaemonProcess, listener: Listener) -> None:
        self.daemon = daemon
        self.listener = listener

    def said(self, key: str) -> list[bytes]:
        return self.listener.payloads(f"{DOOR}/{key}", live=True)

    def order(self) -> list[bytes]:
        """What was said of motion and of the camera, in order."""
        topics = (f"{DOOR}/motion", f"{DOOR}/status")
        return [each.payload for each in list(self.listener.heard) if each.topic in topics]

    def stops(self) -> list[dict[str, Any]]:
        """The events that were said to have ended."""
        events = (json.loads(each) for each in self.said("event"))
        return [each for each in events if each["event_type"] == "stop"]

    def wait_for_status(self, status: str, at_most_s: float) -> float:
        def is_so() -> bool:
            return bool(self.daemon.camera("door")["status"] == status)

        return wait_until(is_so, f"{status}: {self.daemon.camera('door')}", at_most_s)

    def wait_until_learnt(self) -> None:
        def is_learnt() -> bool:
            camera = json.loads(self.daemon.get("/api/state"))["cameras"][0]
            return camera["state"] == "ok" and camera["learning"] is False

        wait_until(is_learnt, f"the scene is learnt; {self.daemon.log}", 25)


@pytest.fixture
def camera(kind: str, recording: Path) -> Iterator[Camera]:
    made = Camera(kind, recording)
    yield made
    made.close()


@pytest.fixture
def door(camera: Camera, tmp_path: Path, free_port: int, unused_port: int) -> Iterator[Door]:
    settings = {
        "node": "node",
        "mqtt": {"host": HOST, "port": unused_port},
        "cameras": {"door": {"source": camera.source, "events": {"event_gap_s": 1}}},
    }
    with (
        Broker(tmp_path, unused_port),
        Listener(unused_port) as listener,
        DaemonProcess(tmp_path, settings, port=free_port) as daemon,
    ):
        yield Door(daemon, listener)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (kind, fault)
        for kind, faults in {
            "http": ("unplug", "stall", "garbage", "half"),
            "rtsp": ("unplug", "stall"),
            "imagezmq": ("unplug", "stall", "garbage", "half"),
        }.items()
        for fault in faults
    ],
)
def test_a_camera_that_fails_during_an_event(
    kind: str, fault: str, camera: Camera, door: Door, measured: Callable[[str, object], None]
) -> None:
    """It ends the event, is offline, comes back by itself, and its return is no motion."""
    door.wait_until_learnt()
    camera.show("walk")
    door.listener.wait_for(f"{DOOR}/motion", b"ON", deadline_s=30)
    door.listener.forget()

    camera.fail(fault)
    lost_s = door.wait_for_status("offline", LOST_S)
    door.listener.wait_for(f"{DOOR}/status", b"offline")
    assert door.order()[:2] == [b"OFF", b"offline"], "the event ends first"
    assert b"ON" not in door.order()
    assert [stop["reason"] for stop in door.stops()] == ["source_lost"]

    door.listener.forget()
    camera.recover(fault)
    back_s = door.wait_for_status("online", BACK_S[kind])
    door.wait_until_learnt()
    assert set(door.order()) <= {b"offline", b"online"}, "its return is no motion"

    camera.show("walk")
    door.listener.wait_for(f"{DOOR}/motion", b"ON", deadline_s=30)
    measured("lost_s", round(lost_s, 1))
    measured("back_s", round(back_s, 1))
    assert "Traceback" not in door.daemon.log
