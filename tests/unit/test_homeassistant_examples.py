"""The starter pack, filled in for a configuration; `homeassistant/` shows it to the real thing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from everything import everything

from pimotion.config.settings import Settings
from pimotion.homeassistant.examples import FOLDER, examples
from pimotion.publish.discovery import discovery


class Loader(yaml.SafeLoader):
    """YAML with the tags of blueprints."""


Loader.add_constructor("!input", lambda loader, node: f"!input {node.value}")


def parsed(text: str) -> Any:
    return yaml.load(text, Loader)


def entities(value: Any) -> set[str]:
    """Every text that looks like an entity id."""
    if isinstance(value, dict):
        return set().union(*map(entities, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(entities, value)) if value else set()
    text = str(value)
    domains = ("binary_sensor", "button", "camera", "event", "image", "number", "sensor", "switch")
    return {text} if text.split(".", maxsplit=1)[0] in domains and "{" not in text else set()


def announced(settings: Settings) -> set[str]:
    return {
        component["default_entity_id"]
        for payload in discovery(settings, version="1").values()
        for component in payload["components"].values()
    }


@pytest.mark.parametrize("name", ["automations.yaml", "dashboard.yaml"])
@pytest.mark.parametrize("commands", [True, False])
def test_every_entity_that_is_named_there_is_announced(name: str, commands: bool) -> None:
    settings = everything(mqtt={"host": "nas", "commands": commands})
    named = entities(parsed(examples(settings)[name]))
    assert named
    assert named <= announced(settings)


def test_a_dashboard_has_a_view_for_each_camera_with_its_zones() -> None:
    views = parsed(examples(everything())["dashboard.yaml"])["views"]
    assert [(view["title"], view["path"]) for view in views] == [
        ("Haustür", "front-door"),
        ("Yard", "yard"),
    ]
    assert "binary_sensor.front_door_zone_drive_way" in entities(views[0])
    assert (
        "https://cam.example/pi/front_door/stream.mjpg" in examples(everything())["dashboard.yaml"]
    )


def test_an_id_that_yaml_takes_for_something_else_is_a_path() -> None:
    cameras = {"on": {"source": "auto"}, "2024": {"source": "auto"}}
    views = parsed(examples(everything(cameras=cameras))["dashboard.yaml"])["views"]
    assert [view["path"] for view in views] == ["on", "2024"]


def test_a_name_with_quotes_does_no_harm() -> None:
    cameras = {"door": {"source": "auto", "name": 'The "big" door: \\ {{ 1 }} #1'}}
    settings = everything(cameras=cameras)
    views = parsed(examples(settings)["dashboard.yaml"])["views"]
    assert views[0]["title"] == cameras["door"]["name"]
    assert len(parsed(examples(settings)["automations.yaml"])) == 2


@pytest.mark.parametrize("name", ["notify", "light", "camera_down"])
def test_a_blueprint_asks_for_everything_that_it_uses(name: str) -> None:
    text = examples(everything())[f"blueprints/automation/pimotion/{name}.yaml"]
    asked = set(parsed(text)["blueprint"]["input"])
    used = {line.split("!input ")[1].strip() for line in text.splitlines() if "!input " in line}
    assert used == asked


def test_the_acl_names_all_announcements() -> None:
    text = examples(everything())["mosquitto.acl"]
    for topic in discovery(everything(), version="1"):
        assert f"topic write {topic}\n" in text


def test_the_folder_of_the_project_is_as_it_is_made() -> None:
    """`python -m pimotion.homeassistant.examples` writes it."""
    settings = Settings.model_validate({"node": "pi", "cameras": {"door": {"source": "auto"}}})
    for path, text in examples(settings).items():
        assert (FOLDER / path).read_text(encoding="utf-8") == text
