"""The entities of the machine itself in Home Assistant, by key. Pure."""

from __future__ import annotations

from typing import Any

from pimotion.publish.settings_table import LOG_LEVELS
from pimotion.publish.topics import Topics

Json = dict[str, Any]


def readings(topics: Topics) -> Json:
    """What the machine says of itself."""
    return {
        "temperature": _figure(topics, "Temperature", "value_json.temperature_c")
        | {"device_class": "temperature", "unit_of_measurement": "°C"},
        "cpu": _figure(topics, "CPU", "value_json.cpu_percent")
        | {
            "unit_of_measurement": "%",
            "icon": "mdi:cpu-64-bit",
            "enabled_by_default": False,
        },
        "memory": _figure(topics, "Memory", _MEGABYTES)
        | {
            "device_class": "data_size",
            "unit_of_measurement": "MB",
            "suggested_display_precision": 0,
            "enabled_by_default": False,
        },
        "started": _of_stats(topics, "Started", "value_json.started_at")
        | {"device_class": "timestamp"},
        "version": _of_stats(topics, "Version", "value_json.version") | {"icon": "mdi:tag"},
    }


_MEGABYTES = "(value_json.rss_bytes / 1000000) | round(1) if value_json.rss_bytes else None"


def controls(topics: Topics) -> Json:
    """What changes something on the machine."""
    return {
        "restart": {
            "platform": "button",
            "name": "Restart",
            "device_class": "restart",
            "entity_category": "config",
            "command_topic": topics.node_set("restart"),
            "qos": 1,
        },
        "log_level": {
            "platform": "select",
            "name": "Log level",
            "entity_category": "config",
            "icon": "mdi:text-box-search-outline",
            "options": list(LOG_LEVELS),
            "state_topic": topics.node_state("log_level"),
            "command_topic": topics.node_set("log_level"),
            "qos": 1,
        },
    }


def _figure(topics: Topics, name: str, value: str) -> Json:
    figure = _of_stats(topics, name, value)
    return figure | {"state_class": "measurement", "suggested_display_precision": 1}


def _of_stats(topics: Topics, name: str, value: str) -> Json:
    return {
        "platform": "sensor",
        "name": name,
        "entity_category": "diagnostic",
        "state_topic": topics.stats,
        "value_template": f"{{{{ {value} }}}}",
    }
