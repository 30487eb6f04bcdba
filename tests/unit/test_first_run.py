"""What a person reads who starts pimotion without a configuration."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from config_text import DOOR, read

from pimotion import cli, first_run
from pimotion.capture.factory import DEMO
from pimotion.config.file import from_values
from pimotion.config.overrides import Overrides
from pimotion.config.settings import Settings
from pimotion.types import LinkStatus


def banner(settings: Settings) -> str:
    link = LinkStatus("127.0.0.1", 1884, connected=True, reason=None)
    daemon: Any = SimpleNamespace(url="http://127.0.0.1:8080", link=lambda: link)
    return first_run.banner(settings, daemon, has_broker_nearby=False)


def proposed(shown: str) -> Settings:
    """The lines of YAML in a banner, read."""
    sections = ("cameras:", "mqtt:", "http:")
    lines = [line.strip() for line in shown.splitlines() if line.strip().startswith(sections)]
    return read("\n".join(lines).replace("...", "battery staple") + "\n")


def test_the_lines_that_the_banner_proposes_let_their_user_change_things() -> None:
    settings = proposed(banner(read(DOOR)))
    assert list(settings.cameras) == ["door"]
    assert settings.mqtt.host == "homeassistant.local"
    assert [user.role for user in settings.http.users] == ["admin"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (DEMO, "auto"),
        ("picamera", "picamera"),
        ("v4l2:/dev/v4l/by-id/usb-Cam_1-video-index0", None),
        ("rtsp://192.168.1.20/stream?a={b}#c", None),
        ("imagezmq:tcp://127.0.0.1:5555#porch", None),
    ],
)
def test_the_banner_proposes_a_camera_that_this_machine_has(
    source: str, expected: str | None
) -> None:
    """It proposed `picamera`, also on a computer and to who had just tried a network camera."""
    settings = from_values({"cameras": {"camera": {"source": source}}})
    (camera,) = proposed(banner(settings)).cameras.values()
    assert camera.source == (expected or source)


def test_the_banner_keeps_a_password_that_the_command_line_has_in_its_address() -> None:
    source = "rtsp://joe:hunter22@192.168.1.20/stream"
    shown = banner(from_values({"cameras": {"camera": {"source": source}}}))
    assert "hunter22" not in shown
    assert "rtsp://***@192.168.1.20/stream" in shown


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
