"""What Home Assistant is told, compared whole: it drops unknown keys without a word."""

from __future__ import annotations

import json
from typing import Any

from publish_messages import settings

from pimotion.publish.discovery import SUPPORT_URL, discovery

ORIGIN = {"name": "pimotion", "sw_version": "1.2.3", "support_url": SUPPORT_URL}
NODE_THERE = {"topic": "pimotion/garden-pi/status"}
CAMERA_THERE = [NODE_THERE, {"topic": "pimotion/garden-pi/front_door/status"}]
LIVE = {"availability": CAMERA_THERE, "availability_mode": "all"}
BASE = "pimotion/garden-pi/front_door"


def said(**changes: Any) -> dict[str, Any]:
    announced = discovery(settings(**changes), version="1.2.3")
    return {topic: json.loads(payload) for topic, payload in announced}


def test_the_node_comes_first_and_has_a_device_of_its_own() -> None:
    """A camera's `via_device` points at it."""
    topics = list(said())
    assert topics == [
        "homeassistant/device/pimotion_garden-pi/config",
        "homeassistant/device/pimotion_garden-pi_front_door/config",
        "homeassistant/device/pimotion_garden-pi_yard/config",
    ]
    assert said()[topics[0]] == {
        "device": {
            "identifiers": ["pimotion_garden-pi"],
            "name": "pimotion garden-pi",
            "model": "Node",
            "manufacturer": "pimotion",
            "sw_version": "1.2.3",
        },
        "origin": ORIGIN,
        "components": {
            "started": {
                "platform": "sensor",
                "name": "Started",
                "entity_category": "diagnostic",
                "state_topic": "pimotion/garden-pi/stats",
                "value_template": "{{ value_json.started_at }}",
                "device_class": "timestamp",
                "unique_id": "pimotion_garden-pi_started",
                "default_entity_id": "sensor.pimotion_garden_pi_started",
                "availability": [NODE_THERE],
            },
            "version": {
                "platform": "sensor",
                "name": "Version",
                "entity_category": "diagnostic",
                "state_topic": "pimotion/garden-pi/stats",
                "value_template": "{{ value_json.version }}",
                "unique_id": "pimotion_garden-pi_version",
                "default_entity_id": "sensor.pimotion_garden_pi_version",
                "availability": [NODE_THERE],
            },
        },
    }


CAMERA_COMPONENTS = {
    "motion": {
        "platform": "binary_sensor",
        "name": "Motion",
        "device_class": "motion",
        "state_topic": f"{BASE}/motion",
        "expire_after": 180,
        "json_attributes_topic": f"{BASE}/attributes",
        "unique_id": "pimotion_garden-pi_front_door_motion",
        "default_entity_id": "binary_sensor.front_door_motion",
        **LIVE,
    },
    "zone_drive-way": {
        "platform": "binary_sensor",
        "name": "Drive way motion",
        "device_class": "motion",
        "state_topic": f"{BASE}/zone/drive-way/motion",
        "expire_after": 180,
        "unique_id": "pimotion_garden-pi_front_door_zone_drive-way",
        "default_entity_id": "binary_sensor.front_door_zone_drive_way",
        **LIVE,
    },
    "camera": {
        "platform": "camera",
        "name": None,
        "topic": f"{BASE}/snapshot",
        "unique_id": "pimotion_garden-pi_front_door_camera",
        "default_entity_id": "camera.front_door",
        **LIVE,
    },
    "last_motion": {
        "platform": "image",
        "name": "Last motion",
        "image_topic": f"{BASE}/last_motion",
        "content_type": "image/jpeg",
        "unique_id": "pimotion_garden-pi_front_door_last_motion",
        "default_entity_id": "image.front_door_last_motion",
        **LIVE,
    },
    "motion_event": {
        "platform": "event",
        "name": "Motion event",
        "device_class": "motion",
        "event_types": ["start", "update", "stop"],
        "state_topic": f"{BASE}/event",
        "unique_id": "pimotion_garden-pi_front_door_motion_event",
        "default_entity_id": "event.front_door_motion_event",
        **LIVE,
    },
    "fps": {
        "platform": "sensor",
        "name": "Frame rate",
        "entity_category": "diagnostic",
        "state_class": "measurement",
        "unit_of_measurement": "fps",
        "suggested_display_precision": 1,
        "state_topic": f"{BASE}/stats",
        "value_template": "{{ value_json.fps }}",
        "unique_id": "pimotion_garden-pi_front_door_fps",
        "default_entity_id": "sensor.front_door_fps",
        **LIVE,
    },
    "problem": {
        "platform": "binary_sensor",
        "name": "Problem",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": f"{BASE}/health",
        "value_template": "{{ 'ON' if value_json.problem else 'OFF' }}",
        "json_attributes_topic": f"{BASE}/health",
        "unique_id": "pimotion_garden-pi_front_door_problem",
        "default_entity_id": "binary_sensor.front_door_problem",
        "availability": [NODE_THERE],
    },
    "detection": {
        "platform": "switch",
        "name": "Motion detection",
        "icon": "mdi:motion-sensor",
        "state_topic": f"{BASE}/detection/state",
        "command_topic": f"{BASE}/detection/set",
        "qos": 1,
        "unique_id": "pimotion_garden-pi_front_door_detection",
        "default_entity_id": "switch.front_door_detection",
        "availability": [NODE_THERE],
    },
}


def test_a_camera_is_announced_with_all_its_entities() -> None:
    assert said()["homeassistant/device/pimotion_garden-pi_front_door/config"] == {
        "device": {
            "identifiers": ["pimotion_garden-pi_front_door"],
            "name": "Front door",
            "model": "Camera",
            "via_device": "pimotion_garden-pi",
            "manufacturer": "pimotion",
            "sw_version": "1.2.3",
        },
        "origin": ORIGIN,
        "components": CAMERA_COMPONENTS,
    }


def test_the_page_is_linked_only_when_its_address_is_known() -> None:
    """An address that is not absolute would make Home Assistant reject the device."""
    linked = said(http={"public_url": "https://cam.example/pi"})
    for payload in linked.values():
        assert payload["device"]["configuration_url"] == "https://cam.example/pi"
    for payload in said().values():
        assert "configuration_url" not in payload["device"]


def test_without_commands_there_is_no_switch() -> None:
    """A switch that nobody obeys would be a lie."""
    payload = said(mqtt={"commands": False})
    assert (
        "detection"
        not in payload["homeassistant/device/pimotion_garden-pi_yard/config"]["components"]
    )


def test_another_prefix_moves_every_topic() -> None:
    moved = said(mqtt={"prefix": "cams", "discovery_prefix": "ha/disc"})
    assert all(topic.startswith("ha/disc/device/pimotion_garden-pi") for topic in moved)
    assert '"pimotion/' not in json.dumps(moved)


def test_names_keep_their_umlauts() -> None:
    """People name cameras in their own language."""
    cameras = {"tuer": {"source": "synthetic", "name": "Haustür"}}
    announced = discovery(settings(cameras=cameras), version="1")
    assert "Haustür".encode() in announced[1][1]
