"""Which controls a kind of camera has and, where that is known without the camera, their range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pimotion.config.camera import Camera

PI_RANGES = {
    "gain": (1, 64),
    "brightness": (-1, 1),
    "contrast": (0, 32),
    "saturation": (0, 32),
    "sharpness": (0, 16),
    "focus": (0, 32),
}
"""libcamera's documentation of controls, read 2026-11. A sensor may have less: it says so itself
when it is opened."""

PI_ONLY = ("exposure_bias", "hdr", "crop")

_EXCLUDE: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "white_balance_k": ("white_balance", lambda value: value is not None),
    "focus": ("autofocus", lambda value: value is True),
    "exposure_ms": ("exposure_bias", lambda value: value is not None),
}
"""A fixed value, and what contradicts it."""


def broken(camera: Camera) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the name of each control that cannot be as it is, why, and what else was looked at."""
    given = camera.controls.given
    kind = camera.source.partition(":")[0]
    if kind not in ("auto", "picamera", "v4l2"):
        for name in given:
            yield name, "is for picamera and v4l2 cameras; this source has no controls", ()
        return
    for name, (other, contradicts) in _EXCLUDE.items():
        if name in given and contradicts(given.get(other)):
            text = f"cannot be together with controls.{other}; take one of the two out"
            yield name, text, ("controls",)
    if kind == "picamera":
        yield from _pi(camera, given)
    if kind == "v4l2":
        yield from _v4l2(given)


def _pi(camera: Camera, given: dict[str, object]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name, (low, high) in PI_RANGES.items():
        value = given.get(name)
        if isinstance(value, int | float) and not low <= value <= high:
            yield name, f"must be between {low} and {high} for picamera, got {value:g}", ()
    frame_ms = 1000 / camera.fps
    exposure_ms = camera.controls.exposure_ms
    if exposure_ms is not None and exposure_ms > frame_ms:
        text = f"must be at most {frame_ms:.4g} ms, the time of a frame at fps {camera.fps:g}"
        yield "exposure_ms", f"{text}, got {exposure_ms:g}", ("fps",)


def _v4l2(given: dict[str, object]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name in PI_ONLY:
        if name in given:
            yield name, "is for picamera; a v4l2 camera has no such control", ()
    if given.get("white_balance") not in (None, "auto"):
        text = "must be auto for a v4l2 camera, or use white_balance_k"
        yield "white_balance", f"{text}, got '{given['white_balance']}'", ()
