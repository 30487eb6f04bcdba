"""`Controls` in libcamera's words, within what this camera says that it can do.

Names, units and enumerations: libcamera's control_ids_core.yaml, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pimotion.config.controls import Controls
from pimotion.errors import SourceLost

Limits = Mapping[str, tuple[Any, Any, Any]]
"""picamera2's `camera_controls`: least, most and default by libcamera's name."""

_FOCUS_MANUAL, _FOCUS_CONTINUOUS = 0, 2
_FLICKER_OFF, _FLICKER_MANUAL = 0, 1
_WHITE_BALANCE = ("auto", "incandescent", "tungsten", "fluorescent", "indoor", "daylight", "cloudy")
_HDR = {"none": 0, "multi_exposure": 2, "single_exposure": 3, "night": 4}


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one of our controls is set.

    Attributes:
        name: libcamera's.
        convert: Our value as libcamera's.
        with_it: What else it needs, set where the camera has it.
        unit: So many of libcamera's units are one of ours.
    """

    name: str
    convert: Callable[[Any], Any] = float
    with_it: Mapping[str, Any] | None = None
    unit: float = 1


_RULES: Mapping[str, _Rule] = {
    "exposure_ms": _Rule("ExposureTime", lambda ms: round(ms * 1000), unit=1000),
    "exposure_bias": _Rule("ExposureValue"),
    "gain": _Rule("AnalogueGain"),
    "brightness": _Rule("Brightness"),
    "contrast": _Rule("Contrast"),
    "saturation": _Rule("Saturation"),
    "sharpness": _Rule("Sharpness"),
    "white_balance": _Rule("AwbMode", _WHITE_BALANCE.index, {"AwbEnable": True}),
    "white_balance_k": _Rule("ColourTemperature", round, {"AwbEnable": False}),
    "autofocus": _Rule("AfMode", lambda on: _FOCUS_CONTINUOUS if on else _FOCUS_MANUAL),
    "focus": _Rule("LensPosition", float, {"AfMode": _FOCUS_MANUAL}),
    "hdr": _Rule("HdrMode", _HDR.__getitem__),
}


def libcamera_controls(controls: Controls, limits: Limits) -> dict[str, Any]:
    """Return what to give to picamera2.

    Raises:
        SourceLost: This camera has no such control or not that value; the reason says what it has.
    """
    wanted: dict[str, Any] = {}
    for name, value in controls.given.items():
        wanted |= _extra(name, value, limits) if name in _EXTRA else _plain(name, value, limits)
    return wanted


def agreed(controls: Controls, metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the controls that were asked for as a picture's metadata says that they are."""
    for name in controls.given:
        rule = _RULES.get(name)
        now = metadata.get(rule.name) if rule else None
        if rule and isinstance(now, int | float) and rule.convert in (float, round):
            yield name, f"{now:.4g}"
        elif rule and isinstance(now, int | float) and rule.unit != 1:
            yield name, f"{now / rule.unit:.4g}"


def _plain(name: str, value: Any, limits: Limits) -> dict[str, Any]:
    rule = _RULES[name]
    low, high, _ = _limit(name, rule.name, limits)
    own = rule.convert(value)
    if (low is not None and own < low) or (high is not None and own > high):
        span = f"{low / rule.unit:g} to {high / rule.unit:g}"
        raise SourceLost(f"controls.{name} must be {span} at this camera, got {value}")
    with_it = {key: also for key, also in (rule.with_it or {}).items() if key in limits}
    return with_it | {rule.name: own}


def _extra(name: str, value: Any, limits: Limits) -> dict[str, Any]:
    needs, convert = _EXTRA[name]
    return convert(value, _limit(name, needs, limits))


def _crop(corners: Any, limit: tuple[Any, Any, Any]) -> dict[str, Any]:
    (left, top), (right, bottom) = corners
    x, y, width, height = limit[1]  # the whole of the sensor, in its px
    box = (x + left * width, y + top * height, (right - left) * width, (bottom - top) * height)
    return {"ScalerCrop": tuple(round(side) for side in box)}


def _flicker(hz: Any, _: tuple[Any, Any, Any]) -> dict[str, Any]:
    if not hz:
        return {"AeFlickerMode": _FLICKER_OFF}
    # A lamp flickers twice in each period of its current.
    return {"AeFlickerMode": _FLICKER_MANUAL, "AeFlickerPeriod": round(1_000_000 / (2 * hz))}


_EXTRA: Mapping[str, tuple[str, Callable[[Any, tuple[Any, Any, Any]], dict[str, Any]]]] = {
    "crop": ("ScalerCrop", _crop),
    "power_line_hz": ("AeFlickerMode", _flicker),
}


def _limit(name: str, needs: str, limits: Limits) -> tuple[Any, Any, Any]:
    if needs in limits:
        return limits[needs]
    has = [ours for ours, rule in _RULES.items() if rule.name in limits]
    has += [ours for ours, (theirs, _) in _EXTRA.items() if theirs in limits]
    raise SourceLost(
        f"this Pi camera has no control {name}; it has {', '.join(has) or 'none'}: change "
        f"controls.{name}"
    )
