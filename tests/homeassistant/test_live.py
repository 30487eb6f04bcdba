"""A camera, the daemon, a broker and Home Assistant: what somebody sees there, and switches."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import barcode
import pytest
from broker import Broker, Listener
from cameras.recording_camera import PEOPLE
from daemon_process import DaemonProcess
from home.core import Core, State
from home.visits import BASE, DOOR, NODE, CameraOnCue, daemon, settings

from pimotion.config.names import CAMERA_KEYS, NODE_KEYS

MACHINE = f"pimotion_{NODE}"


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraOnCue]:
    with CameraOnCue() as running:
        yield running


@pytest.fixture(scope="module")
def watching(
    core: Core, broker: Broker, camera: CameraOnCue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DaemonProcess]:
    """The daemon, live for Home Assistant."""
    values = settings(broker.port, camera.url)
    with daemon(tmp_path_factory.mktemp("daemon"), values) as running:
        core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
        yield running


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    with Listener(broker.port) as connected:
        yield connected


def wait_live(core: Core) -> None:
    """Wait until the camera is live again."""
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)


def test_every_entity_appears_available_and_without_a_complaint(
    core: Core, watching: DaemonProcess
) -> None:
    core.wait_state(f"{DOOR}_fps", lambda s: _number(s) > 15, deadline_s=20)
    wanted = {f"{DOOR}_{key}" for key in (*CAMERA_KEYS, "zone_lawn")}
    wanted |= {f"{MACHINE}_{key}" for key in NODE_KEYS}
    enabled = {e["unique_id"] for e in core.registry() if e["disabled_by"] is None}

    assert {entry["unique_id"] for entry in core.registry()} == wanted
    states = {unique_id: core.state(unique_id).get("state") for unique_id in enabled}
    assert [each for each, state in states.items() if state in (None, "unavailable")] == []
    assert states[f"{DOOR}_problem"] == "off"
    assert states[f"{DOOR}_sensitivity"] == "50"
    assert states[f"{DOOR}_min_area"] == "0.1"
    assert states[f"{DOOR}_event_gap"] == "2"
    assert states[f"{MACHINE}_log_level"] == "INFO"
    assert core.complaints() == []


def test_a_visit_switches_motion_on_and_off_and_its_pictures_show_it(
    core: Core, watching: DaemonProcess, camera: CameraOnCue
) -> None:
    before = core.state(f"{DOOR}_last_motion")["state"]
    camera.visit()
    on = core.wait_state(f"{DOOR}_motion", "on", deadline_s=30)
    core.wait_state(f"{DOOR}_zone_lawn", "on", deadline_s=2)
    core.wait_state(f"{DOOR}_last_motion", lambda s: s["state"] != before, deadline_s=2)
    shown = core.picture(f"{DOOR}_last_motion")
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=30)
    core.wait_state(f"{DOOR}_zone_lawn", "off", deadline_s=5)
    event = core.state(f"{DOOR}_motion_event")["attributes"]

    assert on["attributes"]["running"] is True
    assert 1 <= len(on["attributes"]["boxes"]) <= 16
    assert shown[0] == 200
    assert barcode.read_jpeg(shown[1]) in PEOPLE, "the picture is one of this very visit"
    for key in ("camera", "last_motion"):
        status, jpeg = core.picture(f"{DOOR}_{key}")
        assert (status, barcode.read_jpeg(jpeg) in PEOPLE) == (200, True), key
    assert (event["event_type"], event["reason"]) == ("stop", "quiet")
    assert event["zones"] == ["lawn"]
    assert event["snapshot"] == f"{BASE}/last_motion"
    assert core.complaints() == []


def test_an_events_picture_does_not_change_without_a_new_event(
    core: Core, watching: DaemonProcess, listener: Listener
) -> None:
    """Automations run on each change of it."""
    before = core.state(f"{DOOR}_last_motion")["state"]
    picture = core.picture(f"{DOOR}_camera")[1]
    core.call("button.press", f"{DOOR}_take_snapshot")
    core.wait_for(lambda: core.picture(f"{DOOR}_camera")[1] != picture, "a new still")

    assert barcode.read_jpeg(core.picture(f"{DOOR}_camera")[1]) not in PEOPLE
    assert core.state(f"{DOOR}_last_motion")["state"] == before
    assert listener.payloads(f"{BASE}/last_motion") == []


@pytest.mark.parametrize(
    ("key", "said", "value", "back"),
    [
        ("sensitivity", "sensitivity=80", 80, 50),
        ("min_area", "min_area_percent=2.5", 2.5, 0.1),
        ("event_gap", "event_gap_s=4.5", 4.5, 2),
    ],
)
def test_a_number_changes_the_daemon_and_comes_back(
    core: Core, watching: DaemonProcess, key: str, said: str, value: float, back: float
) -> None:
    core.call("number.set_value", f"{DOOR}_{key}", value=value)
    core.wait_state(f"{DOOR}_{key}", f"{value:g}")
    assert f"command obeyed camera=door {said}" in watching.log
    core.call("number.set_value", f"{DOOR}_{key}", value=back)
    core.wait_state(f"{DOOR}_{key}", lambda s: _number(s) == back)


def test_an_area_that_nothing_could_have_comes_back_as_it_was(
    core: Core, watching: DaemonProcess
) -> None:
    core.call("number.set_value", f"{DOOR}_min_area", value=90)
    watching.wait_for(lambda: "must be less than max_area_ratio" in watching.log, "the refusal")
    core.wait_state(f"{DOOR}_min_area", "0.1")


def test_detection_is_switched_off_and_on(
    core: Core, watching: DaemonProcess, camera: CameraOnCue
) -> None:
    core.call("switch.turn_off", f"{DOOR}_detection")
    core.wait_state(f"{DOOR}_detection", "off")
    assert core.state(f"{DOOR}_motion")["state"] == "off"
    core.call("switch.turn_on", f"{DOOR}_detection")
    core.wait_state(f"{DOOR}_detection", "on")


def test_privacy_hides_the_picture_and_can_be_switched_off_again(
    core: Core, watching: DaemonProcess
) -> None:
    shown = core.picture(f"{DOOR}_camera")[1]
    core.call("switch.turn_on", f"{DOOR}_privacy")
    core.wait_state(f"{DOOR}_privacy", "on", deadline_s=5)
    core.wait_state(f"{DOOR}_motion", "unavailable", deadline_s=5)
    core.wait_state(f"{DOOR}_problem", "off", deadline_s=5)
    core.wait_for(lambda: core.picture(f"{DOOR}_camera")[1] != shown, "a card")
    assert barcode.read_jpeg(core.picture(f"{DOOR}_camera")[1]) is None
    health = watching.healthz()
    assert health is not None
    assert (health["status"], health["cameras"]["door"]["state"]) == ("ok", "privacy")

    core.call("switch.turn_off", f"{DOOR}_privacy")
    core.wait_state(f"{DOOR}_privacy", "off", deadline_s=5)
    wait_live(core)
    core.wait_for(
        lambda: barcode.read_jpeg(core.picture(f"{DOOR}_camera")[1]) is not None, "a picture"
    )


def test_the_scene_is_learnt_anew(core: Core, watching: DaemonProcess) -> None:
    core.call("button.press", f"{DOOR}_recalibrate")
    watching.wait_for(lambda: "recalibrate=True" in watching.log, "the command")


def test_the_log_level_is_chosen(core: Core, watching: DaemonProcess) -> None:
    core.call("select.select_option", f"{MACHINE}_log_level", option="DEBUG")
    core.wait_state(f"{MACHINE}_log_level", "DEBUG")
    watching.wait_for(lambda: " DEBUG " in watching.log, "a line for experts")
    core.call("select.select_option", f"{MACHINE}_log_level", option="INFO")
    core.wait_state(f"{MACHINE}_log_level", "INFO")


def test_the_restart_button_makes_a_fresh_process(core: Core, watching: DaemonProcess) -> None:
    core.call("number.set_value", f"{DOOR}_sensitivity", value=65)
    core.wait_state(f"{DOOR}_sensitivity", "65")
    started = core.state(f"{MACHINE}_started")["state"]
    pid = watching.process.pid
    core.call("button.press", f"{MACHINE}_restart")
    core.wait_state(f"{MACHINE}_started", lambda s: _is_time_after(s, started), deadline_s=20)
    wait_live(core)

    assert (watching.process.poll(), watching.process.pid) == (None, pid)
    assert core.state(f"{DOOR}_sensitivity")["state"] == "65", "what was set is kept"
    core.call("number.set_value", f"{DOOR}_sensitivity", value=50)
    core.wait_state(f"{DOOR}_sensitivity", "50")


def test_a_retained_command_does_nothing(
    core: Core, watching: DaemonProcess, listener: Listener
) -> None:
    """Somebody published it with the wrong flag, days ago; a start must not obey it."""
    listener.publish(f"{BASE}/detection/set", "OFF", retain=True)
    listener.publish(f"pimotion/{NODE}/restart/set", "PRESS", retain=True)
    watching.wait_for(lambda: "retained command ignored" in watching.log, "the refusal")
    core.call("homeassistant.update_entity", f"{DOOR}_detection")
    assert core.state(f"{DOOR}_detection")["state"] == "on"
    for topic in (f"{BASE}/detection/set", f"pimotion/{NODE}/restart/set"):
        listener.publish(topic, b"", retain=True)


def test_a_dead_camera_is_unavailable_and_a_problem(
    core: Core, watching: DaemonProcess, camera: CameraOnCue
) -> None:
    camera.stalled.set()
    core.wait_state(f"{DOOR}_motion", "unavailable", deadline_s=15)
    problem = core.wait_state(f"{DOOR}_problem", "on", deadline_s=2)
    assert problem["attributes"]["reason"]
    assert core.state(f"{DOOR}_privacy")["state"] == "off", "still usable"
    camera.stalled.clear()
    wait_live(core)
    core.wait_state(f"{DOOR}_problem", "off", deadline_s=5)


def test_nothing_was_complained_of(core: Core, watching: DaemonProcess) -> None:
    assert core.complaints() == []


def test_after_sigkill_everything_is_unavailable_within_2_s(
    core: Core, watching: DaemonProcess
) -> None:
    watching.stop(signal.SIGKILL)
    began_s = time.monotonic()
    for key in ("motion", "detection", "problem"):
        core.wait_state(f"{DOOR}_{key}", "unavailable", deadline_s=2)
    core.wait_state(f"{MACHINE}_started", "unavailable", deadline_s=2)
    assert time.monotonic() - began_s < 2


def _number(state: State) -> float:
    try:
        return float(state["state"])
    except (KeyError, ValueError):
        return -1.0


def _is_time_after(state: State, before: str) -> bool:
    now = str(state.get("state"))
    return now.startswith("20") and now > before
