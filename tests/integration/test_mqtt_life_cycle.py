"""From one configuration to the next: what a broker keeps of a node, and what a birth sets off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Listener, retained
from publish_messages import health, motion, settings, still
from publishing import BASE, DOOR, STATUS, running
from waiting import passes, wait_until

from pimotion.homeassistant.examples import examples
from pimotion.state import State
from pimotion.types import NODE, CameraState, Command, SettingState

ANNOUNCED = "homeassistant/device/pimotion_garden-pi_front_door/config"
YARD = "homeassistant/device/pimotion_garden-pi_yard/config"
ZONE = f"{DOOR}/zone/drive-way/motion"
BIRTH = "homeassistant/status"
BARE = {"front_door": {"source": "synthetic"}}


@pytest.fixture
def broker(tmp_path: Path, free_port: int) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Broker(folder, free_port) as started:
        yield started


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    with Listener(broker.port) as connected:
        yield connected


@pytest.fixture(autouse=True)
def soon_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine of our name would be heard within 3 s."""
    monkeypatch.setattr("pimotion.publish.twin.TWIN_WATCH_S", 3.0)
    monkeypatch.setattr("pimotion.publish.session.HEARTBEAT_S", 1.0)


def run_once(folder: Path, broker: Broker, **changes: Any) -> None:
    """Run a publisher until the broker has what it retains."""
    with running(folder, broker.port, **changes) as daemon:
        daemon.connected()
        daemon.publisher.put(health(CameraState.OK))
        daemon.publisher.put(still())
        daemon.publisher.put(SettingState("front_door", "privacy", False))
        wait_until(lambda: f"{DOOR}/snapshot" in retained(broker.port), "it is all there")


def zone_in(payload: bytes) -> Any:
    """What an announcement says of the zone; None if nothing."""
    return json.loads(payload)["components"].get("zone_drive-way")


