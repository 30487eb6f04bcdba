"""What was set at run time survives a restart; a broken file loses nothing else."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from pimotion.config.camera import Camera
from pimotion.state import KeptSettings, State, state_dir_of, write_atomically
from pimotion.types import MotionState, SettingState


def test_a_value_survives_a_restart(tmp_path: Path) -> None:
    State(tmp_path).set("cameras.door.detection", False)

    assert State(tmp_path).get("cameras.door.detection") is False


def test_none_forgets(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.set("a", 1)
    state.set("a", None)

    assert State(tmp_path).get("a") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_broken_file_is_put_aside_not_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)

    state = State(tmp_path)
    state.set("a", 1)

    assert (tmp_path / "state.broken").read_bytes() == content
    assert State(tmp_path).get("a") == 1


def test_a_folder_that_cannot_be_written_is_said_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    state = State(tmp_path / "file" / "folder")
    state.set("a", 1)

    assert state.get("a") == 1
    assert "not kept" in caplog.text


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "target"
    path.mkdir()

    with pytest.raises(IsADirectoryError):
        write_atomically(path, b"new")

    assert [each.name for each in tmp_path.iterdir()] == ["target"]


def test_the_state_folder_is_the_configured_one_else_systemds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/pimotion:/var/lib/other")
    assert state_dir_of("/data") == Path("/data")
    assert state_dir_of(None) == Path("/var/lib/pimotion")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_dir_of(None) == tmp_path / "pimotion"


class TestKeptSettings:
    """What was set on the page or over MQTT."""

    def test_it_survives_a_restart(self, tmp_path: Path) -> None:
        change(tmp_path, sensitivity=70, detection=False)
        kept = kept_in(tmp_path)

        assert kept.camera("door").detect.sensitivity == 70
        assert kept.detecting("door") is False

    def test_without_it_all_is_as_configured(self, tmp_path: Path) -> None:
        kept = kept_in(tmp_path, sensitivity=40)

        assert kept.camera("door") == door(sensitivity=40)
        assert kept.detecting("door") is True

    def test_only_its_own_setting_is_another(self, tmp_path: Path) -> None:
        change(tmp_path, sensitivity=70, detect={"preset": "indoor", "hold_s": 3})
        camera = kept_in(tmp_path, detect={"preset": "indoor", "hold_s": 3}).camera("door")

        assert camera == door(sensitivity=70, preset="indoor", hold_s=3)

    def test_a_changed_configuration_wins_and_the_log_says_so(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        change(tmp_path, sensitivity=70)
        kept = kept_in(tmp_path, sensitivity=60)

        assert kept.camera("door").detect.sensitivity == 60
        assert "wins over what was set at run time" in caplog.text
        assert "setting=sensitivity configured=60 set=70" in caplog.text

    def test_what_the_configuration_won_over_does_not_come_back(self, tmp_path: Path) -> None:
        change(tmp_path, sensitivity=70)
        change(tmp_path, sensitivity=60, detect={"sensitivity": 60})

        assert kept_in(tmp_path).camera("door").detect.sensitivity == 50

    def test_what_is_as_configured_again_is_forgotten(self, tmp_path: Path) -> None:
        change(tmp_path, sensitivity=70, detection=False)
        change(tmp_path, sensitivity=50, detection=True)

        assert json.loads((tmp_path / "state.json").read_text()) == {}

    @pytest.mark.parametrize("value", [0, 101, "70", 70.5, True, None, [70]])
    def test_a_file_that_somebody_edited_does_no_harm(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, value: object
    ) -> None:
        State(tmp_path).set("cameras.door.sensitivity", {"value": value, "configured": 50})

        assert kept_in(tmp_path).camera("door") == door()
        assert "is not valid camera=door" in caplog.text

    @pytest.mark.parametrize("entry", [70, "x", [], {}])
    def test_an_entry_of_another_form_is_ignored(self, tmp_path: Path, entry: object) -> None:
        State(tmp_path).set("cameras.door.sensitivity", entry)

        assert kept_in(tmp_path).camera("door") == door()

    def test_nothing_is_written_before_it_is_asked_for(self, tmp_path: Path) -> None:
        """A camera's thread must not wait for a disk."""
        kept = kept_in(tmp_path)
        kept.put(SettingState("door", "sensitivity", 70))
        kept.put(MotionState("door", True))
        assert not (tmp_path / "state.json").exists()

        kept.save()
        assert (tmp_path / "state.json").exists()


def door(**detect: object) -> Camera:
    return Camera.model_validate({"source": "synthetic", "detect": detect})


def kept_in(
    folder: Path, *, sensitivity: int = 50, detect: dict[str, object] | None = None
) -> KeptSettings:
    """The kept settings as a start finds them."""
    return KeptSettings(State(folder), {"door": door(**(detect or {"sensitivity": sensitivity}))})


def change(folder: Path, detect: dict[str, object] | None = None, **values: int) -> None:
    """Start, let settings have new values, and stop."""
    kept = kept_in(folder, detect=detect)
    for setting, value in values.items():
        kept.put(SettingState("door", setting, value))
    kept.save()
