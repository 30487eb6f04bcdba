"""The blueprints in a real Home Assistant: each fires exactly once for what it is about."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Listener
from daemon_process import DaemonProcess
from home.core import Core, State
from home.visits import BASE, DOOR, NODE, CameraOnCue, daemon, settings

from pimotion.config.settings import Settings
from pimotion.homeassistant.examples import examples

LIGHT = "input_boolean.light"


@pytest.fixture(scope="module")
def core(home: Path, tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Core]:
    """A Home Assistant with the blueprints, and a helper that plays the light."""
    folder = tmp_path_factory.mktemp("core")
    made = Core(home, folder, broker_port=broker.port)
    pack = examples(Settings.model_validate({"cameras": {"door": {"source": "synthetic"}}}))
    for path, text in pack.items():
        if path.startswith("blueprints/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    with (folder / "configuration.yaml").open("a") as configuration:
        configuration.write("input_boolean: {light: {name: Light}}\n")
    with made as running:
        yield running


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraOnCue]:
    with CameraOnCue() as running:
        yield running


@pytest.fixture(scope="module")
def watching(
    core: Core, broker: Broker, camera: CameraOnCue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DaemonProcess]:
    with daemon(tmp_path_factory.mktemp("daemon"), settings(broker.port, camera.url)) as running:
        core.wait_state(f"{DOOR}_motion", "off", deadline_s=30)
        yield running


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    with Listener(broker.port) as connected:
        yield connected


def use(core: Core, name: str, **values: Any) -> None:
    """Have one automation, made of a blueprint."""
    blueprint = {"path": f"pimotion/{name}.yaml", "input": values}
    core.set_automations({"id": name, "alias": name, "use_blueprint": blueprint})


def tell(*fields: str) -> list[dict[str, Any]]:
    """Actions that say their variables on a topic of the test."""
    parts = ", ".join(f"'{field}': {field}" for field in fields)
    payload = f"{{{{ {{{parts}}} | to_json }}}}"
    return [{"action": "mqtt.publish", "data": {"topic": "told", "payload": payload}}]


def light_up(core: Core, *, off_after_s: int) -> None:
    """Have a light go on with motion."""
    use(
        core,
        "light",
        motion=core.entity(f"{DOOR}_motion"),
        inhibit_topic=f"{BASE}/inhibit/set",
        light={"entity_id": LIGHT},
        only_at_night=False,
        off_after_s=off_after_s,
        ignore_s=1,
    )


def tell_of_what_is_down(core: Core) -> None:
    """Have it told that the camera is down."""
    use(
        core,
        "camera_down",
        problem=core.entity(f"{DOOR}_problem"),
        after_s=1,
        tell=tell("title", "message"),
    )


def visit(core: Core, camera: CameraOnCue) -> None:
    """Let people come and go."""
    camera.visit()
    core.wait_state(f"{DOOR}_motion", "on", deadline_s=30)
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=30)


def test_one_notification_an_event_with_its_picture(
    core: Core, watching: DaemonProcess, camera: CameraOnCue, listener: Listener
) -> None:
    use(
        core,
        "notify",
        motion_event=core.entity(f"{DOOR}_motion_event"),
        last_motion=core.entity(f"{DOOR}_last_motion"),
        cool_down_s=0,
        tell=tell("title", "message", "picture"),
    )
    for count in (1, 2):
        visit(core, camera)
        assert len(listener.payloads("told")) == count
    told = listener.payloads("told")[0].decode()
    assert '"title":"Door"' in told.replace(": ", ":")
    assert "/api/image_proxy/image.door_last_motion" in told

    # A daemon that goes and comes back is no event.
    camera.stalled.set()
    core.wait_state(f"{DOOR}_motion_event", "unavailable", deadline_s=15)
    camera.stalled.clear()
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
    assert len(listener.payloads("told")) == 2


def test_after_a_notification_it_is_quiet_for_a_while(
    core: Core, watching: DaemonProcess, camera: CameraOnCue, listener: Listener
) -> None:
    use(
        core,
        "notify",
        motion_event=core.entity(f"{DOOR}_motion_event"),
        last_motion=core.entity(f"{DOOR}_last_motion"),
        zone="lawn",
        cool_down_s=600,
        tell=tell("title"),
    )
    visit(core, camera)
    visit(core, camera)
    assert len(listener.payloads("told")) == 1


def test_a_zone_that_nobody_entered_says_nothing(
    core: Core, watching: DaemonProcess, camera: CameraOnCue, listener: Listener
) -> None:
    use(
        core,
        "notify",
        motion_event=core.entity(f"{DOOR}_motion_event"),
        last_motion=core.entity(f"{DOOR}_last_motion"),
        zone="pond",
        tell=tell("title"),
    )
    visit(core, camera)
    assert listener.payloads("told") == []


def test_who_comes_into_the_zone_later_is_told_of_once_an_event(
    core: Core, watching: DaemonProcess, listener: Listener
) -> None:
    """From the street into the garden: the start does not name the garden, an update does."""
    use(
        core,
        "notify",
        motion_event=core.entity(f"{DOOR}_motion_event"),
        last_motion=core.entity(f"{DOOR}_last_motion"),
        zone="garden",
        cool_down_s=0,
        tell=tell("picture"),
    )

    def say(event_id: str, kind: str, *zones: str, picture: str | None) -> None:
        said = {"event_type": kind, "id": event_id, "zones": list(zones), "snapshot": picture}
        listener.publish(f"{BASE}/event", json.dumps(said))

        def is_shown(now: State) -> bool:
            return all(now["attributes"].get(key) == each for key, each in said.items())

        core.wait_state(f"{DOOR}_motion_event", is_shown)

    for event_id, picture in (("e1", f"{BASE}/last_motion"), ("e2", None)):
        say(event_id, "start", "street", picture=picture)
        say(event_id, "update", "street", "garden", picture=picture)
        say(event_id, "update", "street", "garden", "lawn", picture=picture)
        say(event_id, "stop", "garden", picture=picture)
    core.wait_for(
        lambda: len(listener.payloads("told")) == 2, lambda: str(listener.payloads("told"))
    )
    pictures = [json.loads(each)["picture"] for each in listener.payloads("told")]
    assert pictures == ["/api/image_proxy/image.door_last_motion", ""], "never another event's"


def test_the_light_goes_on_and_off_once_and_motion_is_ignored_around_it(
    core: Core, watching: DaemonProcess, camera: CameraOnCue, listener: Listener
) -> None:
    light_up(core, off_after_s=1)
    listener.forget()
    camera.visit()
    core.wait_for(lambda: core.states()[LIGHT]["state"] == "on", "light", deadline_s=30)
    core.wait_for(lambda: core.states()[LIGHT]["state"] == "off", "dark", deadline_s=30)

    assert listener.payloads(f"{BASE}/inhibit/set") == [b"1", b"1"]
    watching.wait_for(lambda: watching.log.count("inhibit=1.0") == 2, "both are obeyed")
    assert core.state(f"{DOOR}_motion")["state"] == "off"


def test_a_camera_that_is_lost_does_not_leave_the_light_on(
    core: Core, watching: DaemonProcess, camera: CameraOnCue
) -> None:
    light_up(core, off_after_s=2)
    camera.visit()
    core.wait_for(lambda: core.states()[LIGHT]["state"] == "on", "light", deadline_s=30)
    camera.stalled.set()
    core.wait_state(f"{DOOR}_motion", "unavailable", deadline_s=20)
    core.wait_for(lambda: core.states()[LIGHT]["state"] == "off", "dark", deadline_s=10)
    camera.stalled.clear()
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)


def test_a_camera_that_is_down_is_told_once(
    core: Core, watching: DaemonProcess, camera: CameraOnCue, listener: Listener
) -> None:
    tell_of_what_is_down(core)
    camera.stalled.set()
    listener.wait_for("told", deadline_s=20)
    camera.stalled.clear()
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
    core.call("switch.turn_on", f"{DOOR}_privacy")
    core.wait_state(f"{DOOR}_privacy", "on")
    core.call("switch.turn_off", f"{DOOR}_privacy")
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)

    told = listener.payloads("told")
    assert len(told) == 1
    assert b"for 5 s" in told[0]


def test_a_camera_that_is_lost_just_after_a_start_is_told_once(
    core: Core, watching: DaemonProcess, camera: CameraOnCue, listener: Listener
) -> None:
    tell_of_what_is_down(core)
    core.restart()
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
    listener.forget()
    camera.stalled.set()
    listener.wait_for("told", deadline_s=20)
    camera.stalled.clear()
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
    assert len(listener.payloads("told")) == 1


@pytest.mark.timeout(240)
def test_a_machine_that_went_while_home_assistant_was_down_is_told_once(
    core: Core, watching: DaemonProcess, listener: Listener
) -> None:
    """After a power cut only Home Assistant came back; its sensors were unavailable all along."""
    tell_of_what_is_down(core)
    core.restart()
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
    core.stop()
    watching.process.send_signal(signal.SIGSTOP)  # its broker says soon that it is gone
    listener.wait_for(f"pimotion/{NODE}/status", b"offline", deadline_s=40)
    listener.forget()
    core.start()
    listener.wait_for("told", deadline_s=60)
    watching.process.send_signal(signal.SIGCONT)
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=40)
    # When it goes on its camera may be down for a moment, which is another matter.
    told = [each for each in listener.payloads("told") if b"no picture for" not in each]
    assert len(told) == 1
    assert b"its machine does not answer" in told[0]


def test_nothing_was_complained_of(core: Core, watching: DaemonProcess) -> None:
    assert core.complaints() == []
