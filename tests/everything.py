"""A configuration with everything on that Home Assistant hears of, and what it is told of it.

`DISCOVERY_FILE` is written by hand or by running this file, looked through, and then compared whole
by `unit/test_publish_discovery.py` and shown to a real Home Assistant by `homeassistant/`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pimotion.config.settings import Settings
from pimotion.publish.discovery import discovery

DISCOVERY_FILE = Path(__file__).parent / "data" / "discovery.json"
VERSION = "1.2.3"


def everything(**changes: Any) -> Settings:
    """Two cameras, one with zones and a name of its own."""
    square = [[0, 0], [1, 0], [1, 1]]
    whole: dict[str, Any] = {
        "node": "garden-pi",
        "mqtt": {"host": "127.0.0.1"},
        "http": {"public_url": "https://cam.example/pi"},
        "cameras": {
            "front_door": {
                "source": "synthetic",
                "name": "Haustür",
                "zones": {"drive-way": {"polygon": square}, "path": {"polygon": square}},
            },
            "yard": {"source": "synthetic"},
        },
    }
    return Settings.model_validate(whole | changes)


def written() -> str:
    """Return what is announced, as the file has it."""
    said = discovery(everything(), version=VERSION)
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DISCOVERY_FILE.write_text(written())
