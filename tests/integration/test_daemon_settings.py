"""What was set at run time, with the whole daemon: kept, obeyed after a restart, and safe."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import HOST, Broker, Listener, retained
from daemon_process import DaemonProcess
from waiting import wait_until

NODE = "pimotion/pi"
DOOR = f"{NODE}/door"


@pytest.fixture
def broker(tmp_path: Path, unused_port: int) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Broker(folder, unused_port) as started:
        yield started


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    with Listener(broker.port) as connected:
        yield connected


def settings(broker: Broker) -> dict[str, Any]:
    return {
        "node": "pi",
        "mqtt": {"host": HOST, "port": broker.port},
        "cameras": {"door": {"source": "synthetic", "fps": 10}},
    }


def is_live(daemon: DaemonProcess) -> bool:
    return bool(daemon.camera("door")["status"] == "online")


def test_a_restart_on_command_is_a_fresh_process_with_what_was_set(
    tmp_path: Path, broker: Broker, listener: Listener, free_port: int
) -> None:
    with DaemonProcess(tmp_path, settings(broker), port=free_port) as daemon:
        daemon.wait_for(lambda: is_live(daemon), "it is live")
        listener.publish(f"{DOOR}/min_area_percent/set", "3")
        listener.wait_for(f"{DOOR}/min_area_percent/state", b"3")
        listener.publish(f"{NODE}/log_level/set", "WARNING")
        listener.wait_for(f"{NODE}/log_level/state", b"WARNING")
        listener.forget()
        listener.publish(f"{NODE}/restart/set", "PRESS")
        listener.wait_for(f"{NODE}/status", b"offline")
        listener.wait_for(f"{NODE}/status", b"online", deadline_s=20)
        listener.wait_for(f"{DOOR}/min_area_percent/state", b"3")
        listener.wait_for(f"{NODE}/log_level/state", b"WARNING")
        topics = [each.topic for each in listener.heard if each.payload != b"offline"]
        vouches_at = topics.index(f"{NODE}/status")
        assert topics.index(f"{DOOR}/min_area_percent/state") < vouches_at, "true before online"
        assert topics.index(f"{NODE}/log_level/state") < vouches_at, "true before online"
        listener.publish(f"{DOOR}/min_area_percent/set", "RESET")
        listener.wait_for(f"{DOOR}/min_area_percent/state", b"0.1")
        listener.publish(f"{NODE}/log_level/set", "RESET")
        listener.wait_for(f"{NODE}/log_level/state", b"INFO")

        assert daemon.process.poll() is None, "the same process, as its service manager sees it"
        daemon.wait_for(lambda: is_live(daemon), "it is live again")
        assert daemon.stop() < 5


def test_sigterm_while_it_starts_anew_stops_it(
    tmp_path: Path, broker: Broker, listener: Listener, free_port: int
) -> None:
    with DaemonProcess(tmp_path, settings(broker), port=free_port) as daemon:
        daemon.wait_for(lambda: is_live(daemon), "it is live")
        listener.publish(f"{NODE}/restart/set", "PRESS")
        listener.wait_for(f"{NODE}/status", b"offline")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(10)


def test_privacy_outlives_a_kill_and_no_picture_is_sent_or_kept(
    tmp_path: Path, broker: Broker, listener: Listener, free_port: int
) -> None:
    with DaemonProcess(tmp_path, settings(broker), port=free_port) as daemon:
        daemon.wait_for(lambda: is_live(daemon), "it is live")
        picture = listener.wait_for(f"{DOOR}/snapshot").payload
        listener.publish(f"{DOOR}/privacy/set", "ON")
        listener.wait_for(f"{DOOR}/privacy/state", b"ON")
        wait_until(lambda: retained(broker.port)[f"{DOOR}/snapshot"].payload != picture, "a card")
        state = tmp_path / "state" / "state.json"
        daemon.wait_for(lambda: "privacy" in state.read_text(), "it is kept")
        daemon.stop(signal.SIGKILL)
    with DaemonProcess(tmp_path, settings(broker), port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["state"] == "privacy", "it is closed")
        health = daemon.healthz()
        assert health is not None
        daemon.wait_for(lambda: (daemon.healthz() or {})["status"] == "ok", "it is well")
        assert health["cameras"]["door"]["fps"] is None
        assert daemon.get("/door/snapshot.jpg")[:2] == b"\xff\xd8"


def test_a_state_file_that_is_broken_closes_every_camera_and_says_so(
    tmp_path: Path, broker: Broker, listener: Listener, free_port: int
) -> None:
    """Whoever wanted privacy must not lose it with a broken disk."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.json").write_text('{"cameras.door.priv')
    with DaemonProcess(tmp_path, settings(broker), port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["state"] == "privacy", "it is closed")
        wait_until(lambda: f"{DOOR}/health" in retained(broker.port), "its health")
        wait_until(
            lambda: json.loads(retained(broker.port)[f"{DOOR}/health"].payload)["problem"],
            "a problem is shown",
        )
        assert "every camera starts in privacy" in daemon.log
        assert daemon.stop() < 5
    with DaemonProcess(tmp_path, settings(broker), port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["state"] == "privacy", "it is closed still")
        listener.publish(f"{DOOR}/privacy/set", "OFF")
        daemon.wait_for(lambda: is_live(daemon), "somebody has opened it")
