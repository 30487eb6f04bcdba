"""What vanishes from the configuration vanishes from Home Assistant; another node's things stay."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import HOST, Broker, retained
from daemon_process import DaemonProcess
from home.core import Core
from home.visits import LAWN, daemon

SYNTHETIC = {"source": "synthetic", "fps": 5}
ZONES = {"lawn": {"polygon": LAWN}, "path": {"polygon": LAWN}}


def node_settings(name: str, broker: Broker, **cameras: Any) -> dict[str, Any]:
    return {"node": name, "mqtt": {"host": HOST, "port": broker.port}, "cameras": cameras}


def unique_ids(core: Core) -> set[str]:
    return {entry["unique_id"] for entry in core.registry()}


def reload(running: DaemonProcess, folder: Path, values: dict[str, Any]) -> None:
    """Write another configuration and let the daemon read it."""
    whole = {"state_dir": str(folder / "state"), **values}
    (folder / "pimotion.yml").write_text(json.dumps(whole))
    running.process.send_signal(signal.SIGHUP)


@pytest.fixture(scope="module")
def other(
    core: Core, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[set[str]]:
    """A node `pi-2` beside ours; gives its `unique_id`s."""
    values = node_settings("pi-2", broker, door={**SYNTHETIC, "zones": ZONES})
    with daemon(tmp_path_factory.mktemp("pi-2"), values):
        core.wait_state("pimotion_pi-2_door_motion", "off", deadline_s=30)
        ids = {each for each in unique_ids(core) if each.startswith("pimotion_pi-2")}
        assert "pimotion_pi-2_door_zone_path" in ids
        yield ids


def test_zones_and_cameras_that_are_gone_vanish_and_nothing_else_does(
    core: Core, broker: Broker, other: set[str], tmp_path: Path
) -> None:
    before = node_settings("pi", broker, door={**SYNTHETIC, "zones": ZONES}, shed=SYNTHETIC)
    after = node_settings("pi", broker, door={**SYNTHETIC, "zones": {"lawn": ZONES["lawn"]}})
    with daemon(tmp_path, before) as running:
        core.wait_state("pimotion_pi_shed_motion", "off", deadline_s=30)
        was = unique_ids(core)
        reload(running, tmp_path, after)
        core.wait_for(lambda: "pimotion_pi_door_zone_path" not in unique_ids(core), "zone is gone")
        core.wait_for(lambda: "pimotion_pi_shed" not in core.devices(), "camera is gone")
        core.wait_state("pimotion_pi_door_motion", "off", deadline_s=20)

        gone = {"pimotion_pi_door_zone_path"}
        gone |= {each for each in was if each.startswith("pimotion_pi_shed_")}
        assert unique_ids(core) == was - gone
        assert other <= unique_ids(core)
        assert core.state("pimotion_pi-2_door_zone_path")["state"] == "off"
        kept = retained(broker.port)
        assert not [topic for topic in kept if topic.startswith("pimotion/pi/shed/")]
        assert "pimotion/pi/door/zone/path/motion" not in kept
        assert "pimotion/pi-2/door/zone/path/motion" in kept
    assert core.complaints() == []


def test_a_zone_that_went_while_home_assistant_was_down_vanishes_when_it_is_back(
    core: Core, broker: Broker, tmp_path: Path
) -> None:
    before = node_settings("pi", broker, door={**SYNTHETIC, "zones": ZONES})
    after = node_settings("pi", broker, door=SYNTHETIC)
    with daemon(tmp_path, before) as running:
        core.wait_state("pimotion_pi_door_zone_path", "off", deadline_s=30)
        core.stop()
        reload(running, tmp_path, after)
        running.wait_for(
            lambda: "pimotion/pi/door/zone/path/motion" not in retained(broker.port), "read again"
        )
        core.start()
        core.wait_for(
            lambda: not [each for each in unique_ids(core) if "pi_door_zone_" in each],
            "the zones are gone",
            deadline_s=20,
        )
        core.wait_state("pimotion_pi_door_motion", "off", deadline_s=20)


def test_an_entity_that_was_renamed_in_the_configuration_is_the_same_one(
    core: Core, broker: Broker, tmp_path: Path
) -> None:
    before = node_settings("pi", broker, door=SYNTHETIC)
    after = node_settings("pi", broker, door={**SYNTHETIC, "name": "Haustür"})
    with daemon(tmp_path, before) as running:
        core.wait_state("pimotion_pi_door_motion", "off", deadline_s=30)
        entity = core.entity("pimotion_pi_door_motion")
        reload(running, tmp_path, after)
        core.wait_for(lambda: core.devices()["pimotion_pi_door"]["name"] == "Haustür", "the name")

        assert core.entity("pimotion_pi_door_motion") == entity


def test_without_commands_there_is_nothing_to_press_and_with_them_there_is_again(
    core: Core, broker: Broker, tmp_path: Path
) -> None:
    with_them = node_settings("pi", broker, door=SYNTHETIC)
    without = {**with_them, "mqtt": {**with_them["mqtt"], "commands": False}}
    controls = {f"pimotion_pi_door_{key}" for key in ("detection", "privacy", "sensitivity")}
    controls |= {"pimotion_pi_restart", "pimotion_pi_log_level"}
    with daemon(tmp_path, with_them) as running:
        core.wait_for(lambda: controls <= unique_ids(core), "the controls", deadline_s=30)
        reload(running, tmp_path, without)
        core.wait_for(lambda: not controls & unique_ids(core), "no control", deadline_s=20)
        assert "pimotion_pi_door_motion" in unique_ids(core)
        reload(running, tmp_path, with_them)
        core.wait_for(lambda: controls <= unique_ids(core), "the controls again", deadline_s=20)
        core.wait_state("pimotion_pi_door_detection", "on", deadline_s=20)
