"""Relative paths of a configuration: they begin at its folder, wherever pimotion is started."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import TypeVar

from pimotion.config.camera import Camera
from pimotion.config.places import Loc
from pimotion.config.secrets import Unreadable, home_path
from pimotion.config.settings import HttpTls, MqttTls, Settings

_T = TypeVar("_T", MqttTls, HttpTls)

_LOOP = "?loop"


def rooted(settings: Settings, folder: Path, typed: Container[Loc] = ()) -> Settings:
    """Return the settings with all their paths absolute, or in a home.

    Args:
        settings: As they were written.
        folder: Where relative paths begin: that of the configuration.
        typed: The settings that came from the command line; they begin where it was typed.
    """
    mqtt = settings.mqtt.model_copy(update={"tls": _rooted_files(settings.mqtt.tls, folder)})
    http = settings.http.model_copy(update={"tls": _rooted_files(settings.http.tls, folder)})
    cameras = {}
    for camera_id, camera in settings.cameras.items():
        is_typed = ("cameras", camera_id, "source") in typed
        cameras[camera_id] = _rooted_camera(camera, Path() if is_typed else folder)
    changes = {"mqtt": mqtt, "http": http, "cameras": cameras}
    if settings.state_dir is not None:
        changes["state_dir"] = _absolute(settings.state_dir, folder)
    return settings.model_copy(update=changes)


def rooted_source(source: str, folder: Path) -> str:
    """Return a camera's source with the path of a recording absolute."""
    kind, _, rest = source.partition(":")
    if kind != "file":
        return source
    name = rest.removesuffix(_LOOP)
    return f"file:{_absolute(name, folder)}{rest[len(name) :]}"


def _rooted_camera(camera: Camera, folder: Path) -> Camera:
    return camera.model_copy(update={"source": rooted_source(camera.source, folder)})


def _rooted_files(tls: _T, folder: Path) -> _T:
    names = [name for name in ("ca", "cert", "key") if getattr(tls, name, None) is not None]
    return tls.model_copy(update={name: _absolute(getattr(tls, name), folder) for name in names})


def _absolute(name: str, folder: Path) -> str:
    try:
        path = home_path(name)
    except Unreadable:
        return name  # whoever opens it says that there is no such home
    return name if path.is_absolute() else str(folder.absolute() / path)
