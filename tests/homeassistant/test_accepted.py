"""The announcement of `unit/test_publish_discovery.py`, shown to a real Home Assistant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Listener
from everything import DISCOVERY_FILE
from home.core import Core
from home.judge import REFUSED, components, dropped_keys, known_keys

SAID: dict[str, Any] = json.loads(DISCOVERY_FILE.read_text())


@pytest.fixture(scope="module")
def told(core: Core, broker: Broker) -> Core:
    """A Home Assistant that has been told everything, and knows each entity."""
    with Listener(broker.port) as client:
        for topic, payload in SAID.items():
            client.publish(topic, json.dumps(payload), retain=True)
    wanted = {unique_id for unique_id, _ in components(SAID)}
    core.wait_for(
        lambda: wanted <= {entry["unique_id"] for entry in core.registry()},
        lambda: f"all entities: {wanted - {entry['unique_id'] for entry in core.registry()}}",
    )
    return core


def test_no_key_is_dropped(home: Path) -> None:
    assert dropped_keys(SAID, known_keys(home)) == []


def test_nothing_is_refused_and_nothing_warned_of(told: Core) -> None:
    assert told.complaints() == []
    assert not any(REFUSED.search(record.text) for record in told.log())


def test_every_entity_has_its_wanted_id(told: Core) -> None:
    ids = {entry["unique_id"]: entry["entity_id"] for entry in told.registry()}
    for unique_id, component in components(SAID):
        assert ids[unique_id] == component["default_entity_id"]


def test_only_the_noisy_ones_are_disabled(told: Core) -> None:
    disabled = {e["unique_id"].split("_")[-1] for e in told.registry() if e["disabled_by"]}
    ids = {entry["unique_id"] for entry in told.registry() if entry["disabled_by"]}
    assert disabled == {"ms", "cpu", "memory"}
    assert sum(each.endswith("_ms") for each in ids) == 4


def test_cameras_hang_below_their_node(told: Core) -> None:
    devices = told.devices()
    node = devices["pimotion_garden-pi"]
    for camera in ("front_door", "yard"):
        device = devices[f"pimotion_garden-pi_{camera}"]
        assert device["via_device_id"] == node["id"]
        assert device["configuration_url"] == "https://cam.example/pi"
    assert devices["pimotion_garden-pi_front_door"]["name"] == "Haustür"


def test_its_kinds_units_and_categories_are_those_it_was_told(told: Core) -> None:
    entries = {entry["unique_id"]: entry for entry in told.registry()}
    for unique_id, component in components(SAID):
        entry = entries[unique_id]
        assert entry["entity_category"] == component.get("entity_category"), unique_id
        if "device_class" in component and entry["disabled_by"] is None:
            attributes = told.state(unique_id)["attributes"]
            assert attributes["device_class"] == component["device_class"], unique_id
