"""What is said by MQTT, byte for byte."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from publish_messages import STARTED_UTC_S, event, health

from pimotion.clock import iso
from pimotion.publish.machine import Machine, Readings
from pimotion.publish.payloads import (
    attributes_payload,
    encode,
    event_payload,
    health_payload,
    machine_payload,
    stats_payload,
)
from pimotion.publish.settings_table import read_value
from pimotion.publish.topics import Topics
from pimotion.settable import BadValue
from pimotion.types import Box, CameraState, CameraStats


def test_an_event_reads_as_the_contract_promises() -> None:
    """Automations and scripts parse this; keys and their order stay."""
    payload = event_payload(
        event(),
        node="garden-pi",
        snapshot="pimotion/garden-pi/front_door/last_motion",
        published_utc_s=STARTED_UTC_S + 0.5,
    )
    assert json.dumps(payload) == (
        '{"event_type": "start", "id": "e1", "seq": 0, "camera": "front_door", '
        '"node": "garden-pi", "started_at": "2026-11-22T10:15:30.123+00:00", '
        '"captured_at": "2026-11-22T10:15:30.423+00:00", '
        '"published_at": "2026-11-22T10:15:30.623+00:00", "time_s": 12.4, "duration_s": 0.0, '
        '"frame": {"width": 1280, "height": 720}, '
        '"boxes": [{"x": 1, "y": 2, "width": 30, "height": 40, "track": 3}], '
        '"zones": ["drive-way"], "changed_ratio": 0.031, "score": 0.87, '
        '"snapshot": "pimotion/garden-pi/front_door/last_motion", "clip": null, '
        '"reason": null, "late": false}'
    )


def test_times_are_null_while_the_clock_is_not_set() -> None:
    """A Pi without network time must not date an event to 1970."""
    unset = replace(event("stop", seq=1), started_utc_s=None, captured_utc_s=None)
    payload = event_payload(unset, node="n", snapshot=None, published_utc_s=None)
    assert (payload["started_at"], payload["captured_at"], payload["published_at"]) == (None,) * 3
    assert payload["reason"] == "quiet"


def test_attributes_stay_small_however_much_moves() -> None:
    """Home Assistant's database keeps a copy at every change."""
    box = Box(4095, 4095, 4096, 4096, track=123456789)
    crowd = replace(
        event(), boxes=(box,) * 500, zones=tuple("z" * 30 + f"{n:02}" for n in range(99))
    )
    payload = attributes_payload(crowd)
    assert len(payload["boxes"]) == 16
    assert len(encode(payload)) < 4000


def test_attributes_tell_whether_the_event_is_over() -> None:
    assert attributes_payload(event())["running"] is True
    assert attributes_payload(event("stop"))["running"] is False
    assert attributes_payload(event("stop"))["reason"] == "quiet"


def test_health_names_the_reason() -> None:
    lost = health(CameraState.LOST, "no route to the camera")
    assert health_payload(lost, now_utc_s=None, now_monotonic_s=0) == {
        "problem": True,
        "state": "lost",
        "reason": "no route to the camera",
        "since": "2026-11-22T10:15:30.123+00:00",
    }


def test_since_is_worked_out_when_the_clock_is_set_later() -> None:
    """The camera was lost before the network time came; the user still learns when."""
    lost = replace(health(CameraState.LOST, "x"), since_utc_s=None, since_monotonic_s=100.0)
    payload = health_payload(lost, now_utc_s=STARTED_UTC_S + 40, now_monotonic_s=140.0)
    assert payload["since"] == "2026-11-22T10:15:30.123+00:00"


@pytest.mark.parametrize("step_s", [-7200.0, 8 * 3600.0])
def test_since_is_by_the_clock_as_it_was_set_later(step_s: float) -> None:
    """A Pi starts with the time of its last stop: since then all times were told of that day."""
    lost = replace(health(CameraState.LOST, "x"), since_monotonic_s=100.0)
    now_s = STARTED_UTC_S + 40
    payload = health_payload(lost, now_utc_s=now_s + step_s, now_monotonic_s=140.0)
    assert payload["since"] == iso(STARTED_UTC_S + step_s)


