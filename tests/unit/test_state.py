"""What must survive a restart does; a broken file loses nothing else."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from pimotion.errors import StartError
from pimotion.state import FolderLock, State, state_dir_of, write_atomically


def test_a_value_survives_a_restart(tmp_path: Path) -> None:
    State(tmp_path).set("cameras.door.detection", False)

    assert State(tmp_path).get("cameras.door.detection") is False


def test_none_forgets(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.set("a", 1)
    state.set("a", None)

    assert State(tmp_path).get("a") is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 200_000, b" " * 5_000_000]
)
def test_a_broken_file_is_put_aside_not_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)

    state = State(tmp_path)
    state.set("a", 1)

    assert (tmp_path / "state.broken").read_bytes() == content
    assert State(tmp_path).get("a") == 1


def test_a_file_that_only_looks_like_one_is_put_aside(tmp_path: Path) -> None:
    """Nobody writes into the pipe, so who reads it waits for ever."""
    os.mkfifo(tmp_path / "state.json")

    State(tmp_path).set("a", 1)

    assert (tmp_path / "state.broken").is_fifo()
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


def test_a_write_that_fails_half_way_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or a power cut, between the first byte and the last."""
    path = tmp_path / "state.json"
    write_atomically(path, b"old")

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_whoever_reads_while_it_is_written_reads_the_old_one_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    with path.open("rb") as reading:
        write_atomically(path, b"new")

        assert reading.read() == b"old", "what is open is not written over"
    assert path.read_bytes() == b"new"


def test_a_folder_belongs_to_one(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)

    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()


@pytest.mark.parametrize("what", ["folder", "pipe", "link"])
def test_a_lock_that_cannot_be_opened_is_not_taken_for_a_free_one(
    tmp_path: Path, what: str
) -> None:
    """Two processes would write into one folder."""
    lock = tmp_path / "lock"
    if what == "folder":
        lock.mkdir()
    elif what == "pipe":
        os.mkfifo(lock)
    else:
        lock.symlink_to("lock")
    with pytest.raises(StartError, match=rf"^the lock {lock} cannot be opened: .*; remove it"):
        FolderLock(tmp_path).take()


def test_another_user_s_lock_is_in_the_way_only_where_we_could_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pimotion.state.os.open", refuse)
    with pytest.raises(StartError, match="Permission denied"):
        FolderLock(tmp_path).take()
    monkeypatch.setattr("pimotion.state.os.access", lambda *_: False)
    assert FolderLock(tmp_path).take()


def test_a_full_disk_without_a_lock_keeps_nobody_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pimotion.state.os.open", full)
    assert FolderLock(tmp_path).take()


def test_the_state_folder_is_the_configured_one_else_systemds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/pimotion:/var/lib/other")
    assert state_dir_of("/data") == Path("/data")
    assert state_dir_of(None) == Path("/var/lib/pimotion")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_dir_of(None) == tmp_path / "pimotion"


def test_a_state_folder_below_home_is_not_called_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``state_dir: ~/kept`` made a folder ``~`` wherever pimotion was started."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_dir_of("~/kept") == tmp_path / "kept"


@pytest.mark.parametrize(
    ("configured", "told"),
    [(None, "~/.local/state/pimotion"), ("~/kept", "~/kept")],
)
def test_a_user_without_a_home_is_told_what_to_set(
    configured: str | None, told: str, no_home: None
) -> None:
    with pytest.raises(StartError) as refused:
        state_dir_of(configured)
    assert str(refused.value) == (
        f"the state folder {told} begins with ~, and this user has no home; set state_dir "
        "(without a configuration: $STATE_DIRECTORY) to a folder that can be written"
    )


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
