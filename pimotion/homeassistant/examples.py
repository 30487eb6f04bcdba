"""Fills the starter pack in for a configuration.

``python -m pimotion.homeassistant.examples`` writes `config/homeassistant/` in a checkout of the
source, for a node `pi` with one camera.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from string import Template

from pimotion.config.camera import camera_name
from pimotion.config.file import from_values
from pimotion.config.settings import Settings
from pimotion.publish.discovery import discovery

_PARTS = Path(__file__).parent
_BLUEPRINTS = ("notify", "light", "camera_down")
FOLDER = Path(__file__).parent.parent.parent / "config" / "homeassistant"


def examples(settings: Settings) -> Mapping[str, str]:
    """Return the texts of the pack by their paths below Home Assistant's configuration folder."""
    blueprints = {
        f"blueprints/automation/pimotion/{name}.yaml": _part(f"{name}.yaml") for name in _BLUEPRINTS
    }
    return {
        **blueprints,
        "automations.yaml": _of_cameras(settings, "automations.yaml"),
        "dashboard.yaml": "views:\n" + _of_cameras(settings, "dashboard.yaml"),
        "mosquitto.acl": _acl(settings),
    }


def written(texts: Mapping[str, str]) -> str:
    """Return all texts as one, each below its path."""
    return "\n".join(f"# ==> {path}\n{text}" for path, text in texts.items())


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _of_cameras(settings: Settings, name: str) -> str:
    return "".join(_of_camera(settings, name, camera) for camera in settings.cameras)


def _of_camera(settings: Settings, name: str, camera: str) -> str:
    slug = camera.replace("-", "_")
    zones = (
        f"          - entity: binary_sensor.{slug}_zone_{zone.replace('-', '_')}"
        for zone in settings.cameras[camera].zones
    )
    values = {
        "camera": camera,
        "name": _quoted(camera_name(camera, settings.cameras[camera])),
        "slug": slug,
        "path": camera.replace("_", "-"),
        "base": f"{settings.mqtt.prefix}/{settings.node}",
        "url": _url(settings),
        "zones": "\n".join(zones),
    }
    return _filled(Template(_part(name)).substitute(values).splitlines(), _entities(settings))


def _acl(settings: Settings) -> str:
    mqtt = settings.mqtt
    announced = discovery(settings, version="")
    return Template(_part("mosquitto.acl")).substitute(
        node=settings.node,
        base=f"{mqtt.prefix}/{settings.node}",
        prefix=mqtt.prefix,
        discovery_prefix=mqtt.discovery_prefix,
        birth_topic=mqtt.birth_topic,
        announcements="\n".join(f"topic write {topic}" for topic in announced),
    )


def _url(settings: Settings) -> str:
    """Return where the page is, as well as this machine knows it."""
    http = settings.http
    return http.public_url or f"{http.scheme}://{settings.node}.local:{http.port}"


def _quoted(name: str) -> str:
    """Return a name for use between double quotes."""
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _entities(settings: Settings) -> Collection[str]:
    """Return the ids of all entities that are announced."""
    return {
        component["default_entity_id"]
        for said in discovery(settings, version="").values()
        for component in said["components"].values()
    }


def _filled(lines: Iterable[str], entities: Collection[str]) -> str:
    """Return lines without those that a camera without zones leaves empty, or without commands."""
    rows = ((line, line.partition("- entity: ")[2]) for line in lines if line.strip())
    return "".join(f"{line}\n" for line, entity in rows if not entity or entity in entities)


def write() -> None:
    """Write `config/homeassistant/`."""
    settings = from_values({"node": "pi", "cameras": {"door": {"source": "auto"}}})
    for path, text in examples(settings).items():
        target = FOLDER / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
