"""The example, the reference and the schema say what the settings are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from config_text import read

from pimotion.config import docs as config_docs
from pimotion.config import fields as config_fields
from pimotion.config import file as config_file
from pimotion.config.camera import Camera
from pimotion.config.settings import Settings

EXAMPLE = config_docs.example()
NAMES = "|".join({path[-1] for path in config_fields.settings() if path} - {config_fields.ANY})
LEFT_OUT = re.compile(rf"^( *)# (?= *(- )?({NAMES}|driveway):( |$))", re.MULTILINE)
"""The comment sign before a setting that is written out but left out."""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (config_docs.EXAMPLE_FILE, config_docs.example()),
        (config_docs.REFERENCE_FILE, config_docs.reference()),
    ],
    ids=["example", "reference"],
)
def test_the_file_is_current(path: Path, text: str) -> None:
    assert path.read_text() == text, "run python -m pimotion.config.docs"


def test_the_example_is_exactly_the_defaults() -> None:
    settings = config_file.load(config_docs.EXAMPLE_FILE)
    assert settings == Settings(cameras={"front_door": Camera(source="auto")})


@pytest.mark.parametrize("path", [path for path in config_fields.settings() if path])
def test_every_setting_stands_in_example_and_reference(path: tuple[str, ...]) -> None:
    if path[-1] == config_fields.ANY:
        return
    assert re.search(rf"^[ #]*(- )?{path[-1]}:", EXAMPLE, re.MULTILINE)
    assert config_fields.settings()[path].help in config_docs.reference().replace(r"\|", "|")


def test_what_the_example_leaves_out_works_when_it_is_put_in(tmp_path: Path) -> None:
    (tmp_path / "anna.password").write_text("abcdefgh")
    (tmp_path / "kitchen.token").write_text("abcdefghabcdefgh")
    body = EXAMPLE.split("\n\n", 1)[1]
    body = re.sub(r"^ *(users: \[\]|tokens: \[\]|zones: \{\})\n", "", body, flags=re.MULTILINE)
    (tmp_path / "all.yml").write_text(LEFT_OUT.sub(r"\1", body))
    settings = config_file.load(tmp_path / "all.yml")
    assert settings.node == "garden-pi"
    assert settings.http.users[0].name == "anna"
    assert settings.http.tokens[0].name == "tablet in the kitchen"
    assert settings.cameras["front_door"].zones["driveway"].polygon[0] == (0.1, 0.5)


def test_the_short_configurations_that_the_docs_show_are_right(tmp_path: Path) -> None:
    (tmp_path / "mqtt.password").write_text("x")
    shown = re.findall(r"```yaml\n(.*?)```", config_docs.reference(), re.DOTALL)
    assert shown
    for text in shown:
        (tmp_path / "p.yml").write_text(text)
        assert config_file.load(tmp_path / "p.yml").mqtt.host == "homeassistant.local"


def test_every_number_has_a_range() -> None:
    numbers = [
        setting
        for setting in config_fields.settings().values()
        if not setting.is_section and setting.kind in ("integer", "number", "size")
    ]
    assert numbers
    assert [setting.path for setting in numbers if not setting.range] == []


class TestSchema:
    """The JSON Schema, for editors."""

    def test_it_is_json_and_names_its_draft(self) -> None:
        schema = json.loads(json.dumps(config_docs.schema()))
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["required"] == ["cameras"]

    def test_it_takes_no_unknown_names(self) -> None:
        schema = config_docs.schema()
        for section in [schema, *schema["$defs"].values()]:
            assert section["additionalProperties"] is False
        assert schema["properties"]["cameras"]["additionalProperties"] is False

    def test_a_size_is_a_number_or_a_text_with_a_unit(self) -> None:
        size = config_docs.schema()["$defs"]["Storage"]["properties"]["max_bytes"]
        number, text = size["anyOf"]
        assert number == {"type": "integer", "minimum": 1_000_000}
        assert re.search(text["pattern"], "2GB")
        assert not re.search(text["pattern"], "2 apples")
        assert size["default"] == 2_000_000_000

    def test_secrets_are_marked(self) -> None:
        password = config_docs.schema()["$defs"]["HttpUser"]["properties"]["password"]
        assert password["format"] == "password"


def test_a_setting_s_description_follows_the_value_it_describes() -> None:
    """`range` and `span` are the same words in messages and documents."""
    gap = config_fields.settings()["cameras", "*", "events", "event_gap_s"]
    assert gap.range == "between 0.5 and 600 s"
    assert gap.span == "0.5 to 600 s"
    assert read("cameras: {a: {source: auto, events: {event_gap_s: 600}}}")
