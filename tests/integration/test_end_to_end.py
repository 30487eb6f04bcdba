"""The whole of it, with nothing faked between: a camera on the network, the daemon as a process, a
real broker, a subscriber, and viewers."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import barcode
import numpy as np
import pytest
from broker import HOST, Broker, Heard, Listener
from cameras.recording_camera import EMPTY, PEOPLE, STRIP_RATIO, RecordingCamera, people_in
from daemon_process import DaemonProcess
from mjpeg_reader import MjpegReader

BASE = "pimotion/node/door"
# The number that is drawn in changes with each picture, which is no motion.
STRIP = [[0, 0], [1, 0], [1, STRIP_RATIO], [0, STRIP_RATIO]]


def camera_settings(url: str, **more: Any) -> dict[str, Any]:
    """Settings of a camera on the network whose events end after 2 s of quiet."""
    return {
        "source": url,
        "fps": 20,
        "detect": {"fps": 20, "masks": [STRIP], "hold_s": 0.5},
        "events": {"event_gap_s": 2},
        **more,
    }


def settings(broker_port: int, **cameras: Any) -> dict[str, Any]:
    return {"node": "node", "mqtt": {"host": HOST, "port": broker_port}, "cameras": cameras}


@pytest.fixture
def broker(tmp_path: Path, unused_port: int) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Broker(folder, unused_port) as running:
        yield running


def test_from_a_person_in_the_picture_to_the_subscriber_and_the_viewers(
    tmp_path: Path, broker: Broker, free_port: int
) -> None:
    with (
        RecordingCamera() as camera,
        Listener(broker.port) as listener,
        DaemonProcess(
            tmp_path, settings(broker.port, door=camera_settings(camera.url)), port=free_port
        ) as daemon,
    ):
        viewers = [Viewer(f"{daemon.url}/door/stream.mjpg") for _ in range(4)]
        listener.wait_for(f"{BASE}/motion", b"ON", deadline_s=30)
        start = event(listener, "start")
        stop = event(listener, "stop")
        said_off = listener.wait_for(f"{BASE}/motion", b"OFF", deadline_s=10)
        shown = [viewer.finish() for viewer in viewers]

    assert_order(listener)
    assert said_off is not None
    assert json.loads(start.payload)["snapshot"] == f"{BASE}/last_motion"
    still = barcode.read_jpeg(listener.payloads(f"{BASE}/last_motion")[0])
    assert still is not None
    assert still in PEOPLE, "the still shows the event, not the moment before it"
    assert_boxes_hit_the_people(json.loads(start.payload)["boxes"], still)
    assert json.loads(stop.payload)["reason"] == "quiet"
    assert json.loads(stop.payload)["duration_s"] == pytest.approx(len(PEOPLE) / 20, abs=1.5)
    for numbers in shown:
        assert set(PEOPLE).intersection(numbers), "every viewer saw the people"
        assert set(EMPTY).intersection(numbers), "and the empty lawn"


def event(listener: Listener, kind: str) -> Heard:
    """Wait for the first live event of a kind."""

    def found() -> Heard | None:
        for heard in list(listener.heard):
            if heard.topic == f"{BASE}/event" and json.loads(heard.payload)["event_type"] == kind:
                return heard
        return None

    deadline = threading.Event()
    for _ in range(400):
        heard = found()
        if heard is not None:
            return heard
        deadline.wait(0.05)
    pytest.fail(f"no {kind} event within 20 s")


def assert_order(listener: Listener) -> None:
    """ON, the picture, the start that names it, the stop, OFF."""
    said = []
    for heard in listener.heard:
        topic = heard.topic.removeprefix(f"{BASE}/")
        if topic == "motion":
            said.append(heard.payload.decode())
        elif topic == "event":
            said.append(json.loads(heard.payload)["event_type"])
        elif topic == "last_motion":
            said.append("picture")
    said = said[said.index("ON") :]
    first = [said.index(each) for each in ("ON", "picture", "start", "stop", "OFF")]
    assert first == sorted(first), said
    assert said.count("start") == said.count("stop") == 1


def assert_boxes_hit_the_people(boxes: list[dict[str, int]], number: int) -> None:
    """Each box lies on people, and together they hold most of them."""
    people = people_in(number) > 0
    boxed = np.zeros_like(people)
    for box in boxes:
        area = (
            slice(box["y"], box["y"] + box["height"]),
            slice(box["x"], box["x"] + box["width"]),
        )
        assert people[area].mean() > 0.2, f"box {box} of picture {number} is on nobody"
        boxed[area] = True
    assert people[boxed].sum() / people.sum() > 0.7, "people are outside of the boxes"


class Viewer:
    """Someone with the stream open, who notes the number of each picture that comes."""

    def __init__(self, url: str) -> None:
        self.numbers: list[int] = []
        self.problem: BaseException | None = None
        self._url = url
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def finish(self) -> list[int]:
        """Leave; return the numbers seen. Fails if a picture could not be read."""
        self._leaving.set()
        self._thread.join(10)
        assert self.problem is None, self.problem
        return self.numbers

    def _watch(self) -> None:
        try:
            with MjpegReader(self._url) as reader:
                while not self._leaving.is_set():
                    number = barcode.read_jpeg(reader.part().jpeg)
                    if number is not None:  # else it is a card: the camera is not there yet
                        self.numbers.append(number)
        except (AssertionError, OSError, EOFError) as error:
            self.problem = error


def test_a_camera_that_stalls_disturbs_no_other(
    tmp_path: Path, broker: Broker, free_port: int
) -> None:
    """Two cameras, one daemon: one hangs, the other's frames, events and stream go on."""
    with (
        RecordingCamera(repeat=True) as hangs,
        RecordingCamera(repeat=True) as lives,
        Listener(broker.port) as listener,
        DaemonProcess(
            tmp_path,
            settings(
                broker.port,
                garden=camera_settings(hangs.url, health={"stale_s": 2}),
                door=camera_settings(lives.url),
            ),
            port=free_port,
        ) as daemon,
    ):
        listener.wait_for("pimotion/node/garden/motion", b"ON", deadline_s=30)
        listener.forget()
        hangs.stalled.set()
        viewer = Viewer(f"{daemon.url}/door/stream.mjpg")
        listener.wait_for("pimotion/node/garden/status", b"offline", deadline_s=10)
        listener.forget()
        event(listener, "start")
        event(listener, "stop")
        numbers = viewer.finish()
        garden, door = daemon.camera("garden"), daemon.camera("door")

        assert (garden["status"], door["status"]) == ("offline", "online")
        assert garden["reason"]
        assert door["fps"] == pytest.approx(20, abs=3)
        assert len(set(numbers)) > 100
        assert not listener.payloads("pimotion/node/door/status")

        listener.forget()
        hangs.stalled.clear()
        listener.wait_for("pimotion/node/garden/status", b"online", deadline_s=35)


