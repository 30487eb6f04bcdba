"""The settings that can be changed over MQTT: how their values are written and read. Pure.

A new one is a new row in `SETTINGS`; discovery, subscriptions and states follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pimotion.publish.payloads import OFF, ON, switch

Value = bool | int | float

MAX_COMMAND_BYTES = 256
"""Nothing that anybody could mean is longer."""


class BadValue(ValueError):
    """A command's value is none of those allowed; the text says which are."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How one setting looks on the wire.

    Attributes:
        read: Bytes of a command to the value; raises `BadValue`.
        write: The value to the bytes of its state.
    """

    read: Callable[[bytes], Value]
    write: Callable[[Value], bytes]


def _read_switch(payload: bytes) -> bool:
    if payload not in (ON, OFF):
        raise BadValue("must be ON or OFF")
    return payload == ON


def _write_switch(value: Value) -> bytes:
    return switch(bool(value))


SETTINGS: Mapping[str, Setting] = {"detection": Setting(_read_switch, _write_switch)}


def read_value(setting: str, payload: bytes) -> Value:
    """Return the value that a command wants.

    Raises:
        BadValue: It is too long or not allowed.
    """
    if len(payload) > MAX_COMMAND_BYTES:
        raise BadValue(f"must be at most {MAX_COMMAND_BYTES} bytes")
    return SETTINGS[setting].read(payload)
