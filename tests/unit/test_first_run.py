"""What a person reads who starts pimotion without a configuration."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from config_text import DOOR, read

from pimotion import cli, first_run
from pimotion.config.overrides import Overrides
from pimotion.config.settings import Settings
from pimotion.types import LinkStatus


def test_the_lines_that_the_banner_proposes_let_their_user_change_things() -> None:
    link = LinkStatus("127.0.0.1", 1884, connected=True, reason=None)
    daemon: Any = SimpleNamespace(url="http://127.0.0.1:8080", link=lambda: link)
    shown = first_run.banner(read(DOOR), daemon, has_broker_nearby=False)
    sections = ("cameras:", "mqtt:", "http:")
    proposed = [line.strip() for line in shown.splitlines() if line.strip().startswith(sections)]
    settings = read("\n".join(proposed).replace("...", "battery staple") + "\n")
    assert list(settings.cameras) == ["door"]
    assert settings.mqtt.host == "homeassistant.local"
    assert [user.role for user in settings.http.users] == ["admin"]


def test_a_camera_that_is_tried_without_a_configuration_is_not_called_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`make run ARGS="--source rtsp://..."` called it Demo, in Home Assistant too."""
    settings: list[Settings] = []
    monkeypatch.setattr(cli, "run", lambda shown, *_, **__: settings.append(shown))
    monkeypatch.setattr(first_run, "found_camera", lambda: None)
    monkeypatch.setattr(first_run, "answers", lambda *_: False)
    for source in ("rtsp://192.168.1.20/stream", None):
        cli._run_without_file(Overrides(source=source), Mock())
    own, demo = (next(iter(each.cameras.items())) for each in settings)
    assert (own[0], own[1].source, own[1].name) == ("camera", "rtsp://192.168.1.20/stream", None)
    assert (demo[0], demo[1].name) == ("demo", "Demo")
