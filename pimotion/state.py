"""What must survive a restart and is no configuration: one small JSON file, written atomically.

In it, too, are the settings that were changed at run time, over MQTT or on the page.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from pimotion.config.camera import Camera, Detect
from pimotion.types import Message, SettingState

log = logging.getLogger(__name__)


def state_dir_of(configured: str | None) -> Path:
    """Return the state folder: configured, else systemd's, else the user's own."""
    chosen = configured or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "pimotion"


class State:
    """Named values kept in ``state.json``. Thread-safe.

    A file that cannot be read is put aside, not overwritten; one that cannot be written is logged
    and the value still holds until the process ends.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        self._lock = threading.Lock()
        self._values = self._read()

    def get(self, name: str) -> Any:
        """Return a value as JSON gave it; None if there is none."""
        with self._lock:
            return self._values.get(name)

    def set(self, name: str, value: Any) -> None:
        """Keep a JSON value; None forgets it."""
        with self._lock:
            if self._values.get(name) == value:
                return
            if value is None:
                self._values.pop(name, None)
            else:
                self._values[name] = value
            self._write()

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            return self._put_aside(str(error))
        return values if isinstance(values, dict) else self._put_aside("not a JSON object")

    def _put_aside(self, why: str) -> dict[str, Any]:
        log.warning("state file is unreadable and put aside path=%s error=%s", self._path, why)
        try:
            self._path.replace(self._path.with_suffix(".broken"))
        except OSError as error:
            log.warning("state file cannot be put aside error=%s", error)
        return {}

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(self._values, indent=1).encode())
        except OSError as error:
            log.warning("state is not kept path=%s error=%s", self._path, error)


class KeptSettings:
    """Settings changed at run time; each holds until the configuration's own value changes.

    A camera's thread only notes them; `save` writes, on the main thread, which may wait for a disk.

    Args:
        state: Where they are kept, beside the value that the configuration had then.
        cameras: The configuration.
    """

    def __init__(self, state: State, cameras: Mapping[str, Camera]) -> None:
        self._state = state
        self._cameras = cameras
        self._noted: queue.SimpleQueue[SettingState] = queue.SimpleQueue()

    def camera(self, camera_id: str) -> Camera:
        """Return a camera's configuration with the kept values in their places."""
        camera = self._cameras[camera_id]
        kept = {"sensitivity": self._value(camera_id, "sensitivity")}
        try:
            detect = Detect.model_validate({**dict(camera.detect), **kept})
        except ValueError:  # somebody has edited the file
            log.warning("what was set at run time is not valid camera=%s kept=%s", camera_id, kept)
            return camera
        return camera.model_copy(update={"detect": detect})

    def detecting(self, camera_id: str) -> bool:
        """Tell whether a camera's detection is on."""
        return self._value(camera_id, "detection") is not False

    def put(self, message: Message) -> None:
        """Note a setting; other messages are none of its business."""
        if isinstance(message, SettingState):
            self._noted.put(message)

    def save(self) -> None:
        """Write what was noted, and forget what is as configured."""
        while not self._noted.empty():
            noted = self._noted.get()
            configured = self._configured(noted.camera, noted.setting)
            is_usual = noted.value == configured
            kept = None if is_usual else {"value": noted.value, "configured": configured}
            self._state.set(_key(noted.camera, noted.setting), kept)

    def _value(self, camera_id: str, setting: str) -> Any:
        kept = self._state.get(_key(camera_id, setting))
        configured = self._configured(camera_id, setting)
        if not isinstance(kept, dict):
            return configured
        if kept.get("configured") == configured:
            return kept.get("value")
        log.info(
            "the configuration was changed and wins over what was set at run time "
            "camera=%s setting=%s configured=%s set=%s",
            *(camera_id, setting, configured, kept.get("value")),
        )
        return configured

    def _configured(self, camera_id: str, setting: str) -> Any:
        camera = self._cameras[camera_id]
        return {"detection": True, "sensitivity": camera.detect.sensitivity}[setting]


def _key(camera_id: str, setting: str) -> str:
    return f"cameras.{camera_id}.{setting}"


class FolderLock:
    """Keeps a state folder to one process; the kernel lets go of it when that ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """Take the folder; False when another process has it.

        A folder that cannot be written has no lock: two processes cannot harm each other there.
        """
        try:
            self._file = self._path.open("wb")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        except OSError as error:
            log.warning("state folder is not locked path=%s error=%s", self._path, error)
        return True

    def release(self) -> None:
        """Let go of it; may be called more than once."""
        if self._file is not None:
            self._file.close()
            self._file = None


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that at any moment either the old or the new one is there, whole.

    Raises:
        OSError: It could not be written; the old one is untouched.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
