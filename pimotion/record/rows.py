"""Rows of remembered events -> events, without those that a worn card has damaged."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pimotion.clock import iso
from pimotion.log import Repeated
from pimotion.record.database import is_blank, open_for_reading
from pimotion.types import Box, EventType, MotionEvent, StopReason

_RECENT = """
SELECT * FROM events
WHERE (:camera IS NULL OR camera = :camera)
  AND (:before IS NULL OR number < (SELECT number FROM events WHERE id = :before))
ORDER BY number DESC LIMIT :limit
"""

_Made = TypeVar("_Made")

_repeated = Repeated(logging.getLogger(__name__))
"""The page asks for events again and again."""


def recent_events(
    database: Path, *, camera: str | None, before: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return events as JSON objects, newest first. From any thread.

    Raises:
        sqlite3.Error: The database is missing or unreadable.
    """
    with closing(open_for_reading(database)) as connection:
        if is_blank(connection):  # the first start is about to make it
            return []
        wanted = {"camera": camera, "before": before, "limit": limit}
        return list(of_sound(connection.execute(_RECENT, wanted), _row_json))


def last_event_utc_s(database: Path, camera: str) -> float | None:
    """Return when the newest event of a camera began; None if that is not known.

    From any thread.

    Raises:
        sqlite3.Error: The database is missing or unreadable.
    """
    with closing(open_for_reading(database)) as connection:
        newest = connection.execute(_RECENT, {"camera": camera, "before": None, "limit": 1})
        return next(of_sound(newest, _started_utc_s), None)


def of_sound(rows: Iterable[sqlite3.Row], make: Callable[[sqlite3.Row], _Made]) -> Iterator[_Made]:
    """Give what is made of each row, without those that hold what nobody can have written.

    A worn card changes bytes that no check of the database knows: it looks at its own form only.
    """
    for row in rows:
        try:
            yield make(row)
        # OSError is no disk's: it is what `datetime` makes of a year that C cannot count.
        except (ArithmeticError, OSError, TypeError, ValueError) as error:
            _repeated.warning("damaged", f"an event is damaged and left out error={error}")


def stop(row: sqlite3.Row) -> tuple[MotionEvent, bool]:
    """Return the stop of an event as far as it is known, and whether it is its camera's last."""
    # What cannot be told fails here, not in the thread that tells it.
    _row_json(row)
    _tellable([row["time_s"], row["changed_ratio"]])
    stop = MotionEvent(
        type=EventType.STOP,
        camera=row["camera"],
        id=row["id"],
        seq=int(row["seq"]),
        started_utc_s=row["started_utc_s"],
        captured_utc_s=row["ended_utc_s"],
        time_s=float(row["time_s"]),
        duration_s=row["duration_s"],
        frame_width=row["frame_width"],
        frame_height=row["frame_height"],
        boxes=_boxes(row),
        zones=tuple(json.loads(row["zones"])),
        changed_ratio=float(row["changed_ratio"]),
        score=row["score"],
        reason=StopReason(row["reason"]),
    )
    return stop, bool(row["is_last"])


def _started_utc_s(row: sqlite3.Row) -> float | None:
    _row_json(row)  # what cannot be told fails here, too
    started_utc_s: float | None = row["started_utc_s"]
    return started_utc_s


def _row_json(row: sqlite3.Row) -> dict[str, Any]:
    told = {
        "id": row["id"],
        "camera": row["camera"],
        "started_at": iso(row["started_utc_s"]),
        "ended_at": iso(row["ended_utc_s"]),
        "duration_s": round(row["duration_s"], 3),
        "frame": {"width": row["frame_width"], "height": row["frame_height"]},
        "zones": list(json.loads(row["zones"])),
        "boxes": [asdict(box) for box in _boxes(row)],
        "score": round(row["score"], 3),
        "reason": row["reason"],
        "snapshot": row["still_bytes"] > 0,
    }
    _tellable(told)
    return told


def _tellable(value: Any) -> None:
    """Raise TypeError or ValueError for what cannot be said as JSON in UTF-8, such as infinity."""
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _boxes(row: sqlite3.Row) -> tuple[Box, ...]:
    return tuple(Box(**box) for box in json.loads(row["boxes"]))
