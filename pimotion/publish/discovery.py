"""What Home Assistant is told so that a camera shows up there by itself. Pure.

One *device-based* message a camera and one for the node. Home Assistant rejects a device whole for
one unknown key beside its components, and silently drops unknown keys inside of them, so every key
here was looked up in its 2026.11 release.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pimotion.config.camera import camera_name
from pimotion.config.settings import Settings
from pimotion.publish import node_entities
from pimotion.publish.camera_entities import CameraEntities
from pimotion.publish.topics import Topics

SUPPORT_URL = "https://github.com/pimotion/pimotion"
ORIGIN = "pimotion"

Json = dict[str, Any]


def discovery(settings: Settings, *, version: str) -> Mapping[str, Json]:
    """Return the payloads that announce everything by their topics, the node first."""
    topics = Topics(settings.mqtt.prefix, settings.node)
    announced = _Announcement(settings, topics, version)
    said = {announced.topic(announced.id): announced.node()}
    for camera in settings.cameras:
        said[announced.topic(announced.camera_id(camera))] = announced.camera(camera)
    return said


def device_topic(settings: Settings, camera: str) -> str:
    """Return where a camera is announced, also one that is not configured any more."""
    announced = _Announcement(settings, Topics(settings.mqtt.prefix, settings.node), "")
    return announced.topic(announced.camera_id(camera))


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
        components = node_entities.readings(self._topics)
        if self._settings.mqtt.commands:
            components |= node_entities.controls(self._topics)
        for key, component in components.items():
            self._name(component, self.id, key, f"pimotion_{self._settings.node}_{key}")
            component["availability"] = [self._node_there]
        return self._whole(device | {"model": "Node"}, components)

    def camera(self, camera: str) -> Json:
        """One camera."""
        settings = self._settings.cameras[camera]
        device = {
            "identifiers": [self.camera_id(camera)],
            "name": camera_name(camera, settings),
            "model": "Camera",
            "via_device": self.id,
        }
        entities = CameraEntities(self._topics, camera, settings.zones)
        live, always = entities.live(), entities.always()
        if self._settings.mqtt.commands:
            always |= entities.controls()
        there = self._node_there
        both = [there, {"topic": self._topics.camera_status(camera)}]
        for key, component in (live | always).items():
            entity = camera if key == "camera" else f"{camera}_{key}"
            self._name(component, self.camera_id(camera), key, entity)
            component["availability"] = both if key in live else [there]
            if key in live:
                component["availability_mode"] = "all"
        return self._whole(device, live | always)

    def _name(self, component: Json, device_id: str, key: str, entity: str) -> None:
        component["unique_id"] = f"{device_id}_{key}"
        component["default_entity_id"] = f"{component['platform']}.{_slug(entity)}"

    def _whole(self, device: Json, components: Json) -> Json:
        device |= {"manufacturer": "pimotion", "sw_version": self._version}
        if self._settings.http.public_url is not None:
            device["configuration_url"] = self._settings.http.public_url
        return {
            "device": device,
            "origin": {
                "name": ORIGIN,
                "sw_version": self._version,
                "support_url": SUPPORT_URL,
            },
            "components": components,
        }


def _slug(name: str) -> str:
    return name.replace("-", "_")
