"""One JPEG file for each event, by its id."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from pimotion.state import is_draft, write_atomically

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SUFFIX = ".jpg"
_MOST_BYTES = 20_000_000  # the most that `snapshot.max_bytes` allows
BLOCK_BYTES = 4096  # of ext4 and most others: what a file takes is a multiple of it


class Stills:
    """The still files in one folder. Thread-safe: a file appears, and is replaced, as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, event_id: str, jpeg: bytes) -> None:
        """Keep the still of an event in place of the one before.

        Raises:
            OSError: The disk is full, read-only or gone; the one before is still there.
            ValueError: That is no id of ours.
        """
        path = self._path(event_id)
        if path is None:
            raise ValueError(f"not an event id: {event_id!r}")
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, jpeg)

    def read(self, event_id: str) -> bytes | None:
        """Return a still; None if there is none, whatever stands in its place."""
        path = self._path(event_id)
        if path is None:
            return None
        try:
            with open(path, "rb", opener=_careful) as file:
                is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                return file.read(_MOST_BYTES) if is_file else None
        except OSError:
            return None

    def remove(self, event_id: str) -> None:
        """Remove a still if there is one. Raises OSError."""
        path = self._path(event_id)
        if path is not None:
            path.unlink(missing_ok=True)

    def ids(self) -> set[str]:
        """Return the ids of all events that have a still."""
        return {path.stem for path in self._files() if path.suffix == _SUFFIX}

    def remove_drafts(self) -> None:
        """Remove what a power cut left half written. Raises OSError."""
        for path in self._files():
            if is_draft(path):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        return self._folder.iterdir() if self._folder.is_dir() else iter(())

    def _path(self, event_id: str) -> Path | None:
        if _ID.fullmatch(event_id) is None:
            return None
        return self._folder / f"{event_id}{_SUFFIX}"


def _careful(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def disk_bytes(file_bytes: int) -> int:
    """Return what a file of that size takes on the disk."""
    return -(-file_bytes // BLOCK_BYTES) * BLOCK_BYTES
