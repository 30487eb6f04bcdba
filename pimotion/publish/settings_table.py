"""What can be changed over MQTT: how its values are written and read. Pure.

A new setting is a new row in `SETTINGS`, what only does something once is one in `MOMENTARY`;
subscriptions and states follow from them. The machine's own are in `NODE_SETTINGS` and
`NODE_MOMENTARY`.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pimotion.publish.payloads import OFF, ON, switch
from pimotion.settable import (
    EVENT_GAP_S,
    INHIBIT_S,
    MIN_AREA_PERCENT,
    SENSITIVITY,
    BadValue,
    Span,
)

Value = bool | int | float
Reader = Callable[[bytes], Value]
"""Bytes of a command to the value; raises `BadValue`."""

MAX_COMMAND_BYTES = 256
"""Nothing that anybody could mean is longer."""
PRESS = b"PRESS"
"""What a button of Home Assistant sends."""
RESET = b"RESET"
"""Gives a setting that has a state the value of the configuration again."""
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

_NUMBER = re.compile(rb"[0-9]{1,9}(\.[0-9]{1,20})?")
"""An automation that adds 0.1 to 0.2 says 0.30000000000000004."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How one setting looks on the wire.

    Attributes:
        read: Bytes of a command to the value.
        write: The value to the bytes of its state.
    """

    read: Reader
    write: Callable[[Value], bytes]


def _read_switch(payload: bytes) -> bool:
    if payload not in (ON, OFF):
        raise BadValue("must be ON or OFF")
    return payload == ON


def _write_switch(value: Value) -> bytes:
    return switch(bool(value))


def _read_press(payload: bytes) -> bool:
    if payload != PRESS:
        raise BadValue("must be PRESS")
    return True


def _number(span: Span) -> Reader:
    """Return a reader of numbers: ``70`` and ``70.0`` as people and templates write."""

    def read(payload: bytes) -> Value:
        return span.check(float(payload) if _NUMBER.fullmatch(payload) else math.nan)

    return read


def _write_number(value: Value) -> bytes:
    return f"{value:.9g}".encode()


def _read_level(payload: bytes) -> int:
    name = payload.decode(errors="replace")
    if name not in LOG_LEVELS:
        raise BadValue(f"must be one of {', '.join(LOG_LEVELS)}")
    return int(logging.getLevelNamesMapping()[name])


def _write_level(value: Value) -> bytes:
    return logging.getLevelName(int(value)).encode()


_SWITCH = Setting(_read_switch, _write_switch)

SETTINGS: Mapping[str, Setting] = {
    "detection": _SWITCH,
    "privacy": _SWITCH,
    "sensitivity": Setting(_number(SENSITIVITY), _write_number),
    "min_area_percent": Setting(_number(MIN_AREA_PERCENT), _write_number),
    "event_gap_s": Setting(_number(EVENT_GAP_S), _write_number),
}
"""Those of a camera that have a state."""

MOMENTARY: Mapping[str, Reader] = {
    "snapshot": _read_press,
    "recalibrate": _read_press,
    "inhibit": _number(INHIBIT_S),
}
"""Those of a camera that have none: each command does something once."""

NODE_SETTINGS: Mapping[str, Setting] = {"log_level": Setting(_read_level, _write_level)}
"""Those of the machine that have a state; a log level is its number in `logging`."""

NODE_MOMENTARY: Mapping[str, Reader] = {"restart": _read_press}
"""Those of the machine that have none."""

COMMANDS = (*SETTINGS, *MOMENTARY)
NODE_COMMANDS = (*NODE_SETTINGS, *NODE_MOMENTARY)

_READERS: Mapping[str, Reader] = {
    **{name: setting.read for name, setting in {**SETTINGS, **NODE_SETTINGS}.items()},
    **MOMENTARY,
    **NODE_MOMENTARY,
}


def read_value(setting: str, payload: bytes) -> Value:
    """Return the value that a command wants.

    Args:
        setting: One of `COMMANDS` or `NODE_COMMANDS`.
        payload: As it came.

    Raises:
        BadValue: It is too long or not allowed.
    """
    if len(payload) > MAX_COMMAND_BYTES:
        raise BadValue(f"must be at most {MAX_COMMAND_BYTES} bytes")
    return _READERS[setting](payload)


def is_reset(setting: str, payload: bytes) -> bool:
    """Tell whether a command asks for the configuration's value."""
    return payload == RESET and setting in {**SETTINGS, **NODE_SETTINGS}


def write_value(setting: str, value: Value) -> bytes | None:
    """Return a setting's value as its state says it; None if it has no state."""
    row = SETTINGS.get(setting) or NODE_SETTINGS.get(setting)
    return None if row is None else row.write(value)
