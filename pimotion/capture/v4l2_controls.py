"""Puts `Controls` into a V4L2 device's own controls and reads back what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pimotion.capture.v4l2_device import Knob, V4l2Device
from pimotion.config.controls import Controls
from pimotion.errors import SourceLost

# linux/v4l2-controls.h: V4L2_CID_...
_AUTO_WHITE_BALANCE, _AUTOGAIN = 0x0098090C, 0x00980912
_EXPOSURE_AUTO, _FOCUS_AUTO = 0x009A0901, 0x009A090C
_EXPOSURE_MANUAL = 1
_POWER_LINE = {0: 0, 50: 1, 60: 2}


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one of our controls is set.

    Attributes:
        control: The device's.
        unit: So many of the device's units are one of ours.
        first: What must be switched off before, and how, where the device has it.
        convert: Of a value that is no number.
    """

    control: int
    unit: float = 1
    first: tuple[int, int] | None = None
    convert: Callable[[object], int] | None = None

    def own(self, value: object) -> int:
        """Return our value in the device's units."""
        if self.convert is not None:
            return self.convert(value)
        assert isinstance(value, int | float)
        return round(value * self.unit)


_RULES: Mapping[str, _Rule] = {
    "exposure_ms": _Rule(0x009A0902, unit=10, first=(_EXPOSURE_AUTO, _EXPOSURE_MANUAL)),
    "gain": _Rule(0x00980913, first=(_AUTOGAIN, 0)),
    "brightness": _Rule(0x00980900),
    "contrast": _Rule(0x00980901),
    "saturation": _Rule(0x00980902),
    "sharpness": _Rule(0x0098091B),
    "white_balance": _Rule(_AUTO_WHITE_BALANCE, convert=lambda value: int(value == "auto")),
    "white_balance_k": _Rule(0x0098091A, first=(_AUTO_WHITE_BALANCE, 0)),
    "autofocus": _Rule(_FOCUS_AUTO),
    "focus": _Rule(0x009A090A, first=(_FOCUS_AUTO, 0)),
    "power_line_hz": _Rule(0x00980918, convert=lambda hz: _POWER_LINE[int(str(hz))]),
}


def set_controls(path: Path, controls: Controls) -> dict[str, str]:
    """Set what is asked for.

    Returns:
        What each of these controls is set to now, in our units; the device may have rounded it.

    Raises:
        SourceLost: The device has no such control or not that value; the reason says what it has.
    """
    given = controls.given
    if not given:
        return {}
    try:
        with V4l2Device(path) as device:
            return {name: _set(device, path, name, value) for name, value in given.items()}
    except OSError as error:
        raise SourceLost(f"{path} cannot be told its controls: {error.strerror}") from None


def _set(device: V4l2Device, path: Path, name: str, value: object) -> str:
    rule = _RULES.get(name)
    knob = device.knob(rule.control) if rule else None
    if rule is None or knob is None:
        raise SourceLost(
            f"{path} has no control {name}; it has {_named(device)}: change controls.{name}"
        )
    if rule.first is not None:
        switch, manual = rule.first
        if device.knob(switch) is not None:
            device.set(switch, manual)
    own = rule.own(value)
    if not knob.least <= own <= knob.most:
        raise SourceLost(f"controls.{name} must be {_range(rule, knob)} at {path}, got {value}")
    try:
        now = device.set(rule.control, own)
    except OSError as error:
        raise SourceLost(f"{path} refuses controls.{name} {value}: {error.strerror}") from None
    return f"{value}" if rule.convert is not None else f"{now / rule.unit:g}"


def ranges(device: V4l2Device) -> dict[str, str]:
    """Return the names of the controls that a device has, each with what it may be."""
    knobs = {name: (rule, device.knob(rule.control)) for name, rule in _RULES.items()}
    return {name: _range(rule, knob) for name, (rule, knob) in knobs.items() if knob is not None}


def _named(device: V4l2Device) -> str:
    return ", ".join(ranges(device)) or "none"


def _range(rule: _Rule, knob: Knob) -> str:
    return f"{knob.least / rule.unit:g} to {knob.most / rule.unit:g}"
