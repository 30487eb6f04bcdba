"""Reads what a viewer asks for from the query of a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl

from pimotion.config.camera import Stream
from pimotion.errors import PimotionError

OVERLAYS = ("boxes", "zones", "time", "mask")
"""What may be drawn on a picture."""

_MAX_PARAMETERS = 20

_T = TypeVar("_T", int, float)

Header = Callable[[str], str | None]
"""Gives a header of a request by its name; None if it has none such."""


class QueryError(PimotionError):
    """A query asks for something that does not exist; the text names what does."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How a picture is to look; pictures of one variant are encoded once for all its viewers.

    Attributes:
        width: px; None: the camera's. Never enlarged.
        quality: JPEG quality 1..100; None: nobody cares, so that a JPEG on which nothing is drawn
            may go out as the camera made it.
        overlays: What is drawn, of `OVERLAYS`.
    """

    width: int | None
    quality: int | None
    overlays: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wish:
    """What one viewer asks for.

    Attributes:
        fps: Most frames a second; None: all.
        advance: The header of the next part stands right behind each picture (see `multipart`).
    """

    variant: Variant
    fps: float | None
    advance: bool = False

    def gets_all(self, at_fps: float) -> bool:
        """Tell whether he gets each of the parts that come at this rate at most."""
        return self.fps is None or self.fps >= at_fps


def parameters(query: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Return the parameters of a query string by name.

    Raises:
        QueryError: One is unknown, given twice, or not UTF-8.
    """
    try:
        pairs = parse_qsl(
            _as_utf8(query), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict"
        )
    except ValueError:
        raise QueryError(
            f"the query must be UTF-8 with at most {_MAX_PARAMETERS} parameters"
        ) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in allowed:
            raise QueryError(f"unknown parameter '{_short(name)}'; there are {', '.join(allowed)}")
        if name in found:
            raise QueryError(f"'{name}' is given twice")
        found[name] = value
    return found


def token_of(query: str) -> str | None:
    """Return the token of a query, the first if there are more, whatever else is wrong with it.

    Who may know what is wrong is decided by the token, so it is read before the rest is judged.
    """
    pairs = parse_qsl(_as_utf8(query), keep_blank_values=True, errors="replace")
    return next((value for name, value in pairs if name == "token"), None)


def _as_utf8(query: str) -> str:
    """Return a query whose letters were sent as they are, as curl does, not as ``%C3%A9``.

    WSGI gives bytes as letters of Latin-1 (PEP 3333).
    """
    return query.encode("latin-1", "replace").decode("utf-8", "replace")


def wish_of(
    given: Mapping[str, str], settings: Stream, header: Header = lambda _name: None
) -> Wish:
    """Return what a viewer asks for; what is not given is as the camera's settings say.

    Args:
        given: The query.
        settings: The camera's.
        header: Of the request: a browser that needs ``advance`` is known by some of them.

    Raises:
        QueryError: A value is outside its range; the text names the range.
    """
    advance = _number(given, "advance", int, 0, 1)
    variant = Variant(
        width=_number(given, "width", int, 64, 4096),
        quality=_number(given, "quality", int, 1, 100),
        overlays=_overlays(given.get("overlay"), settings),
    )
    fps = _number(given, "fps", float, 0.2, 60) or settings.fps
    return Wish(variant, fps, is_image_in_chrome(header) if advance is None else bool(advance))


def is_image_in_chrome(header: Header) -> bool:
    """Tell whether the picture will stand in an ``<img>`` of Chrome or its kin.

    Over plain HTTP to another machine Chrome does not say what a request is for; but what it
    accepts then begins with an image type for images only.
    """
    purpose = header("Sec-Fetch-Dest")
    if purpose is None and (header("Accept") or "").startswith("image/"):
        purpose = "image"
    agent = header("User-Agent") or ""
    return purpose == "image" and ("Chrome/" in agent or "Chromium/" in agent)


def usual_overlays(settings: Stream) -> frozenset[str]:
    """Return what is drawn for a viewer who asks for nothing special."""
    usual = {"boxes": settings.boxes, "zones": settings.zones, "time": settings.timestamp}
    return frozenset(name for name, wanted in usual.items() if wanted)


def whole_number(given: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    """Return a parameter as a number in a range; None when it is not given. Raises `QueryError`."""
    return _number(given, name, int, least, most)


def _number(
    given: Mapping[str, str], name: str, kind: Callable[[str], _T], least: _T, most: _T
) -> _T | None:
    text = given.get(name)
    if text is None:
        return None
    problem = f"{name} must be {least:g} to {most:g}, got '{_short(text)}'"
    # What int and float read beside plain digits (1_000, Arabic digits, inf, 1e9) is refused.
    if not set(text) <= set("0123456789."):
        raise QueryError(problem)
    try:
        number = kind(text)
    except ValueError:
        raise QueryError(problem) from None
    if not least <= number <= most:
        raise QueryError(problem)
    return number


def _overlays(text: str | None, settings: Stream) -> frozenset[str]:
    if text is None:
        return usual_overlays(settings)
    if text == "none":
        return frozenset()
    names = text.split(",")
    if not set(names) <= set(OVERLAYS):
        raise QueryError(
            f"overlay must be none, or some of {','.join(OVERLAYS)}, got '{_short(text)}'"
        )
    return frozenset(names)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."  # noqa: PLR2004  enough to recognise it
