"""The entities of one camera in Home Assistant, by key. Pure.

Each is made of topics of one camera; what belongs to the device as a whole is put around them by
`pimotion.publish.discovery`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pimotion.publish.topics import Topics
from pimotion.settable import EVENT_GAP_S, MIN_AREA_PERCENT, SENSITIVITY, Span
from pimotion.types import EventType

EXPIRE_AFTER_S = 180
"""Motion is said every 60 s at least, so three misses in a row mean that nobody says it."""

Json = dict[str, Any]


class CameraEntities:
    """Builds the components of a camera's device."""

    def __init__(self, topics: Topics, camera: str, zones: Iterable[str]) -> None:
        self._topics = topics
        self._camera = camera
        self._zones = tuple(zones)

    def live(self) -> Json:
        """What means something only while the camera delivers."""
        return {**self._motion(), **self._pictures(), **self._event(), **self._rates()}

    def always(self) -> Json:
        """What is wanted most when the camera is away."""
        return {**self._problem(), **self._last_event()}

    def controls(self) -> Json:
        """What changes something; a closed camera can be opened with one of them."""
        return {**self._switches(), **self._numbers(), **self._buttons()}

    def _motion(self) -> Json:
        topics, camera = self._topics, self._camera
        whole = _motion_sensor("Motion", topics.motion(camera))
        zones = {
            f"zone_{zone}": _motion_sensor(
                f"{_spoken(zone)} motion", topics.zone_motion(camera, zone)
            )
            for zone in self._zones
        }
        return {"motion": whole | {"json_attributes_topic": topics.attributes(camera)}, **zones}

    def _pictures(self) -> Json:
        topics = self._topics
        return {
            "camera": {"platform": "camera", "name": None, "topic": topics.snapshot(self._camera)},
            "last_motion": {
                "platform": "image",
                "name": "Last motion",
                "image_topic": topics.last_motion(self._camera),
                "content_type": "image/jpeg",
            },
        }

    def _event(self) -> Json:
        event = {
            "platform": "event",
            "name": "Motion event",
            "device_class": "motion",
            "event_types": [each.value for each in EventType],
            "state_topic": self._topics.event(self._camera),
            "qos": 1,
        }
        return {"motion_event": event}

    def _rates(self) -> Json:
        rate = self._figure("fps", "Frame rate") | {
            "unit_of_measurement": "fps",
            "suggested_display_precision": 1,
            "icon": "mdi:speedometer",
        }
        times = {
            key: self._figure(key, name)
            | {
                "device_class": "duration",
                "unit_of_measurement": "ms",
                "suggested_display_precision": digits,
                "enabled_by_default": False,
            }
            for key, name, digits in (
                ("detect_ms", "Detection time", 1),
                ("latency_ms", "Latency", 0),
            )
        }
        return {"fps": rate, **times}

    def _figure(self, key: str, name: str) -> Json:
        return self._of_stats(key, name) | {"state_class": "measurement"}

    def _of_stats(self, key: str, name: str) -> Json:
        return {
            "platform": "sensor",
            "name": name,
            "entity_category": "diagnostic",
            "state_topic": self._topics.camera_stats(self._camera),
            "value_template": f"{{{{ value_json.{key} }}}}",
        }

    def _problem(self) -> Json:
        topic = self._topics.health(self._camera)
        problem = {
            "platform": "binary_sensor",
            "name": "Problem",
            "device_class": "problem",
            "entity_category": "diagnostic",
            "state_topic": topic,
            "value_template": "{{ 'ON' if value_json.problem else 'OFF' }}",
            "json_attributes_topic": topic,
        }
        return {"problem": problem}

    def _last_event(self) -> Json:
        last = self._of_stats("last_event_at", "Last event") | {"device_class": "timestamp"}
        return {"last_event": last}

    def _switches(self) -> Json:
        rows = (
            ("detection", "Motion detection", "mdi:motion-sensor"),
            ("privacy", "Privacy", "mdi:eye-off"),
        )
        return {
            key: {"platform": "switch", "name": name, "icon": icon, **self._setting(key)}
            for key, name, icon in rows
        }

    def _numbers(self) -> Json:
        numbers = {
            "sensitivity": self._number("sensitivity", "Sensitivity", SENSITIVITY)
            | {"mode": "slider", "icon": "mdi:tune"},
            "min_area": self._number("min_area_percent", "Smallest motion", MIN_AREA_PERCENT)
            | {"mode": "box", "unit_of_measurement": "%", "icon": "mdi:resize"},
            "event_gap": self._number("event_gap_s", "Event gap", EVENT_GAP_S)
            | {"mode": "box", "unit_of_measurement": "s", "device_class": "duration"},
        }
        return dict(numbers)

    def _number(self, setting: str, name: str, span: Span) -> Json:
        return {
            "platform": "number",
            "name": name,
            "entity_category": "config",
            "min": span.least,
            "max": span.most,
            "step": span.step,
            **self._setting(setting),
        }

    def _buttons(self) -> Json:
        return {
            "take_snapshot": self._button("snapshot", "Take snapshot", "mdi:camera"),
            "recalibrate": self._button("recalibrate", "Learn scene anew", "mdi:refresh")
            | {"entity_category": "config"},
        }

    def _button(self, setting: str, name: str, icon: str) -> Json:
        topic = self._topics.setting_set(self._camera, setting)
        return {"platform": "button", "name": name, "icon": icon, "command_topic": topic, "qos": 1}

    def _setting(self, setting: str) -> Json:
        return {
            "state_topic": self._topics.setting_state(self._camera, setting),
            "command_topic": self._topics.setting_set(self._camera, setting),
            "qos": 1,
        }


def _motion_sensor(name: str, topic: str) -> Json:
    return {
        "platform": "binary_sensor",
        "name": name,
        "device_class": "motion",
        "state_topic": topic,
        "expire_after": EXPIRE_AFTER_S,
        "qos": 1,
    }


def _spoken(zone: str) -> str:
    return zone.replace("_", " ").replace("-", " ").capitalize()
