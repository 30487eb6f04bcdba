"""What Home Assistant is told, compared whole: it drops unknown keys without a word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from everything import DISCOVERY_FILE, everything, written
from publish_messages import settings

from pimotion.config.names import CAMERA_KEYS, NODE_KEYS
from pimotion.publish.discovery import discovery

DOOR = "homeassistant/device/pimotion_garden-pi_front_door/config"
YARD = "homeassistant/device/pimotion_garden-pi_yard/config"
NODE = "homeassistant/device/pimotion_garden-pi/config"


def said(**changes: Any) -> dict[str, Any]:
    announced = discovery(settings(**changes), version="1.2.3")
    return json.loads(json.dumps(announced))  # type: ignore[no-any-return]


def test_with_everything_on_it_is_the_file_that_home_assistant_was_shown() -> None:
    """The suite with a real Home Assistant finds no fault with this very file."""
    assert written() == DISCOVERY_FILE.read_text()


def test_a_cameras_device_has_every_entity_of_the_contract() -> None:
    whole = discovery(everything(), version="1")
    assert set(whole[DOOR]["components"]) == {*CAMERA_KEYS, "zone_drive-way", "zone_path"}
    assert set(whole[YARD]["components"]) == set(CAMERA_KEYS)
    assert set(whole[NODE]["components"]) == set(NODE_KEYS)


@pytest.mark.parametrize("topic", [NODE, DOOR, YARD])
def test_unique_ids_are_made_of_node_camera_and_key(topic: str) -> None:
    """They never change, or every automation would lose its entity."""
    device = topic.split("/")[2]
    for key, component in said()[topic]["components"].items():
        assert component["unique_id"] == f"{device}_{key}"


def test_the_node_comes_first() -> None:
    """A camera's `via_device` points at it."""
    assert list(said()) == [NODE, DOOR, YARD]
    assert said()[DOOR]["device"]["via_device"] in said()[NODE]["device"]["identifiers"]


def test_what_needs_live_pictures_is_unavailable_without_them() -> None:
    live = {"motion", "zone_drive-way", "camera", "last_motion", "motion_event"}
    live |= {"fps", "detect_ms", "latency_ms"}
    node, camera = "pimotion/garden-pi/status", "pimotion/garden-pi/front_door/status"
    for key, component in said()[DOOR]["components"].items():
        topics = [each["topic"] for each in component["availability"]]
        assert topics == ([node, camera] if key in live else [node]), key
        assert component.get("availability_mode") == ("all" if key in live else None), key


def test_the_page_is_linked_only_when_its_address_is_known() -> None:
    """An address that is not absolute would make Home Assistant reject the device."""
    linked = said(http={"public_url": "https://cam.example/pi"})
    for payload in linked.values():
        assert payload["device"]["configuration_url"] == "https://cam.example/pi"
    for payload in said().values():
        assert "configuration_url" not in payload["device"]


def test_without_commands_there_is_nothing_to_press() -> None:
    """A switch that nobody obeys would be a lie."""
    for payload in said(mqtt={"commands": False}).values():
        assert payload["components"]
        assert not any("command_topic" in each for each in payload["components"].values())


def test_another_prefix_moves_every_topic() -> None:
    moved = said(mqtt={"prefix": "cams", "discovery_prefix": "ha/disc"})
    assert all(topic.startswith("ha/disc/device/pimotion_garden-pi") for topic in moved)
    assert '"pimotion/' not in json.dumps(moved)


def test_another_name_leaves_the_unique_ids() -> None:
    cameras = {"front_door": {"source": "synthetic", "name": "Haustür"}}
    renamed = said(cameras=cameras)[DOOR]
    assert renamed["device"]["name"] == "Haustür"
    assert renamed["device"]["identifiers"] == said()[DOOR]["device"]["identifiers"]
    assert renamed["components"]["motion"] == said()[DOOR]["components"]["motion"]
