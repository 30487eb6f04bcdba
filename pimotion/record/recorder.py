"""The record thread: remembers events and their stills, and forgets the oldest in time."""

from __future__ import annotations

import logging
import math
import queue
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pimotion.clock import StepWatch, utc_now_s
from pimotion.config.settings import Storage
from pimotion.config.values import size_text
from pimotion.errors import EventsUnreadable
from pimotion.health import Beat, Threads
from pimotion.log import Repeated
from pimotion.record.database import file_id
from pimotion.record.inbox import Inbox
from pimotion.record.rows import last_event_utc_s, recent_events
from pimotion.record.stills import Stills
from pimotion.record.store import EventStore
from pimotion.types import EventType, Message, MotionEvent, Still

log = logging.getLogger(__name__)

_UNSAVED_EVENTS = 100
_UPDATES_S = 10.0
"""Of an event that goes on a write each second would wear an SD card out, by 900 MB a day."""
_RETRY_S = 5.0
_TIDY_S = 60.0
_TURN_S = 2.0
_HANGS_S = 300.0
"""A worn SD card may stop for a minute; motion does not wait for it."""
_DAY_S = 86_400
_STEADY_S = 3600.0
"""A clock that was just set may be wrong, as may one that is found at the start: the network time
comes later. What is forgotten for its age stays so."""

_DISK_ERRORS = (sqlite3.Error, OSError)
"""What a full, read-only, broken or vanished disk raises."""


