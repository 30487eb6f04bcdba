"""What can be changed over MQTT: which payloads mean something, and what is said of the others."""

from __future__ import annotations

import pytest

from pimotion.config import fields
from pimotion.publish.settings_table import (
    COMMANDS,
    NODE_COMMANDS,
    Value,
    read_value,
    write_value,
)
from pimotion.settable import EVENT_GAP_S, MIN_AREA_PERCENT, SENSITIVITY, BadValue, Span


def test_these_commands_are_taken() -> None:
    assert COMMANDS == (
        "detection",
        "privacy",
        "sensitivity",
        "min_area_percent",
        "event_gap_s",
        "snapshot",
        "recalibrate",
        "inhibit",
    )
    assert NODE_COMMANDS == ("log_level", "restart")


@pytest.mark.parametrize(
    ("setting", "payload", "value"),
    [
        ("detection", b"ON", True),
        ("detection", b"OFF", False),
        ("sensitivity", b"1", 1),
        ("sensitivity", b"100", 100),
        ("sensitivity", b"70.0", 70),
        ("privacy", b"ON", True),
        ("min_area_percent", b"0", 0.0),
        ("min_area_percent", b"12.34", 12.34),
        ("min_area_percent", b"0.30000000000000004", 0.1 + 0.2),
        ("min_area_percent", b"0.00010000000000000002", 0.00010000000000000002),
        ("event_gap_s", b"0.5", 0.5),
        ("event_gap_s", b"600", 600.0),
        ("log_level", b"DEBUG", 10),
        ("log_level", b"ERROR", 40),
        ("restart", b"PRESS", True),
        ("snapshot", b"PRESS", True),
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


@pytest.mark.parametrize("payload", [*JUNK, b"0.4", b"600.5", b"OFF"])
def test_a_gap_that_makes_no_sense_is_refused_in_words(payload: bytes) -> None:
    with pytest.raises(BadValue, match=r"must be a number of seconds from 0\.5 to 600"):
        read_value("event_gap_s", payload)


@pytest.mark.parametrize("payload", [*JUNK, b"100.1", b"50%"])
def test_an_area_that_makes_no_sense_is_refused_in_words(payload: bytes) -> None:
    with pytest.raises(BadValue, match="must be a number of percent from 0 to 100"):
        read_value("min_area_percent", payload)


@pytest.mark.parametrize("payload", [b"", b"debug", b"TRACE", b"10", b"\xff"])
def test_a_level_that_there_is_not_is_refused_in_words(payload: bytes) -> None:
    with pytest.raises(BadValue, match="must be one of DEBUG, INFO, WARNING, ERROR"):
        read_value("log_level", payload)


@pytest.mark.parametrize("setting", ["recalibrate", "snapshot", "restart"])
@pytest.mark.parametrize("payload", [b"", b"press", b"ON", b"1"])
def test_only_a_press_presses(setting: str, payload: bytes) -> None:
    """An empty payload clears a retained message, and must do nothing else."""
    with pytest.raises(BadValue, match="must be PRESS"):
        read_value(setting, payload)


@pytest.mark.parametrize("setting", [*COMMANDS, *NODE_COMMANDS])
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


def test_a_number_has_no_sign_where_it_is_nothing() -> None:
    assert str(MIN_AREA_PERCENT.check(-0.0)) == "0.0"


@pytest.mark.parametrize(
    ("span", "place", "scale"),
    [
        (SENSITIVITY, ("detect", "sensitivity"), 1),
        (MIN_AREA_PERCENT, ("detect", "min_area_ratio"), 100),
        (EVENT_GAP_S, ("events", "event_gap_s"), 1),
    ],
)
def test_home_assistant_shows_whatever_the_configuration_may_say(
    span: Span, place: tuple[str, str], scale: float
) -> None:
    """It drops a state out of the bounds of its number, and shows nothing then."""
    spec = fields.settings()["cameras", "*", *place].spec
    assert (span.least, span.most) == (scale * spec["minimum"], scale * spec["maximum"])


@pytest.mark.parametrize(
    ("setting", "value", "payload"),
    [
        ("detection", True, b"ON"),
        ("privacy", False, b"OFF"),
        ("sensitivity", 70, b"70"),
        ("min_area_percent", 0.1, b"0.1"),
        ("min_area_percent", 12.345678, b"12.345678"),
        ("event_gap_s", 10.0, b"10"),
        ("event_gap_s", 0.5, b"0.5"),
        ("log_level", 20, b"INFO"),
    ],
)
def test_a_state_is_written_as_a_command_is_read(
    setting: str, value: Value, payload: bytes
) -> None:
    assert write_value(setting, value) == payload
    assert read_value(setting, payload) == value
