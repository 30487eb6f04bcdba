"""What Home Assistant is told so that a camera shows up there by itself. Pure.

One *device-based* message a camera and one for the node. Home Assistant rejects a device whole for
one unknown key beside its components, and silently drops unknown keys inside of them, so every key
here was looked up in its 2026.11 release.
"""

from __future__ import annotations

from typing import Any

from pimotion.config.camera import camera_name
from pimotion.config.settings import Settings
from pimotion.publish.payloads import encode
from pimotion.publish.topics import Topics
from pimotion.types import EventType

SUPPORT_URL = "https://github.com/pimotion/pimotion"
EXPIRE_AFTER_S = 180
"""Motion is said every 60 s at least, so three misses in a row mean that nobody says it."""

Json = dict[str, Any]


def discovery(settings: Settings, *, version: str) -> list[tuple[str, bytes]]:
    """Return the topics and payloads that announce everything, the node first."""
    topics = Topics(settings.mqtt.prefix, settings.node)
    node = _Announcement(settings, topics, version)
    said = [(node.topic(node.id), node.node())]
    said += [(node.topic(node.camera_id(each)), node.camera(each)) for each in settings.cameras]
    return [(topic, encode(payload)) for topic, payload in said]


class _Announcement:
    """Builds the messages of one node."""

    def __init__(self, settings: Settings, topics: Topics, version: str) -> None:
        self._settings = settings
        self._topics = topics
        self._version = version
        self.id = f"pimotion_{settings.node}"
        self._node_there = {"topic": topics.status}

    def camera_id(self, camera: str) -> str:
        """Identifier of a camera's device."""
        return f"{self.id}_{camera}"

    def topic(self, device_id: str) -> str:
        """Where a device is announced."""
        return f"{self._settings.mqtt.discovery_prefix}/device/{device_id}/config"

    def node(self) -> Json:
        """The machine."""
        device = {"identifiers": [self.id], "name": f"pimotion {self._settings.node}"}
        components = {
            "started": self._of_stats("started_at", "Started") | {"device_class": "timestamp"},
            "version": self._of_stats("version", "Version"),
        }
        for key, component in components.items():
            component["unique_id"] = f"{self.id}_{key}"
            entity = f"pimotion_{self._settings.node}_{key}"
            component["default_entity_id"] = f"sensor.{_slug(entity)}"
            component["availability"] = [self._node_there]
        return self._whole(device | {"model": "Node"}, components)

    def _of_stats(self, key: str, name: str) -> Json:
        return {
            "platform": "sensor",
            "name": name,
            "entity_category": "diagnostic",
            "state_topic": self._topics.stats,
            "value_template": f"{{{{ value_json.{key} }}}}",
        }

    def camera(self, camera: str) -> Json:
        """One camera."""
        device = {
            "identifiers": [self.camera_id(camera)],
            "name": camera_name(camera, self._settings.cameras[camera]),
            "model": "Camera",
            "via_device": self.id,
        }
        live = self._live_components(camera)
        always = self._always_components(camera)
        there = self._node_there
        both = [there, {"topic": self._topics.camera_status(camera)}]
        for key, component in (live | always).items():
            entity = camera if key == "camera" else f"{camera}_{key}"
            component["unique_id"] = f"{self.camera_id(camera)}_{key}"
            component["default_entity_id"] = f"{component['platform']}.{_slug(entity)}"
            component["availability"] = both if key in live else [there]
            if key in live:
                component["availability_mode"] = "all"
        return self._whole(device, live | always)

    def _live_components(self, camera: str) -> Json:
        """What means something only while the camera delivers."""
        topics = self._topics
        motion = self._motion("Motion", topics.motion(camera))
        return {
            "motion": motion | {"json_attributes_topic": topics.attributes(camera)},
            **{
                f"zone_{zone}": self._motion(
                    f"{_spoken(zone)} motion", topics.zone_motion(camera, zone)
                )
                for zone in self._settings.cameras[camera].zones
            },
            "camera": {"platform": "camera", "name": None, "topic": topics.snapshot(camera)},
            "last_motion": {
                "platform": "image",
                "name": "Last motion",
                "image_topic": topics.last_motion(camera),
                "content_type": "image/jpeg",
            },
            "motion_event": {
                "platform": "event",
                "name": "Motion event",
                "device_class": "motion",
                "event_types": [each.value for each in EventType],
                "state_topic": topics.event(camera),
            },
            "fps": {
                "platform": "sensor",
                "name": "Frame rate",
                "entity_category": "diagnostic",
                "state_class": "measurement",
                "unit_of_measurement": "fps",
                "suggested_display_precision": 1,
                "state_topic": topics.camera_stats(camera),
                "value_template": "{{ value_json.fps }}",
            },
        }

    def _always_components(self, camera: str) -> Json:
        """What is wanted most when the camera is away."""
        topics = self._topics
        components: Json = {
            "problem": {
                "platform": "binary_sensor",
                "name": "Problem",
                "device_class": "problem",
                "entity_category": "diagnostic",
                "state_topic": topics.health(camera),
                "value_template": "{{ 'ON' if value_json.problem else 'OFF' }}",
                "json_attributes_topic": topics.health(camera),
            }
        }
        if self._settings.mqtt.commands:
            components["detection"] = {
                "platform": "switch",
                "name": "Motion detection",
                "icon": "mdi:motion-sensor",
                "state_topic": topics.setting_state(camera, "detection"),
                "command_topic": topics.setting_set(camera, "detection"),
                "qos": 1,
            }
        return components

    def _motion(self, name: str, topic: str) -> Json:
        return {
            "platform": "binary_sensor",
            "name": name,
            "device_class": "motion",
            "state_topic": topic,
            "expire_after": EXPIRE_AFTER_S,
        }

    def _whole(self, device: Json, components: Json) -> Json:
        device |= {"manufacturer": "pimotion", "sw_version": self._version}
        if self._settings.http.public_url is not None:
            device["configuration_url"] = self._settings.http.public_url
        return {
            "device": device,
            "origin": {
                "name": "pimotion",
                "sw_version": self._version,
                "support_url": SUPPORT_URL,
            },
            "components": components,
        }


def _slug(name: str) -> str:
    return name.replace("-", "_")


def _spoken(zone: str) -> str:
    return zone.replace("_", " ").replace("-", " ").capitalize()