def test_a_stalled_cameras_event_ends_before_it_is_offline(
    tmp_path: Path, broker: Broker, free_port: int
) -> None:
    with (
        RecordingCamera() as camera,
        Listener(broker.port) as listener,
        DaemonProcess(
            tmp_path,
            settings(broker.port, door=camera_settings(camera.url, health={"stale_s": 2})),
            port=free_port,
        ),
    ):
        event(listener, "start")
        listener.forget()
        camera.stalled.set()
        stop = event(listener, "stop")
        offline = listener.wait_for(f"{BASE}/status", b"offline", deadline_s=10)
        off = [each for each in listener.heard if each.topic == f"{BASE}/motion"][-1]

    assert json.loads(stop.payload)["reason"] == "source_lost"
    assert off.payload == b"OFF"
    assert stop.at_s <= off.at_s <= offline.at_s


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_during_motion_says_so_and_is_quick(
    tmp_path: Path, broker: Broker, free_port: int, number: signal.Signals
) -> None:
    with (
        RecordingCamera() as camera,
        Listener(broker.port) as listener,
        DaemonProcess(
            tmp_path, settings(broker.port, door=camera_settings(camera.url)), port=free_port
        ) as daemon,
    ):
        viewer = Viewer(f"{daemon.url}/door/stream.mjpg")
        event(listener, "start")
        listener.forget()
        took_s = daemon.stop(number)
        stop = event(listener, "stop")
        node = listener.wait_for("pimotion/node/status", b"offline")
        viewer._leaving.set()

        assert daemon.process.returncode == 0, daemon.log
    last = {each.topic: each.payload for each in listener.heard}
    order = [each.topic.removeprefix("pimotion/node/") for each in listener.heard]
    assert took_s < 5
    assert json.loads(stop.payload)["reason"] == "shutdown"
    assert last[f"{BASE}/motion"] == b"OFF"
    assert last[f"{BASE}/status"] == b"offline"
    assert order.index("door/event") < order.index("door/status") < order.index("status")
    assert node.payload == b"offline"


def test_a_camera_and_a_broker_that_are_not_there_are_waited_for(
    tmp_path: Path, unused_port: int, free_port: int
) -> None:
    """Power comes back and the Pi is quicker than the router: no failure, just not yet."""
    with RecordingCamera() as camera:
        camera_url = camera.url
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder, unused_port)
    with DaemonProcess(
        tmp_path, settings(unused_port, door=camera_settings(camera_url)), port=free_port
    ) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["state"] == "lost", "the camera is missed")
        health = daemon.healthz()
        assert health is not None
        assert health["status"] == "degraded"
        assert "refused" in health["mqtt"]["reason"].lower()
        assert "refused" in daemon.camera("door")["reason"].lower()
        with broker, Listener(unused_port) as listener:
            listener.wait_for("pimotion/node/status", b"online", deadline_s=20)
            assert listener.payloads(f"{BASE}/status")[-1] == b"offline"
        assert daemon.log.count("camera is lost") == 1, "one line, not one a try"


def test_the_last_event_is_known_again_after_a_restart(
    tmp_path: Path, broker: Broker, free_port: int
) -> None:
    """Home Assistant must not forget it because the machine was updated."""
    with RecordingCamera() as camera, Listener(broker.port) as listener:
        watched = settings(broker.port, door=camera_settings(camera.url))
        with DaemonProcess(tmp_path, watched, port=free_port) as daemon:
            event(listener, "start")
            daemon.stop()
        last = json.loads(listener.payloads(f"{BASE}/event")[-1])
        # From here on nothing moves.
        watched["cameras"]["door"]["source"] = "synthetic"
        watched["cameras"]["door"]["detect"]["masks"] = [[[0, 0], [1, 0], [1, 1], [0, 1]]]
        listener.forget()
        with DaemonProcess(tmp_path, watched, port=free_port):
            stats = listener.wait_for(f"{BASE}/stats", deadline_s=30)

    assert json.loads(stats.payload)["last_event_at"] == last["started_at"]
