"""A USB camera that goes and comes back while an event runs: the whole daemon, with a broker.

``PIMOTION_USB_CONTROL`` names the FIFO of the camera that does what it is told.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from broker import HOST, Broker, Listener
from daemon_process import DaemonProcess
from waiting import wait_until

from hardware.usb_control import plugged_in, tell

DOOR = "pimotion/node/door"
OFFLINE_S = 10.0
"""5 s until a hang is noticed, and what the machine takes for it."""
BACK_S = 5.0
_LIVE_S, _LEARNT_S = 60.0, 60.0  # under emulation


@dataclass
class Watched:
    """A daemon that watches the camera, and somebody who listens."""

    daemon: DaemonProcess
    listener: Listener
    source: str

    @property
    def status(self) -> str:
        return str(self.daemon.camera("door")["status"])

    def is_learnt(self) -> bool:
        camera = json.loads(self.daemon.get("/api/state"))["cameras"][0]
        return camera["state"] == "ok" and camera["learning"] is False

    def said(self, key: str) -> list[bytes]:
        return self.listener.payloads(f"{DOOR}/{key}", live=True)

    def start_event(self) -> None:
        """Let something move until that is an event."""
        tell("motion off")
        wait_until(self.is_learnt, "the empty scene is learnt", _LEARNT_S)
        tell("motion on")
        self.listener.wait_for(f"{DOOR}/motion", b"ON", deadline_s=30)
        self.listener.forget()

    def seconds_until(self, status: str, deadline_s: float) -> float:
        began_s = time.monotonic()
        wait_until(lambda: self.status == status, f"{status}; {self.daemon.log}", deadline_s)
        return round(time.monotonic() - began_s, 1)


@pytest.fixture
def watched(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[Watched]:
    source = plugged_in()
    settings = {
        "node": "node",
        "mqtt": {"host": HOST, "port": unused_port},
        "cameras": {
            "door": {
                "source": source,
                "width": 320,
                "height": 240,
                "events": {"event_gap_s": 1},
            }
        },
    }
    tell("motion off")
    with ExitStack() as stack:
        stack.enter_context(Broker(tmp_path, unused_port))
        listener = stack.enter_context(Listener(unused_port))
        daemon = DaemonProcess(tmp_path, settings, port=free_port)
        stack.callback(daemon.close)
        daemon.wait_for(lambda: daemon.healthz() is not None, "the page", timeout_s=_LIVE_S)
        made = Watched(daemon, listener, source)
        made.seconds_until("online", _LIVE_S)
        yield made
        for line in ("garbage 0", "resume", "plug", "motion on"):
            tell(line)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("trouble", "remedy", "away_s"),
    [
        pytest.param("unplug", "plug", 0, id="unplugged"),
        pytest.param("unplug", "plug", 40, id="unplugged for long"),
        pytest.param("stall", "resume", 0, id="hangs"),
        pytest.param("garbage 1000000", "garbage 0", 0, id="rubbish"),
    ],
)
def test_trouble_during_motion_ends_it_and_the_return_is_none(
    watched: Watched,
    measured: Callable[[str, object], None],
    trouble: str,
    remedy: str,
    away_s: float,
) -> None:
    """Unplugging the camera must not leave Home Assistant showing motion for ever."""
    watched.start_event()
    tell(trouble)
    measured("offline_s", watched.seconds_until("offline", OFFLINE_S))
    _ended_by_its_source(watched)

    tell("motion off")
    wait_for_s = time.monotonic() + away_s
    wait_until(lambda: time.monotonic() > wait_for_s, "it has been away", away_s + 5)
    watched.listener.forget()
    tell(remedy)
    measured("back_s", watched.seconds_until("online", BACK_S))
    _comes_back_quietly(watched)


@pytest.mark.timeout(300)
def test_under_another_number_it_is_the_same_camera(
    watched: Watched, measured: Callable[[str, object], None]
) -> None:
    """The kernel gives a replugged camera another /dev/video while someone holds the old one."""
    device = Path(watched.source.removeprefix("v4l2:"))
    before = device.resolve()
    held = os.open(before, os.O_RDWR)
    try:
        watched.start_event()
        tell("unplug")
        watched.seconds_until("offline", OFFLINE_S)
        _ended_by_its_source(watched)
        tell("motion off")
        watched.listener.forget()
        tell("plug")
        measured("back_s", watched.seconds_until("online", BACK_S))
        assert device.resolve() != before, "it has another number"
        _comes_back_quietly(watched)
    finally:
        os.close(held)


def _ended_by_its_source(watched: Watched) -> None:
    """The order in which Home Assistant hears it: OFF, then offline."""
    watched.listener.wait_for(f"{DOOR}/status", b"offline")
    topics = (f"{DOOR}/motion", f"{DOOR}/status")
    assert [each.payload for each in list(watched.listener.heard) if each.topic in topics] == [
        b"OFF",
        b"offline",
    ]
    events = [json.loads(each) for each in watched.said("event")]
    stops = [each["reason"] for each in events if each["event_type"] == "stop"]
    assert stops == ["source_lost"]


def _comes_back_quietly(watched: Watched) -> None:
    wait_until(watched.is_learnt, f"learnt anew; {watched.daemon.log}", _LEARNT_S)
    assert b"ON" not in watched.said("motion"), "its return is no motion"
    assert b"online" in watched.said("status")
    assert "Traceback" not in watched.daemon.log
