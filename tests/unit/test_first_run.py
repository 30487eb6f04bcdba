"""What a person reads who starts pimotion without a configuration."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from config_text import DOOR, read

from pimotion import first_run
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
