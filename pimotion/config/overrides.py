"""What the command line changes of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from pimotion.config.camera import Camera
from pimotion.config.check import mistake_of
from pimotion.config.messages import sentence
from pimotion.config.nodes import Mark
from pimotion.config.places import Loc
from pimotion.config.settings import Settings
from pimotion.config.values import Section

_S = TypeVar("_S", bound=Section)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line sets; None leaves the file's value.

    Attributes:
        source: ``--source``, for a configuration of one camera.
        host, port, open: ``--host``, ``--port``, ``--open`` of the page.
        warmup_frames: ``--warmup-frames`` of every camera.
    """

    source: str | None = None
    host: str | None = None
    open: bool | None = None
    port: int | None = None
    warmup_frames: int | None = None


@dataclass(slots=True)
class Overridden:
    """Settings after the command line had its say.

    Attributes:
        options: Settings that came from there -> the option's name.
        problems: What is wrong with the options; the settings keep their old values there.
    """

    settings: Settings
    options: dict[Loc, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def override(settings: Settings, wanted: Overrides) -> Overridden:
    """Put the options in the place of the settings they mean."""
    result = Overridden(settings)
    http = {"host": wanted.host, "port": wanted.port, "open": wanted.open}
    changes: dict[str, Any] = {"http": _changed(result, ("http",), settings.http, http)}
    if wanted.source is not None and len(settings.cameras) != 1:
        ids = ", ".join(settings.cameras)
        result.problems.append(f"--source needs a configuration of one camera; this one has {ids}")
        wanted = Overrides(warmup_frames=wanted.warmup_frames)
    changes["cameras"] = {
        camera_id: _camera(result, camera_id, camera, wanted)
        for camera_id, camera in settings.cameras.items()
    }
    result.settings = settings.model_copy(update=changes)
    result.problems = list(dict.fromkeys(result.problems))
    return result


def _camera(result: Overridden, camera_id: str, camera: Camera, wanted: Overrides) -> Camera:
    loc: Loc = ("cameras", camera_id)
    frames = {"warmup_frames": wanted.warmup_frames}
    detect = _changed(result, (*loc, "detect"), camera.detect, frames)
    renewed = camera.model_copy(update={"detect": detect})
    return _changed(result, loc, renewed, {"source": wanted.source})


def _changed(result: Overridden, loc: Loc, section: _S, values: Mapping[str, Any]) -> _S:
    """Return the section with those values that are not None, each checked as in a file."""
    given = {name: value for name, value in values.items() if value is not None}
    names = {(*loc, name): f"--{name.replace('_', '-')}" for name in given}
    try:
        changed = type(section).model_validate({**dict(section), **given})
    except ValidationError as error:
        for each in error.errors(include_url=False):
            place = (*loc, *each["loc"])
            each["loc"] = place
            result.problems.append(sentence(mistake_of(each, Mark(1), names.get(place))))
        return section
    result.options |= names
    return changed