def test_stats_say_why_nothing_counted() -> None:
    busy = CameraStats("yard", 15.0, 10.0, 0, 3.0, 80.0, 1, None, {"light": 132}, True)
    payload = stats_payload(busy)
    assert payload["suppressed"] == {"light": 132}
    assert payload["learning"] is True


def test_stats_have_every_key_even_when_nothing_is_known() -> None:
    """A template that misses a key logs a warning in Home Assistant each time."""
    nothing = CameraStats("yard", None, None, None, None, None, None, None, {})
    assert stats_payload(nothing) == {
        "fps": None,
        "detect_fps": None,
        "dropped": None,
        "detect_ms": None,
        "latency_ms": None,
        "viewers": None,
        "last_event_at": None,
        "suppressed": {},
        "learning": None,
    }
    unknown = Readings(None, None, None, None)
    assert machine_payload(unknown, started_utc_s=None, version="1") == {
        "cpu_percent": None,
        "rss_bytes": None,
        "temperature_c": None,
        "throttled": None,
        "started_at": None,
        "version": "1",
    }


def test_the_machine_is_looked_at_for_real() -> None:
    """This very process holds more than a megabyte, and no machine is over 100 % busy."""
    machine = Machine()
    sum(range(2_000_000))
    readings = machine.look()
    assert readings.rss_bytes is not None
    assert 1_000_000 < readings.rss_bytes < 10_000_000_000
    assert readings.cpu_percent is None or 0 <= readings.cpu_percent <= 100


def test_a_pis_firmware_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """0x50000 is a weak power supply some time ago, 0x50005 is one now."""
    flags, heat = tmp_path / "throttled", tmp_path / "heat"
    monkeypatch.setattr("pimotion.publish.machine._THROTTLED", flags)
    monkeypatch.setattr("pimotion.publish.machine._TEMPERATURE", heat)
    heat.write_text("48312\n")
    machine = Machine()
    assert machine.look().throttled is None
    flags.write_text("50000\n")
    assert (machine.look().throttled, machine.look().temperature_c) == (False, 48.312)
    flags.write_text("50005\n")
    assert machine.look().throttled is True


def test_topics_are_those_of_the_contract() -> None:
    topics = Topics("pimotion", "pi")
    assert [
        topics.status,
        topics.stats,
        topics.camera_status("door"),
        topics.health("door"),
        topics.motion("door"),
        topics.zone_motion("door", "way"),
        topics.attributes("door"),
        topics.event("door"),
        topics.snapshot("door"),
        topics.last_motion("door"),
        topics.camera_stats("door"),
        topics.setting_state("door", "detection"),
        topics.setting_set("door", "detection"),
    ] == [
        "pimotion/pi/status",
        "pimotion/pi/stats",
        "pimotion/pi/door/status",
        "pimotion/pi/door/health",
        "pimotion/pi/door/motion",
        "pimotion/pi/door/zone/way/motion",
        "pimotion/pi/door/attributes",
        "pimotion/pi/door/event",
        "pimotion/pi/door/snapshot",
        "pimotion/pi/door/last_motion",
        "pimotion/pi/door/stats",
        "pimotion/pi/door/detection/state",
        "pimotion/pi/door/detection/set",
    ]


@pytest.mark.parametrize(("payload", "value"), [(b"ON", True), (b"OFF", False)])
def test_a_switch_command_is_understood(payload: bytes, value: bool) -> None:
    assert read_value("detection", payload) is value


@pytest.mark.parametrize("payload", [b"on", b"", b"1", b"ON ", b"\xff", b"true"])
def test_junk_is_refused_in_words(payload: bytes) -> None:
    with pytest.raises(BadValue, match="must be ON or OFF"):
        read_value("detection", payload)


def test_a_command_of_a_megabyte_is_not_even_looked_at() -> None:
    with pytest.raises(BadValue, match="at most 256 bytes"):
        read_value("detection", b"x" * 1_000_000)


def test_no_number_is_said_that_json_does_not_have() -> None:
    """Home Assistant's parser refuses all of a message that holds a NaN."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"score": float("nan")})


def test_half_a_surrogate_pair_is_said_as_a_question_mark() -> None:
    """A camera's reason may hold whatever its firmware sends."""
    assert encode({"reason": "caf\udce9"}) == b'{"reason":"caf?"}'