class Recorder:
    """A `Sink` that keeps events in ``folder``, and the `EventLog` that reads them.

    `put`, and whatever reads, are thread-safe. Whatever the disk does, motion goes on: what
    cannot be saved now is tried again every 5 s, and the log says so once a minute.
    """

    def __init__(
        self,
        folder: Path,
        storage: Storage,
        *,
        tell_late: Callable[[MotionEvent, bool], None] = lambda *_: None,
        untold: Callable[[], Sequence[MotionEvent]] = tuple,
        retry_s: float = _RETRY_S,
        steady_s: float = _STEADY_S,
    ) -> None:
        """Build it; nothing is opened yet.

        Args:
            folder: Where events and stills are kept.
            storage: Limits.
            tell_late: Takes each stop that nobody was told of before this program began, in the
                record thread, and whether its camera has had no event since.
            untold: Gives the stops that the broker does not have, from any thread.
            retry_s: Time between two tries after the disk refused.
            steady_s: So long the clock must have been watched before events are forgotten for age.
        """
        self._folder = folder
        self._database = folder / "events.db"
        self._stills = Stills(folder / "stills")
        self._storage = storage
        self._inbox = Inbox()
        self._store: EventStore | None = None
        self._file_id: tuple[int, int] | None = None
        self._retry_s, self._steady_s = retry_s, steady_s
        self._tell_late = tell_late
        self._untold = untold
        self._kept_untold: list[str] = []
        self._beat = Beat(_HANGS_S)
        self._unsaved: dict[str, MotionEvent] = {}
        self._cleaned = False
        self._saved_s, self._tidied_s = -math.inf, -math.inf
        self._clock = StepWatch()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._repeated = Repeated(log)

    @property
    def dropped(self) -> int:
        """Messages that came while the queue was full."""
        return self._inbox.overflow

    def put(self, message: Message) -> None:
        """Remember an event or its still; everything else is ignored. Never blocks."""
        if not isinstance(message, MotionEvent | Still):
            return
        if isinstance(message, Still) and message.event_id is None:
            return
        if not self._inbox.put(message):
            text = "disk is too slow, stills and updates of events are not recorded"
            self._repeated.warning("full", text)

    def start(self, threads: Threads) -> None:
        """Start the thread ``record``."""
        self._thread = threads.start("record", self.run, beat=self._beat)

    def stop(self, timeout_s: float) -> bool:
        """Save what waits and end the thread; False if it did not end in time."""
        self._stopping.set()
        self._inbox.wake()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def recent(
        self, *, camera: str | None = None, before: str | None = None, limit: int = 50
    ) -> Sequence[Mapping[str, Any]]:
        """Return events as JSON objects, newest first; ``before`` is an event id to page on.

        Raises:
            EventsUnreadable: They cannot be read now.
        """
        try:
            if not self._database.exists():
                return []
            return recent_events(self._database, camera=camera, before=before, limit=limit)
        except _DISK_ERRORS as error:
            self._repeated.warning("read", f"events cannot be read error={error}")
            raise EventsUnreadable("the events cannot be read now; the log says why") from None

    def last_event_utc_s(self, camera: str) -> float | None:
        """Return when the newest event of a camera began; None if that is not known.

        What is wrong with the disk, if anything is, the record thread will say.
        """
        with suppress(*_DISK_ERRORS):
            return last_event_utc_s(self._database, camera)
        return None

    def still(self, event_id: str) -> bytes | None:
        """Return the JPEG that shows an event best; None if there is none."""
        return self._stills.read(event_id)

    def run(self) -> None:
        """Save messages until `stop`; the body of the thread ``record``."""
        self._attempt("open", self._tidy)
        while not (self._stopping.is_set() and self._inbox.is_empty):
            self._take(self._next())
        self._take(None)
        self._close()

    def _next(self) -> MotionEvent | Still | None:
        """Return the next message; None when it is time to look after the disk."""
        until_s = time.monotonic() + (self._retry_s if self._unsaved else _TIDY_S)
        while (left_s := until_s - time.monotonic()) > 0:
            self._beat.renew()
            try:
                return self._inbox.get(min(left_s, _TURN_S))
            except queue.Empty:
                if self._store is not None:
                    self._attempt("untold", self._keep_untold)
        return None

    def _take(self, message: MotionEvent | Still | None) -> None:
        if isinstance(message, Still):
            self._attempt("still", lambda: self._save_still(message))
        elif message is not None:
            self._unsaved[message.id] = message
        self._unsaved.update(self._inbox.take_newest())
        if self._unsaved and self._is_save_due(message):
            self._attempt("save", self._save_events)
        self._attempt("untold", self._keep_untold)
        is_over = isinstance(message, MotionEvent) and message.type is EventType.STOP
        if is_over or time.monotonic() - self._tidied_s > _TIDY_S:
            self._attempt("tidy", self._tidy)

    def _is_save_due(self, message: MotionEvent | Still | None) -> bool:
        """Tell whether to write now; an update may wait, as the next one says all that it says."""
        is_update = isinstance(message, MotionEvent) and message.type is EventType.UPDATE
        return not is_update or time.monotonic() - self._saved_s >= _UPDATES_S

    def _save_events(self) -> None:
        while len(self._unsaved) > _UNSAVED_EVENTS:
            self._unsaved.pop(next(iter(self._unsaved)))
        store = self._opened()
        for event_id, event in list(self._unsaved.items()):
            store.save(event)
            del self._unsaved[event_id]
        self._saved_s = time.monotonic()

    def _keep_untold(self) -> None:
        """Note on the disk what the broker does not have: nothing while there is a connection."""
        store = self._opened()  # first: it may have to tell of some
        untold = self._untold()
        ids = [event.id for event in untold]
        if ids != self._kept_untold:
            store.keep_untold(untold)
            self._kept_untold = ids

    def _save_still(self, still: Still) -> None:
        if still.event_id is not None:
            self._opened().save_still(still.event_id, still)

    def _tidy(self) -> None:
        """Forget what is too old or too much."""
        store = self._opened()
        self._clock.step_s()
        now_s = utc_now_s()
        if now_s is not None and self._clock.steady_s() >= self._steady_s:
            store.forget_older(now_s - self._storage.events_days * _DAY_S)
        store.fold_log()  # what it takes counts for the room
        self._make_room(store)
        self._tidied_s = time.monotonic()

    def _make_room(self, store: EventStore) -> None:
        """Forget the oldest until both limits are kept, as far as is known now.

        What is free is looked at once: Btrfs tells up to 30 s later what was removed, and till then
        one event after the other would go.
        """
        missing = self._storage.min_free_bytes - shutil.disk_usage(self._folder).free
        while (excess := max(missing, store.disk_bytes() - self._storage.max_bytes)) > 0:
            if not store.forget_oldest(excess):
                self._repeated.warning("space", self._why_no_space(store))
                break
            missing = 0

    def _why_no_space(self, store: EventStore) -> str:
        """Say what is wrong with the disk when there are no events left to forget."""
        free = shutil.disk_usage(self._folder).free
        if free < (least := self._storage.min_free_bytes):
            return (
                f"only {_rough(free)} free, less than storage.min_free_bytes ({size_text(least)}), "
                "and no events left to forget: make room, or lower it"
            )
        most = size_text(self._storage.max_bytes)
        return (
            f"{self._folder} takes {_rough(store.disk_bytes())}, more than storage.max_bytes "
            f"({most}), and no events left to forget: raise it"
        )

    def _opened(self) -> EventStore:
        if self._store is not None and file_id(self._database) != self._file_id:
            log.error("event database is not the one that was opened path=%s", self._database)
            self._close()
        if self._store is None:
            self._store = EventStore(self._database, self._stills)
            self._file_id = file_id(self._database)
            if self._cleaned:
                self._store.bring_in_step()  # it may be a new one, because the old one broke
        if not self._cleaned:
            self._store.clean_up()
            untold = self._store.untold()
            for event, is_last in untold:
                self._tell_late(event, is_last)
            self._kept_untold = [event.id for event, _ in untold]
            self._cleaned = True
        return self._store

    def _attempt(self, what: str, action: Callable[[], None]) -> None:
        """Do something with the disk; when it fails, say so and start afresh next time."""
        try:
            action()
        except _DISK_ERRORS as error:
            self._repeated.warning("disk", f"events are not kept for now: {what} failed: {error}")
            self._close()

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def _rough(size_bytes: int) -> str:
    unit, divisor = ("GB", 1e9) if size_bytes >= 1e9 else ("MB", 1e6)  # noqa: PLR2004  1 GB
    return f"{size_bytes / divisor:.1f} {unit}"
