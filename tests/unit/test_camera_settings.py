"""Commands to a running camera: what they do, and what is then said to be true."""

from __future__ import annotations

from typing import Any

import pytest

from pimotion.camera_settings import CameraSettings
from pimotion.config.camera import Camera
from pimotion.detect.detector import Detector
from pimotion.events.machine import EventMachine
from pimotion.types import Command, SettingState, Switches


def started(switches: Switches | None = None, **settings: Any) -> CameraSettings:
    camera = Camera.model_validate({"source": "synthetic", **settings})
    return CameraSettings(
        "door",
        camera,
        switches or Switches(),
        detector=Detector(camera.detect, zones={}),
        machine=EventMachine("door", camera.events, zones={}, new_id=lambda: "1"),
    )


def told(states: list[SettingState]) -> dict[str, float]:
    assert {state.camera for state in states} == {"door"}
    return {state.setting: state.value for state in states}


def test_it_starts_as_configured() -> None:
    made = started(detect={"min_area_ratio": 0.0123, "sensitivity": 60})
    assert told(made.states()) == {
        "detection": True,
        "privacy": False,
        "sensitivity": 60,
        "min_area_percent": 1.23,
        "event_gap_s": 10,
    }


def test_what_changed_while_nobody_looked_is_no_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Detection that is switched on forgets the scene; that is on already, it does not."""
    forgotten: list[str] = []
    monkeypatch.setattr(Detector, "recalibrate", lambda _: forgotten.append("the scene"))
    made = started(Switches(detection=False))
    for on, times in ((True, 1), (True, 1), (False, 1), (True, 2)):
        made.obey(Command("door", "detection", on))
        assert len(forgotten) == times


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("detection", False),
        ("privacy", True),
        ("sensitivity", 70),
        ("min_area_percent", 2.5),
        ("event_gap_s", 3.5),
    ],
)
def test_what_was_set_is_said_and_goes_on_to_hold(setting: str, value: float) -> None:
    made = started()
    assert made.obey(Command("door", setting, value)) == SettingState("door", setting, value)
    assert told(made.states())[setting] == value


@pytest.mark.parametrize(
    ("setting", "value"), [("recalibrate", True), ("inhibit", 5.0), ("snapshot", True)]
)
def test_what_is_done_once_has_no_state(setting: str, value: float) -> None:
    assert started().obey(Command("door", setting, value)) is None


@pytest.mark.parametrize("percent", [80, 100])
def test_an_area_that_nothing_could_have_is_refused(
    percent: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing counts that is larger than `max_area_ratio`."""
    made = started()
    said = made.obey(Command("door", "min_area_percent", percent))

    assert said == SettingState("door", "min_area_percent", 0.1)
    assert "must be less than max_area_ratio" in caplog.text


def test_who_opens_a_camera_that_closed_itself_has_looked() -> None:
    made = started(Switches(privacy=True, unasked=True))
    made.obey(Command("door", "privacy", True))
    assert made.unasked
    made.obey(Command("door", "privacy", False))
    assert not made.unasked