def test_a_zone_that_is_gone_is_taken_back(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    run_once(tmp_path, broker)
    assert zone_in(retained(broker.port)[ANNOUNCED].payload)
    listener.forget()
    with running(tmp_path, broker.port, cameras=BARE) as daemon:
        daemon.connected()
        wait_until(lambda: ZONE not in retained(broker.port), "its state is cleared")
        wait_until(
            lambda: (
                {"platform": "binary_sensor"}
                in [zone_in(each) for each in listener.payloads(ANNOUNCED) if each]
            ),
            "it is ended",
        )
        assert zone_in(listener.payloads(ANNOUNCED)[-1]) is None
        assert zone_in(retained(broker.port)[ANNOUNCED].payload) is None


def test_a_camera_that_is_gone_leaves_nothing_behind(tmp_path: Path, broker: Broker) -> None:
    run_once(tmp_path, broker)
    only_yard = {"yard": {"source": "synthetic"}}
    with running(tmp_path, broker.port, cameras=only_yard) as daemon:
        daemon.connected()
        wait_until(lambda: ANNOUNCED not in retained(broker.port), "its announcement is gone")
        wait_until(
            lambda: not [each for each in retained(broker.port) if each.startswith(f"{DOOR}/")],
            "its topics are cleared",
        )
        assert YARD in retained(broker.port)
        assert f"{BASE}/yard/status" in retained(broker.port)


def test_what_home_assistant_missed_is_said_again_at_its_birth_even_after_our_restart(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    run_once(tmp_path, broker)
    with running(tmp_path, broker.port, cameras=BARE) as daemon:
        daemon.connected()
        wait_until(lambda: YARD not in retained(broker.port), "the yard is gone")
        daemon.publisher.save()
    listener.wait_for(STATUS, b"offline")
    listener.forget()  # the `online` of the one before says nothing of the one that comes
    with running(tmp_path, broker.port, cameras=BARE) as daemon:
        listener.wait_for(YARD, b"")  # as soon as we are sure that it was ours
        listener.forget()
        listener.publish(BIRTH, "online")
        listener.wait_for(YARD, b"")
        assert json.loads(listener.payloads(YARD)[0])["components"], "what it was, then its end"
        daemon.publisher.save()
        assert State(tmp_path).get("departed_announcements") is None


def test_a_second_machine_of_our_name_takes_nothing_from_the_first(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """Two fresh Pis are both called raspberrypi; the second deleted the first one's cameras."""
    others = {"cellar": {"source": "synthetic"}}
    with running(tmp_path / "first", broker.port) as first:
        listener.wait_for(STATUS, b"online")
        first.publisher.put(health(CameraState.OK))
        wait_until(lambda: f"{DOOR}/status" in retained(broker.port), "the first is there")
        passes(4.0)  # who listens only for a while after connecting has stopped by now
        with running(tmp_path / "second", broker.port, cameras=others) as second:
            for machine in (first, second):
                wait_until(lambda m=machine: m.publisher.status().reason, "both notice")  # type: ignore[misc]
            listener.publish(BIRTH, "online")
            passes(7.0)
            kept = retained(broker.port)
            assert {ANNOUNCED, YARD, f"{DOOR}/status", f"{DOOR}/motion"} <= set(kept)
            first.stop()
            wait_until(lambda: second.publisher.status().reason is None, "the first is silent")
            passes(4.0)
            assert ANNOUNCED in retained(broker.port), "it may only be starting anew"
    with running(tmp_path / "second", broker.port, cameras=others) as second:
        second.connected()
        wait_until(lambda: ANNOUNCED not in retained(broker.port), "now there is nobody else")


def test_what_a_second_machine_of_our_name_said_last_does_not_stay(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """It was found out and given another name: its farewell was that our camera is offline."""
    with running(tmp_path / "first", broker.port) as first:
        first.publisher.put(health(CameraState.OK))
        listener.wait_for(f"{DOOR}/status", b"online")
        listener.forget()
        with running(tmp_path / "second", broker.port):
            wait_until(lambda: first.publisher.status().reason, "it is noticed")
        listener.wait_for(f"{DOOR}/status", b"offline")
        wait_until(lambda: first.publisher.status().reason is None, "it is gone")
        wait_until(
            lambda: retained(broker.port)[f"{DOOR}/status"].payload == b"online", "the truth"
        )


def test_a_storm_of_births_is_answered_once(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """Somebody who restarts Home Assistant again and again does not set the network on fire."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        wait_until(lambda: listener.payloads(ANNOUNCED), "the announcement")
        listener.forget()
        for _ in range(50):
            listener.publish(BIRTH, "online")
        listener.wait_for(ANNOUNCED)
        assert len(listener.payloads(ANNOUNCED)) == 1


def test_commands_to_the_machine_arrive_and_its_settings_are_said(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        daemon.publisher.put(SettingState(NODE, "log_level", 20))
        listener.wait_for(f"{BASE}/log_level/state", b"INFO")
        listener.publish(f"{BASE}/log_level/set", "DEBUG")
        listener.publish(f"{BASE}/restart/set", "PRESS")
        wait_until(lambda: len(daemon.commands) == 2, "both commands")
        assert daemon.commands == [
            Command(NODE, "log_level", 10),
            Command(NODE, "restart", True),
        ]
        listener.forget()
        listener.publish(f"{BASE}/log_level/set", "TRACE")
        listener.wait_for(f"{BASE}/log_level/state", b"INFO")


def test_after_a_flood_the_true_value_is_said(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        daemon.publisher.put(SettingState("front_door", "detection", True))
        listener.wait_for(f"{DOOR}/detection/state", b"ON")
        listener.forget()
        for _ in range(30):
            listener.publish(f"{DOOR}/detection/set", "OFF")
        listener.wait_for(f"{DOOR}/detection/state", b"ON")


def test_a_scene_that_switches_everything_at_once_is_obeyed(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    names = ("detection", "privacy", "sensitivity", "min_area_percent", "event_gap_s")
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        for camera in ("front_door", "yard"):
            for name in names:
                payload = "ON" if name in ("detection", "privacy") else "5"
                listener.publish(f"{BASE}/{camera}/{name}/set", payload)
        wait_until(lambda: len(daemon.commands) == 10, "all commands")


def test_the_acl_of_the_starter_pack_lets_the_node_do_its_work(
    tmp_path: Path, unused_port: int
) -> None:
    acl = tmp_path / "acl"
    acl.write_text(examples(settings(mqtt={"birth_topic": "home/state"}))["mosquitto.acl"])
    acl.chmod(0o600)
    with Broker(tmp_path, unused_port, [f"acl_file {acl}"]) as broker:
        own = {"username": "pimotion-garden-pi", "password": "x", "birth_topic": "home/state"}
        with running(tmp_path / "state", broker.port, **own) as daemon:
            daemon.connected()
            daemon.publisher.put(health(CameraState.OK))
            daemon.publisher.put(motion(True))
            daemon.publisher.put(still())
            with Listener(broker.port, login=("homeassistant", "x")) as heard:
                heard.wait_for(f"{DOOR}/motion", b"ON")
                heard.wait_for(ANNOUNCED)
                heard.publish(f"{DOOR}/detection/set", "OFF")
                wait_until(lambda: daemon.commands, "a command of Home Assistant")
                heard.publish("home/state", "online")
                wait_until(lambda: daemon.publisher.status().birth_s, "its birth")
            assert "refused_by_broker" not in daemon.counts()
