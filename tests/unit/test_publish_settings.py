"""What can be changed over MQTT: which payloads mean something, and what is said of the others."""

from __future__ import annotations

import pytest

from pimotion.config import fields
from pimotion.publish.settings_table import (
    COMMANDS,
    SETTINGS,
    BadValue,
    Value,
    read_value,
)


def test_these_commands_are_taken() -> None:
    assert COMMANDS == ("detection", "sensitivity", "recalibrate", "inhibit")


@pytest.mark.parametrize(
    ("setting", "payload", "value"),
    [
        ("detection", b"ON", True),
        ("detection", b"OFF", False),
        ("sensitivity", b"1", 1),
        ("sensitivity", b"100", 100),
        ("sensitivity", b"70.0", 70),
        ("recalibrate", b"PRESS", True),
        ("inhibit", b"0", 0),
        ("inhibit", b"2.5", 2.5),
        ("inhibit", b"3600", 3600),
    ],
)
def test_what_is_meant_plainly_is_understood(setting: str, payload: bytes, value: Value) -> None:
    found = read_value(setting, payload)

    assert found == value
    assert type(found) is type(value) or setting == "inhibit"


JUNK = [b"", b" 5", b"5 ", b"-5", b"+5", b"0x10", b"1e1", b"nan", b"inf", b"5,5", b".5", b"\xb2"]


@pytest.mark.parametrize("payload", [*JUNK, b"0", b"101", b"70.5", b"ON", b"9" * 200])
def test_a_sensitivity_that_makes_no_sense_is_refused_in_words(payload: bytes) -> None:
    with pytest.raises(BadValue, match="must be a whole number from 1 to 100"):
        read_value("sensitivity", payload)


@pytest.mark.parametrize("payload", [*JUNK, b"3600.1", b"3601", b"ON", b"999999999"])
def test_seconds_that_make_no_sense_are_refused_in_words(payload: bytes) -> None:
    with pytest.raises(BadValue, match="must be a number of seconds from 0 to 3600"):
        read_value("inhibit", payload)


@pytest.mark.parametrize("payload", [b"", b"press", b"ON", b"1"])
def test_only_a_press_presses(payload: bytes) -> None:
    """An empty payload clears a retained message, and must do nothing else."""
    with pytest.raises(BadValue, match="must be PRESS"):
        read_value("recalibrate", payload)


@pytest.mark.parametrize("setting", COMMANDS)
def test_a_command_of_a_megabyte_is_not_even_looked_at(setting: str) -> None:
    with pytest.raises(BadValue, match="at most 256 bytes"):
        read_value(setting, b"1" * 1_000_000)


def test_sensitivity_may_be_what_it_may_be_in_the_configuration() -> None:
    spec = fields.settings()["cameras", "*", "detect", "sensitivity"].spec
    for allowed in (spec["minimum"], spec["maximum"]):
        assert read_value("sensitivity", b"%d" % allowed) == allowed
    for wrong in (spec["minimum"] - 1, spec["maximum"] + 1):
        with pytest.raises(BadValue):
            read_value("sensitivity", b"%d" % wrong)


@pytest.mark.parametrize(
    ("setting", "value", "payload"),
    [("detection", True, b"ON"), ("detection", False, b"OFF"), ("sensitivity", 70, b"70")],
)
def test_a_state_is_written_as_a_command_is_read(
    setting: str, value: Value, payload: bytes
) -> None:
    assert SETTINGS[setting].write(value) == payload
    assert read_value(setting, payload) == value
