"""Remembered events: rows of the database and their stills, always in step with each other."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path

from pimotion.record.database import open_database
from pimotion.record.rows import of_sound, stop
from pimotion.record.stills import BLOCK_BYTES, Stills, disk_bytes
from pimotion.types import EventType, MotionEvent, Still, StopReason

_SAVE = """
INSERT INTO events (id, camera, started_utc_s, ended_utc_s, duration_s, frame_width, frame_height,
                    zones, boxes, best_px, score, reason)
VALUES (:id, :camera, :started_utc_s, :ended_utc_s, :duration_s, :frame_width, :frame_height,
        :zones, :boxes, :best_px, :score, :reason)
ON CONFLICT (id) DO UPDATE SET
    started_utc_s = excluded.started_utc_s, ended_utc_s = excluded.ended_utc_s,
    duration_s = excluded.duration_s, frame_width = excluded.frame_width,
    frame_height = excluded.frame_height, zones = excluded.zones, reason = excluded.reason,
    boxes = iif(excluded.best_px > best_px, excluded.boxes, boxes),
    best_px = max(excluded.best_px, best_px), score = max(excluded.score, score)
"""

# The picture of an event leaves before its start message, so it may be the first to be heard of.
_SAVE_STILL = """
INSERT INTO events (id, camera, started_utc_s, still_bytes)
VALUES (:id, :camera, :utc_s, :still_bytes)
ON CONFLICT (id) DO UPDATE SET still_bytes = excluded.still_bytes
"""

_STILLS_ON_DISK = """
SELECT coalesce(sum((still_bytes + :block - 1) / :block * :block), 0) FROM events
"""

# What a worn card has damaged may be of another type; the number still finds its row.
_OLDER = """
SELECT number, CAST(id AS TEXT) FROM events WHERE started_utc_s < ? AND reason IS NOT NULL
"""
_OLDEST = """
SELECT number, CAST(id AS TEXT), CAST(still_bytes AS INTEGER) FROM events
WHERE reason IS NOT NULL ORDER BY number
"""

_CUT_OFF = """
INSERT OR IGNORE INTO untold (id, seq, time_s, changed_ratio)
SELECT id, ?, 0, 0 FROM events WHERE reason IS NULL AND frame_width IS NOT NULL
"""

_UNTOLD = """
SELECT events.*, seq, time_s, changed_ratio, number = (
    SELECT max(number) FROM events AS own
    WHERE own.camera = events.camera AND own.frame_width IS NOT NULL
) AS is_last
FROM untold JOIN events USING (id) ORDER BY number
"""

CRASH_SEQ = 9999
"""How many messages an event had is not kept; it cannot have had so many."""

_LARGE_LOG_BYTES = 1_000_000
"""Four times what SQLite lets it be (`journal_size_limit`)."""
_ROW_BYTES = 500  # of a row with its index entries, with a few boxes


class EventStore:
    """Writes and forgets events. Not thread-safe: the record thread owns it.

    Every method raises sqlite3.Error or OSError when the disk does not play along; what had been
    saved before stays.
    """

    def __init__(self, database: Path, stills: Stills) -> None:
        self._path = database
        self._stills = stills
        self._connection = open_database(database)

    def close(self) -> None:
        """Close the database."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def clean_up(self) -> None:
        """After a crash: end the events it cut off, and bring rows and files in step again."""
        self._connection.execute(_CUT_OFF, (CRASH_SEQ,))
        self._connection.execute(
            "UPDATE events SET reason = ?, ended_utc_s = started_utc_s + duration_s"
            " WHERE reason IS NULL",
            (StopReason.CRASH.value,),
        )
        self.bring_in_step()

    def bring_in_step(self) -> None:
        """Remove the files that no row knows of, and let no row know of one that is not there."""
        self._stills.remove_drafts()
        on_disk = self._stills.ids()
        rows = self._connection.execute("SELECT id, still_bytes FROM events").fetchall()
        for event_id in on_disk - {event_id for event_id, _ in rows}:
            self._stills.remove(event_id)
        lost = [(event_id,) for event_id, size in rows if size and event_id not in on_disk]
        self._connection.executemany("UPDATE events SET still_bytes = 0 WHERE id = ?", lost)

    def untold(self) -> list[tuple[MotionEvent, bool]]:
        """Return the stops that the broker does not have, oldest first, but for damaged ones.

        Returns:
            Each stop, and whether its camera has had no event since.
        """
        with closing(self._connection.cursor()) as cursor:
            cursor.row_factory = sqlite3.Row
            return list(of_sound(cursor.execute(_UNTOLD), stop))

    def keep_untold(self, stops: Iterable[MotionEvent]) -> None:
        """Keep which stops the broker does not have; it has those that are not named."""
        rows = [(each.id, each.seq, each.time_s, each.changed_ratio) for each in stops]
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.execute("DELETE FROM untold")
            self._connection.executemany("INSERT INTO untold VALUES (?, ?, ?, ?)", rows)

    def save(self, event: MotionEvent) -> None:
        """Write what a message says about its event; any message will do, in any order."""
        is_over = event.type is EventType.STOP
        self._connection.execute(
            _SAVE,
            {
                "id": event.id,
                "camera": event.camera,
                "started_utc_s": event.started_utc_s,
                "ended_utc_s": event.captured_utc_s if is_over else None,
                "duration_s": event.duration_s,
                "frame_width": event.frame_width,
                "frame_height": event.frame_height,
                "zones": json.dumps(event.zones),
                "boxes": json.dumps([asdict(box) for box in event.boxes]),
                "best_px": max((box.area for box in event.boxes), default=0),
                "score": event.score,
                "reason": event.reason,
            },
        )

    def save_still(self, event_id: str, still: Still) -> None:
        """Keep the picture that shows an event best so far."""
        self._stills.write(event_id, still.jpeg)
        row = {"id": event_id, "camera": still.camera, "utc_s": still.utc_s}
        self._connection.execute(_SAVE_STILL, row | {"still_bytes": len(still.jpeg)})

    def disk_bytes(self) -> int:
        """Return what events and stills take on the disk."""
        (stills,) = self._connection.execute(_STILLS_ON_DISK, {"block": BLOCK_BYTES}).fetchone()
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return int(stills) + sum(disk_bytes(file.stat().st_size) for file in files if file.exists())

    def fold_log(self) -> None:
        """Fold a write-ahead log that has grown into the database; usually SQLite does it itself.

        It never does while there is always somebody who reads, such as many who page through
        events: then readers are waited for, 2 s at the most.
        """
        log_file = self._path.with_name(f"{self._path.name}-wal")
        if log_file.exists() and log_file.stat().st_size > _LARGE_LOG_BYTES:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def forget_older(self, than_utc_s: float) -> None:
        """Forget the events that began before a time; those without a time stay."""
        self._forget(self._connection.execute(_OLDER, (than_utc_s,)).fetchall())

    def forget_oldest(self, least_bytes: int) -> bool:
        """Forget as many of the oldest events as give that much; False if there are none left."""
        oldest, freed = [], 0
        with closing(self._connection.execute(_OLDEST)) as rows:
            for number, event_id, still_bytes in rows:
                if freed >= least_bytes:
                    break
                oldest.append((number, event_id))
                freed += disk_bytes(still_bytes) + _ROW_BYTES
        self._forget(oldest)
        return bool(oldest)

    def _forget(self, events: Sequence[tuple[int, str]]) -> None:
        """Remove events: files first, because a full disk has no room even to delete a row.

        Args:
            events: Number and id of each.
        """
        if not events:
            return
        for _, event_id in events:
            self._stills.remove(event_id)
        numbers = [(number,) for number, _ in events]
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("DELETE FROM events WHERE number = ?", numbers)
        # As a script, because `execute` stops after the first page that is given back.
        self._connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
