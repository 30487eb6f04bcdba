"""What Home Assistant makes of an announcement: refused, without an entity, or silently cut.

Home Assistant drops keys of a component that it does not know without a word, so the keys are
compared with the schemas of the installed release itself.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_KEYS = """
import importlib, json, probatio
from homeassistant.components.mqtt.const import ENTITY_PLATFORMS
def keys(schema, found):
    if isinstance(schema, probatio.Schema):
        keys(schema.schema, found)
    elif isinstance(schema, dict):
        names = (getattr(key, "schema", key) for key in schema)
        found |= {name for name in names if isinstance(name, str)}
    for each in getattr(schema, "validators", ()) or ():
        keys(each, found)
    return found
said = {}
for platform in (str(getattr(each, "value", each)) for each in ENTITY_PLATFORMS):
    module = importlib.import_module("homeassistant.components.mqtt." + platform)
    said[platform] = sorted(keys(getattr(module, "DISCOVERY_SCHEMA", None), set()))
print(json.dumps(said))
"""
"""Runs on Home Assistant's own Python."""

REFUSED = re.compile(
    "Invalid MQTT device discovery payload|Unable to parse|when processing MQTT discovery"
    "|illegal discovery topic|conflicting MQTT discovery|Unable to register MQTT device"
    "|does not generate unique IDs|already exists"
)


def known_keys(home: Path) -> Mapping[str, list[str]]:
    """Return the keys that each kind of entity takes."""
    done = subprocess.run(
        [home / "venv" / "bin" / "python", "-c", _KEYS],
        capture_output=True,
        text=True,
        cwd=home,
        check=True,
    )
    keys: dict[str, list[str]] = json.loads(done.stdout)
    assert all(keys[platform] for platform in ("camera", "event", "number"))
    return keys


def components(said: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every component of all announcements by its `unique_id`."""
    for payload in said.values():
        for component in payload["components"].values():
            yield component["unique_id"], component


def dropped_keys(said: Mapping[str, Any], known: Mapping[str, list[str]]) -> list[str]:
    """Return the keys that would be dropped."""
    return [
        f"{unique_id}: {key}"
        for unique_id, component in components(said)
        for key in component
        if key not in (*known[component["platform"]], "platform")
    ]
