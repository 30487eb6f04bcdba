"""What was set at run time survives a restart, until the configuration itself changes."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pimotion.config.camera import Camera
from pimotion.kept_settings import KeptSettings
from pimotion.state import State
from pimotion.types import NODE, Command, MotionState, Reset, SettingState, Switches


def door(events: dict[str, Any] | None = None, **detect: Any) -> Camera:
    return Camera.model_validate({"source": "synthetic", "detect": detect, "events": events or {}})


def kept_in(folder: Path, camera: Camera | None = None) -> KeptSettings:
    """The kept settings as a start finds them."""
    return KeptSettings(State(folder), {"door": camera or door()})


def change(folder: Path, camera: Camera | None = None, **values: float) -> None:
    """Start, let settings have new values, and stop."""
    kept = kept_in(folder, camera)
    for setting, value in values.items():
        kept.put(SettingState("door", setting, value))
    kept.save()


def test_it_survives_a_restart(tmp_path: Path) -> None:
    change(tmp_path, sensitivity=70, detection=False, min_area_percent=2.5, event_gap_s=30)
    kept = kept_in(tmp_path)

    camera = kept.camera("door")
    assert camera == door({"event_gap_s": 30}, sensitivity=70, min_area_ratio=0.025)
    assert kept.switches("door") == Switches(detection=False)


def test_privacy_survives_a_restart_and_is_no_reason_to_look(tmp_path: Path) -> None:
    change(tmp_path, privacy=True)

    assert kept_in(tmp_path).switches("door") == Switches(privacy=True, unasked=False)


def test_privacy_is_written_before_anyone_hears_of_it(tmp_path: Path) -> None:
    """A power cut a moment later must not open the camera."""
    kept_in(tmp_path).put(SettingState("door", "privacy", True))

    assert kept_in(tmp_path).switches("door") == Switches(privacy=True)


def test_without_it_all_is_as_configured(tmp_path: Path) -> None:
    odd = door(sensitivity=40, min_area_ratio=0.001234567890123)
    kept = kept_in(tmp_path, odd)

    assert kept.camera("door") == odd
    assert kept.switches("door") == Switches()


def test_only_its_own_setting_is_another(tmp_path: Path) -> None:
    camera = door(preset="indoor", hold_s=3)
    change(tmp_path, camera, sensitivity=70)

    assert kept_in(tmp_path, camera).camera("door") == door(
        preset="indoor", hold_s=3, sensitivity=70
    )


def test_a_changed_configuration_wins_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    change(tmp_path, sensitivity=70)
    kept = kept_in(tmp_path, door(sensitivity=60))

    assert kept.camera("door").detect.sensitivity == 60
    assert "wins over what was set at run time" in caplog.text
    assert "setting=sensitivity configured=60 set=70" in caplog.text


def test_a_configuration_that_says_what_was_set_wins_over_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has put the YAML of the page into the file."""
    caplog.set_level(logging.INFO)
    change(tmp_path, sensitivity=70)
    kept = kept_in(tmp_path, door(sensitivity=70))

    assert kept.camera("door").detect.sensitivity == 70
    assert caplog.text == ""


def test_what_the_configuration_won_over_does_not_come_back(tmp_path: Path) -> None:
    change(tmp_path, sensitivity=70)
    change(tmp_path, door(sensitivity=60), sensitivity=60)

    assert kept_in(tmp_path).camera("door").detect.sensitivity == 50


def test_what_is_as_configured_again_is_forgotten(tmp_path: Path) -> None:
    change(tmp_path, sensitivity=70, detection=False, min_area_percent=3, privacy=True)
    change(tmp_path, sensitivity=50, detection=True, min_area_percent=0.1, privacy=False)

    assert json.loads((tmp_path / "state.json").read_text()) == {}


@pytest.mark.parametrize("value", [0, 101, "70", 70.5, True, None, [70]])
def test_a_sensitivity_that_somebody_edited_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: object
) -> None:
    State(tmp_path).set("cameras.door.sensitivity", {"value": value, "configured": 50})

    assert kept_in(tmp_path).camera("door") == door()
    assert "is not valid camera=door" in caplog.text


