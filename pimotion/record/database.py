"""The SQLite file of the events: how it is opened, checked, and put aside when it is broken."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

log = logging.getLogger(__name__)

VERSION = 1
"""Grows with every change of a table; a file of another version is put aside, not guessed at."""

_TABLES = f"""
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival: clocks jump, this does not
    id TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    started_utc_s REAL,                        -- null while the clock was not set
    ended_utc_s REAL,
    duration_s REAL NOT NULL DEFAULT 0,
    frame_width INTEGER,
    frame_height INTEGER,
    zones TEXT NOT NULL DEFAULT '[]',          -- JSON
    boxes TEXT NOT NULL DEFAULT '[]',          -- JSON, of the frame with the largest box
    best_px INTEGER NOT NULL DEFAULT 0,        -- area of that box
    score REAL NOT NULL DEFAULT 0,
    reason TEXT,                               -- null while the event goes on
    still_bytes INTEGER NOT NULL DEFAULT 0     -- 0: there is none
);
CREATE INDEX events_by_camera ON events (camera, number);
PRAGMA user_version = {VERSION};
"""

# A table of its own, made where it is missing: to mark an event does not rewrite its row.
_MARKS = """
CREATE TABLE IF NOT EXISTS untold (            -- events whose stop the broker does not have
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,                      -- what only the stop says
    time_s REAL NOT NULL,
    changed_ratio REAL NOT NULL
)
"""

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class ForeignDatabase(sqlite3.DatabaseError):
    """The file is sound but not ours, or of a newer version."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database for writing, made new if it is missing; a broken one is put aside.

    The write-ahead log spares the SD card: a commit appends, and waits for the disk only when the
    log is folded in. A power cut may lose the last seconds, never the file.

    Raises:
        sqlite3.Error, OSError: It cannot be opened or made, for example on a full disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if not is_broken(error):
            raise
        put_aside(path, str(error))
        return _open(path)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing database for reading, from any thread. Raises sqlite3.Error."""
    # Not mode=ro: that could not make the shared-memory file when the writer is not there.
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=1)
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text
    connection.execute("PRAGMA query_only = ON")
    return connection


def is_blank(connection: sqlite3.Connection) -> bool:
    """Tell whether nothing has been made in a database yet."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return (version, tables) == (0, 0)


def is_broken(error: Exception) -> bool:
    """Tell whether an error means that the file itself is of no use, and not just the moment."""
    if isinstance(error, ForeignDatabase):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _BROKEN  # the low byte is the primary code


def put_aside(path: Path, why: str) -> None:
    """Rename a database so that a new one can begin; one put aside before is replaced."""
    log.error("event database is put aside and a new one begun path=%s error=%s", path, why)
    path.replace(path.with_suffix(".broken"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def file_id(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from others that get its name later; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=2, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 64")
        connection.execute("PRAGMA journal_size_limit = 262144")
        _check(connection)
        connection.execute(_MARKS)
    except BaseException:
        connection.close()
        raise
    return connection


def _text(stored: bytes) -> str:
    """Return a text also if a bit of it has flipped: one row must not keep us from the others."""
    return stored.decode(errors="replace")


def _check(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file; refuse one that is damaged or not ours."""
    if is_blank(connection):
        connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
        return
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise ForeignDatabase(f"schema version {version}, this program knows {VERSION}")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise ForeignDatabase("damaged: " + " ".join(verdict.split()))
