"""What must survive a restart does; a broken file loses nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pimotion.state import State, state_dir_of, write_atomically


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


def test_what_a_full_disk_did_not_take_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A privacy switch that was thrown then must hold after a power cut too."""
    monkeypatch.setattr("pimotion.state._RETRY_S", 0.0)
    state = State(tmp_path / "state")
    (tmp_path / "state").touch()  # where a folder should be
    for value in range(5):
        state.set("privacy", value)
    state.save()
    assert state.get("privacy") == 4
    assert len(caplog.records) == 1
    (tmp_path / "state").unlink()
    state.save()
    assert State(tmp_path / "state").get("privacy") == 4
