"""What must survive a restart and is no configuration: one small JSON file, written atomically.

In it, too, are the settings that were changed at run time (`pimotion.kept_settings`).
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import IO, Any

from pimotion.config.secrets import Unreadable, home_path, read_file
from pimotion.errors import StartError
from pimotion.log import Repeated

log = logging.getLogger(__name__)

CHOOSE_ANOTHER = (
    "set state_dir (without a configuration: $STATE_DIRECTORY) to a folder that can be written"
)
"""What to do about a state folder that cannot be had."""

_RETRY_S = 5.0
_MOST_BYTES = 4 * 1024 * 1024
"""What is kept for a hundred cameras is 50 kB."""
_DRAFT_SUFFIX = ".new"
_IN_THE_WAY = {errno.EISDIR, errno.EACCES, errno.EPERM, errno.ENXIO, errno.ELOOP}
"""A folder, another user's file, a pipe, a link to itself."""


def state_dir_of(configured: str | None) -> Path:
    """Return the state folder: configured, else systemd's, else the user's own.

    Raises:
        StartError: It would be in the home of a user who has none.
    """
    systemds = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    chosen = configured or systemds or f"{base}/pimotion"
    try:
        return home_path(chosen)
    except Unreadable as error:
        raise StartError(f"the state folder {chosen} {error}; {CHOOSE_ANOTHER}") from None


class State:
    """Named values kept in ``state.json``. Thread-safe.

    A file that cannot be read is put aside, not overwritten; one that cannot be written is logged,
    the values hold all the same, and `save` tries again.

    Attributes:
        was_unreadable: There was a file, and nobody knows what was in it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        self._lock = threading.Lock()
        self._repeated = Repeated(log)
        self._retry_at_s: float | None = None
        self.was_unreadable = False
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

    def is_unwritten(self, folder: Path) -> bool:
        """Tell whether there is something of this folder that could not be written yet."""
        with self._lock:
            return self._retry_at_s is not None and self._path.parent == folder

    def save(self) -> None:
        """Write what could not be written, if it is time to try again; call it now and then."""
        with self._lock:
            if self._retry_at_s is not None and time.monotonic() >= self._retry_at_s:
                self._write()

    def _read(self) -> dict[str, Any]:
        try:
            if not os.path.lexists(self._path):
                return {}
            values = json.loads(read_file(self._path, _MOST_BYTES)[0])
        except (OSError, Unreadable, ValueError, RecursionError) as error:
            return self._put_aside(str(error))
        return values if isinstance(values, dict) else self._put_aside("not a JSON object")

    def _put_aside(self, why: str) -> dict[str, Any]:
        self.was_unreadable = True
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
            self._retry_at_s = None
        except OSError as error:
            self._retry_at_s = time.monotonic() + _RETRY_S
            text = f"state is not kept for now path={self._path} error={error}"
            self._repeated.warning("write", text)


class FolderLock:
    """Keeps a state folder to one process; the kernel lets go of it when that ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """Take the folder; False when another process has it.

        A folder that cannot be written has no lock: two processes cannot harm each other there.
        Nor has one on a disk that is full or fails, which must not keep motion from being seen.

        Raises:
            StartError: The folder can be written, but something in place of its lock is in the way.
        """
        try:
            # Without waiting, because a pipe may have no other end.
            flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self._path, flags, 0o666), "wb")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        except OSError as error:
            if error.errno in _IN_THE_WAY and os.access(self._path.parent, os.W_OK):
                raise StartError(
                    f"the lock {self._path} cannot be opened: {error.strerror}; remove it, or make "
                    "the user its owner that pimotion runs as"
                ) from None
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
    draft = path.with_name(f".{path.name}{_DRAFT_SUFFIX}")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def is_draft(path: Path) -> bool:
    """Tell whether a file is what `write_atomically` had not finished, by its name."""
    return path.name.startswith(".") and path.suffix == _DRAFT_SUFFIX
