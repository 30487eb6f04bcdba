"""What can be changed over MQTT: how its values are written and read. Pure.

A new setting is a new row in `SETTINGS`, what only does something once is one in `MOMENTARY`;
subscriptions and states follow from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pimotion.publish.payloads import OFF, ON, switch

Value = bool | int | float
Reader = Callable[[bytes], Value]
"""Bytes of a command to the value; raises `BadValue`."""

MAX_COMMAND_BYTES = 256
"""Nothing that anybody could mean is longer."""
MAX_INHIBIT_S = 3600
PRESS = b"PRESS"
"""What a button of Home Assistant sends."""

_NUMBER = re.compile(rb"[0-9]{1,9}(\.[0-9]{1,9})?")


class BadValue(ValueError):
    """A command's value is none of those allowed; the text says which are."""


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


def _read_sensitivity(payload: bytes) -> int:
    value = _number(payload)
    if value is None or not value.is_integer() or not 1 <= value <= 100:  # noqa: PLR2004
        raise BadValue("must be a whole number from 1 to 100")
    return int(value)


def _write_whole(value: Value) -> bytes:
    return b"%d" % value


def _read_inhibit_s(payload: bytes) -> float:
    value = _number(payload)
    if value is None or value > MAX_INHIBIT_S:
        raise BadValue(f"must be a number of seconds from 0 to {MAX_INHIBIT_S}")
    return value


def _number(payload: bytes) -> float | None:
    """Read what people and Home Assistant's templates write: ``70``, ``70.0``."""
    return float(payload) if _NUMBER.fullmatch(payload) else None


SETTINGS: Mapping[str, Setting] = {
    "detection": Setting(_read_switch, _write_switch),
    "sensitivity": Setting(_read_sensitivity, _write_whole),
}
"""Those that have a state."""

MOMENTARY: Mapping[str, Reader] = {"recalibrate": _read_press, "inhibit": _read_inhibit_s}
"""Those that have none: each command does something once."""

COMMANDS = (*SETTINGS, *MOMENTARY)


def read_value(setting: str, payload: bytes) -> Value:
    """Return the value that a command wants; ``setting`` is one of `COMMANDS`.

    Raises:
        BadValue: It is too long or not allowed.
    """
    if len(payload) > MAX_COMMAND_BYTES:
        raise BadValue(f"must be at most {MAX_COMMAND_BYTES} bytes")
    read = MOMENTARY[setting] if setting in MOMENTARY else SETTINGS[setting].read
    return read(payload)
