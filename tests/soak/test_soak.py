"""Half an hour of trouble: no event is lost, and nothing grows. Opt in with `make soak`.

Somebody walks past every seven seconds, while in turn the broker is down, the broker hangs, the
camera stalls and viewers come and are cut off. What the daemon saw is what its log says.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as paho
import psutil
import pytest
from broker import HOST, Broker
from cameras.steerable_camera import SteerableCamera, Walker
from daemon_process import DaemonProcess
from free_ports import find_free_port
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from waiting import wait_until

pytestmark = pytest.mark.soak

MINUTES = float(os.environ.get("PIMOTION_SOAK_MINUTES", "30"))
WALK_S, REST_S = 3.0, 4.0
BETWEEN_S = 25.0
"""Time between two troubles."""
SETTLED_SHARE = 1 / 3
"""What a process takes in the first ten of thirty minutes is its start."""


class Diary:
    """A subscriber whose session the broker keeps: it misses nothing that the broker was given."""

    def __init__(self, port: int) -> None:
        self.stops: dict[str, str] = {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 7200
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="diary", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_connect = lambda client, *_: client.subscribe(
            [("pimotion/node/door/event", 1), ("pimotion/node/door/history", 1)]
        )
        self._client.on_message = self._hear
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(HOST, port, keepalive=10, clean_start=False, properties=properties)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        said = json.loads(message.payload)
        if said["event_type"] == "stop":
            self.stops[said["id"]] = message.topic.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Weight:
    """What the process weighs at a moment."""

    at_s: float
    rss_kb: float
    threads: int
    fds: int


class Scales:
    """Weighs a process every five seconds."""

    def __init__(self, pid: int) -> None:
        self.seen: list[Weight] = []
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def settled(self) -> list[Weight]:
        return self.seen[int(len(self.seen) * SETTLED_SHARE) :]

    def slope_an_hour(self, of: Callable[[Weight], float]) -> float:
        """Return by how much something grows in an hour, by the median slope (Theil, Sen)."""
        settled = self.settled()[:: max(1, len(self.settled()) // 200)]
        pairs = itertools.combinations(settled, 2)
        return 3600 * float(np.median([(of(b) - of(a)) / (b.at_s - a.at_s) for a, b in pairs]))

    def _run(self) -> None:
        while not self._over.wait(5):
            with self._process.oneshot():
                self.seen.append(
                    Weight(
                        time.monotonic(),
                        self._process.memory_info().rss / 1024,
                        self._process.num_threads(),
                        self._process.num_fds(),
                    )
                )


def broker_down(broker: Broker, _camera: SteerableCamera, _port: int) -> None:
    broker.stop()
    time.sleep(20)
    broker.start()


def broker_hangs(broker: Broker, _camera: SteerableCamera, _port: int) -> None:
    broker.freeze()
    time.sleep(30)
    broker.thaw()


def camera_stalls(_broker: Broker, camera: SteerableCamera, _port: int) -> None:
    camera.mood.is_stalled = True
    time.sleep(12)
    camera.mood.is_stalled = False


def viewers_cut(_broker: Broker, _camera: SteerableCamera, port: int) -> None:
    for number in range(100):
        with suppress(OSError), socket.create_connection((HOST, port), 5) as viewer:
            viewer.sendall(b"GET /door/stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if number % 2:
                viewer.recv(20_000)
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        time.sleep(0.05)


@pytest.fixture
def camera() -> Iterator[SteerableCamera]:
    with SteerableCamera(find_free_port()) as serving:
        yield serving


@pytest.mark.timeout(MINUTES * 60 + 300)
def test_half_an_hour_of_trouble(
    tmp_path: Path, camera: SteerableCamera, free_port: int, unused_port: int
) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    settings = {
        "node": "node",
        "mqtt": {"host": HOST, "port": unused_port},
        "cameras": {
            "door": {
                "source": camera.url,
                "fps": 25,
                "health": {"stale_s": 3},
                "events": {"event_gap_s": 1},
                "detect": {"hold_s": 0.5},
            }
        },
    }
    lines = ["persistence true", f"persistence_location {folder}/", "max_queued_messages 10000"]
    with Broker(folder, unused_port, lines) as broker:
        diary = Diary(unused_port)
        with DaemonProcess(tmp_path, settings, port=free_port) as daemon:
            daemon.wait_for(lambda: daemon.camera("door")["state"] == "ok", "live")
            scales, walker = Scales(daemon.process.pid), Walker(camera, WALK_S, REST_S)
            try:
                end_s = time.monotonic() + MINUTES * 60
                for trouble in itertools.cycle(
                    (broker_down, broker_hangs, camera_stalls, viewers_cut)
                ):
                    if time.monotonic() > end_s:
                        break
                    time.sleep(BETWEEN_S)
                    trouble(broker, camera, free_port)
            finally:
                walker.close()
                scales.close()
            seen = set(re.findall(r"motion started .*event=(\S+)", daemon.log))
            wait_until(lambda: seen <= set(diary.stops), f"{len(seen)} events are told", 90)
            log = daemon.log
        diary.close()

    late = sum(topic == "history" for topic in diary.stops.values())
    rss_mb_an_hour = scales.slope_an_hour(lambda weight: weight.rss_kb) / 1024
    threads, fds = ({getattr(each, of) for each in scales.settled()} for of in ("threads", "fds"))
    print(  # noqa: T201  the figures are what a soak is for
        f"\n{len(seen)} events seen, {len(seen - set(diary.stops))} lost, {late} told late; "
        f"RSS {scales.seen[-1].rss_kb / 1024:.0f} MB, slope {rss_mb_an_hour:+.2f} MB/h; threads "
        f"{min(threads)}..{max(threads)}, descriptors {min(fds)}..{max(fds)}; log {len(log)} bytes"
    )
    assert len(seen) >= 200 * MINUTES / 30
    assert "Traceback" not in log
    if MINUTES >= 30:
        assert rss_mb_an_hour <= 2
    for of in ("threads", "fds"):
        assert abs(scales.slope_an_hour(lambda weight, of=of: getattr(weight, of))) < 1  # type: ignore[misc]
