"""The MJPEG IP Camera dialog, filled in as the page and README say, camera dead or alive."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Broker
from daemon_process import DaemonProcess
from home.core import Core
from home.visits import daemon, settings

PASSWORD = "correct horse battery"
TOKEN = "a-token-that-nobody-guesses"
LOGIN = {"http": {"users": [{"name": "ha", "password": PASSWORD}]}}
WITH_TOKEN = {"http": {"tokens": [{"name": "ha", "token": TOKEN}]}}


@pytest.fixture(params=["alive", "dead"])
def source(request: pytest.FixtureRequest) -> str:
    """A camera that gives pictures, and one that nobody can reach."""
    return "synthetic" if request.param == "alive" else "http://127.0.0.1:9/nothing"


def add_camera(core: Core, url: str, query: str = "", **login: str) -> dict[str, Any]:
    """Fill in the dialog; return what it answers."""
    return core.walk_flow(
        "mjpeg",
        {
            "name": "Live",
            "mjpeg_url": f"{url}/door/stream.mjpg{query}",
            "still_image_url": f"{url}/door/snapshot.jpg{query}",
            "verify_ssl": True,
            **login,
        },
    )


@pytest.fixture
def clean(core: Core) -> Iterator[None]:
    """Take the camera out of Home Assistant again."""
    yield
    for entry in core.get("/api/config/config_entries/entry"):
        if entry["domain"] == "mjpeg":
            core.fetch(f"/api/config/config_entries/entry/{entry['entry_id']}", method="DELETE")


def running(folder: Path, broker: Broker, source: str, more: dict[str, Any]) -> DaemonProcess:
    values = settings(broker.port, source, **more)
    values["cameras"]["door"]["fps"] = 5
    return daemon(folder, values)


@pytest.mark.parametrize(
    ("more", "query", "login"),
    [
        pytest.param({}, "", {}, id="open"),
        pytest.param(LOGIN, "", {"username": "ha", "password": PASSWORD}, id="login"),
        pytest.param(WITH_TOKEN, f"?token={TOKEN}", {}, id="token"),
    ],
)
def test_the_dialog_takes_both_urls_and_shows_the_picture(  # noqa: PLR0917
    core: Core,
    broker: Broker,
    tmp_path: Path,
    clean: None,
    source: str,
    more: dict[str, Any],
    query: str,
    login: dict[str, str],
) -> None:
    with running(tmp_path, broker, source, more) as watching:
        answer = add_camera(core, watching.url, query, **login)
        assert answer["type"] == "create_entry", answer
        core.wait_for(lambda: "camera.live" in core.states(), "the camera is there")

        status, still = core.fetch("/api/camera_proxy/camera.live")
        assert (status, still[:2]) == (200, b"\xff\xd8")
        assert first_bytes_of_stream(core).count(b"\xff\xd8") >= 2


def test_a_wrong_password_is_told_from_a_camera_that_is_not_there(
    core: Core, broker: Broker, tmp_path: Path, clean: None
) -> None:
    with running(tmp_path, broker, "synthetic", LOGIN) as watching:
        answer = add_camera(core, watching.url, username="ha", password="wrong")
        assert "invalid_auth" in answer["errors"].values()


def first_bytes_of_stream(core: Core) -> bytes:
    """Return what a dashboard is shown of the live view, until two pictures have begun."""
    request = urllib.request.Request(
        f"{core.url}/api/camera_proxy_stream/camera.live", headers=core.headers
    )
    data = b""
    with urllib.request.urlopen(request, timeout=10) as answer:
        while data.count(b"\xff\xd8") < 2:
            piece = answer.read1(65536)
            assert piece, "the stream ended"
            data += piece
    return data
