"""A daemon with a numbered camera, and the ways in which a viewer is let in to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from daemon_process import DaemonProcess
from free_ports import find_free_port

from conformance.numbered_camera import FPS, STRIP, NumberedCamera

CAMERAS = ("door", "gate")

_USER, _PASSWORD = "watcher", "correct-horse"
_TOKEN = "battery-staple-0123"
_LOCKED = {
    "users": [{"name": _USER, "password": _PASSWORD, "role": "viewer"}],
    "tokens": [{"name": "tablet", "token": _TOKEN}],
}


@dataclass(frozen=True)
class Access:
    """How a viewer is let in.

    Attributes:
        login: ``name:password`` of HTTP Basic.
        query: What it adds to each URL.
        settings: The daemon's ``http`` settings for it.
    """

    name: str
    login: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


ACCESSES = (
    Access("open"),
    Access("basic", login=f"{_USER}:{_PASSWORD}", settings=_LOCKED),
    Access("token", query={"token": _TOKEN}, settings=_LOCKED),
)


@dataclass(frozen=True)
class House:
    """A running daemon whose cameras ``door`` and ``gate`` are one and the same numbered one."""

    daemon: DaemonProcess
    camera: NumberedCamera
    access: Access

    def url(self, path: str, **query: str | float) -> str:
        """Where a path is, with the token if that is the way in."""
        asked = urlencode({**query, **self.access.query}, safe=",")
        return self.daemon.url + path + (f"?{asked}" if asked else "")

    def url_with_login(self, path: str, **query: str | float) -> str:
        """The same with name and password in it, as players take them."""
        url = self.url(path, **query)
        if self.access.login is None:
            return url
        return url.replace("://", f"://{self.access.login}@", 1)

    @property
    def address(self) -> tuple[str, int]:
        """Where the daemon listens."""
        parts = urlsplit(self.daemon.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port


@contextmanager
def living_in(
    folder: Path, camera: NumberedCamera, access: Access, *, max_viewers: int = 64
) -> Iterator[House]:
    """Run a daemon on a camera that already gives pictures."""
    camera_settings = {
        "source": camera.url,
        "fps": FPS,
        "detect": {"method": "running_average", "fps": 5, "masks": [STRIP]},
        "health": {"stale_s": 2},
    }
    settings = {
        "mqtt": {"host": "127.0.0.1", "port": find_free_port()},
        "http": {**access.settings, "max_viewers": max_viewers},
        "cameras": dict.fromkeys(CAMERAS, camera_settings),
    }
    with DaemonProcess(folder, settings, port=find_free_port()) as daemon:
        for each in CAMERAS:
            is_live = partial(_is_live, daemon, each)
            daemon.wait_for(is_live, f"{each} lives")
        yield House(daemon, camera, access)


def _is_live(daemon: DaemonProcess, camera: str) -> bool:
    return bool(daemon.camera(camera)["status"] == "online")