@pytest.mark.parametrize("value", [-1, 81, 80, 1000, "7", True, None, [7]])
def test_an_area_that_does_not_fit_any_more_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: object
) -> None:
    """80 % is the largest area that counts, which may have been changed meanwhile."""
    State(tmp_path).set("cameras.door.min_area_percent", {"value": value, "configured": 0.1})
    State(tmp_path).set("cameras.door.sensitivity", {"value": 70, "configured": 50})

    assert kept_in(tmp_path).camera("door") == door(sensitivity=70)
    assert "is not valid camera=door setting=min_area_ratio" in caplog.text


@pytest.mark.parametrize("entry", [70, "x", [], {}])
def test_an_entry_of_another_form_is_ignored(tmp_path: Path, entry: object) -> None:
    for setting in ("sensitivity", "detection", "min_area_percent"):
        State(tmp_path).set(f"cameras.door.{setting}", entry)

    assert kept_in(tmp_path).camera("door") == door()
    assert kept_in(tmp_path).switches("door") == Switches()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("detection", True),
        ("privacy", False),
        ("sensitivity", 60),
        ("min_area_percent", 2.5),
        ("event_gap_s", 7),
    ],
)
def test_a_reset_is_the_configurations_own_value(
    tmp_path: Path, setting: str, value: float
) -> None:
    camera = door({"event_gap_s": 7}, sensitivity=60, min_area_ratio=0.025)
    change(tmp_path, camera, sensitivity=70, detection=False, min_area_percent=3, event_gap_s=9)

    kept = kept_in(tmp_path, camera)
    assert kept.command_for(Reset("door", setting)) == Command("door", setting, value)


def test_nothing_is_written_before_it_is_asked_for(tmp_path: Path) -> None:
    """A camera's thread must not wait for a disk."""
    kept = kept_in(tmp_path)
    kept.put(SettingState("door", "sensitivity", 70))
    kept.put(MotionState("door", True))
    assert not (tmp_path / "state.json").exists()

    kept.save()
    assert (tmp_path / "state.json").exists()


class TestBrokenFile:
    """Nobody knows whether privacy was on, so it is."""

    def test_every_camera_starts_closed_and_the_log_says_so(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "state.json").write_text("{")

        assert kept_in(tmp_path).switches("door") == Switches(privacy=True, unasked=True)
        assert "every camera starts in privacy" in caplog.text

    def test_it_stays_closed_over_restarts_until_somebody_opens_it(self, tmp_path: Path) -> None:
        (tmp_path / "state.json").write_text("{")
        change(tmp_path, privacy=True)  # what the camera says of itself
        assert kept_in(tmp_path).switches("door") == Switches(privacy=True, unasked=True)

        change(tmp_path, privacy=False)
        assert kept_in(tmp_path).switches("door") == Switches()

    @pytest.mark.parametrize("entry", [True, "ON", [], {}, {"value": "ON", "configured": False}])
    def test_an_entry_that_says_nothing_plain_closes_the_camera(
        self, tmp_path: Path, entry: object
    ) -> None:
        State(tmp_path).set("cameras.door.privacy", entry)

        assert kept_in(tmp_path).switches("door") == Switches(privacy=True, unasked=True)

    def test_a_file_that_is_missing_was_never_there(self, tmp_path: Path) -> None:
        assert kept_in(tmp_path / "new").switches("door") == Switches()


class TestLogLevel:
    def test_it_survives_a_restart(self, tmp_path: Path) -> None:
        kept = kept_in(tmp_path)
        kept.put(SettingState(NODE, "log_level", logging.DEBUG))
        kept.save()

        assert kept_in(tmp_path).log_level() == logging.DEBUG

    def test_another_one_on_the_command_line_wins(self, tmp_path: Path) -> None:
        kept = kept_in(tmp_path)
        kept.put(SettingState(NODE, "log_level", logging.DEBUG))
        kept.save()
        state = State(tmp_path)

        assert KeptSettings(state, {}, log_level=logging.ERROR).log_level() == logging.ERROR

    @pytest.mark.parametrize("value", [7, "DEBUG", None, 1e9])
    def test_one_that_somebody_edited_does_no_harm(self, tmp_path: Path, value: object) -> None:
        State(tmp_path).set("node.log_level", {"value": value, "configured": logging.INFO})

        assert kept_in(tmp_path).log_level() == logging.INFO
