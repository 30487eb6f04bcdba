"""Watches the daemon's threads, and tells systemd how it is.

Expected failure is a state; an unexpected one ends the process. So a thread that dies or hangs is
never replaced: it is reported here, and the process exits with 70.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

IDLE_S = 5.0
"""A thread without work looks up this often, so that one that hangs is told from one that rests."""


class Beat:
    """Renewed by a thread's useful work, never by a timer; a thread whose beat is old hangs.

    Args:
        limit_s: So long the longest piece of work may take.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._due_s = time.monotonic() + limit_s

    def renew(self) -> None:
        """Say that a piece of work is done."""
        self._due_s = time.monotonic() + self._limit_s

    def rest(self, seconds: float) -> None:
        """Say that for so long there is nothing to do; `renew` ends it early."""
        self._due_s = time.monotonic() + seconds + self._limit_s

    def overdue_s(self, now_s: float) -> float:
        """Return for how long the thread has hung; 0 or less while it does not."""
        return now_s - self._due_s


class Threads:
    """Starts the daemon's threads and notices when one of them dies. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dead: str | None = None
        self._closing = False
        self._watched: dict[threading.Thread, Beat] = {}
        self.changed = threading.Event()
        """Set when a thread died; whoever waits on it should look at `dead`."""

    @property
    def dead(self) -> str | None:
        """Name of the first thread that ended unasked or was given up; None if all live."""
        return self._dead

    def start(
        self,
        name: str,
        run: Callable[[], None],
        *,
        may_end: bool = False,
        beat: Beat | None = None,
    ) -> threading.Thread:
        """Start a named daemon thread; if ``run`` returns or raises before `close`, it has died.

        Args:
            name: The thread's name, for logs.
            run: What it does.
            may_end: It may return when its work is done; raising still counts as death.
            beat: What its work renews; None: nobody can tell whether it hangs.
        """
        guarded = (name, run, may_end)
        thread = threading.Thread(target=self._guard, args=guarded, name=name, daemon=True)
        if beat is not None:
            beat.renew()
        thread.start()
        if beat is not None:  # not before: `stuck` forgets what does not live
            with self._lock:
                self._watched[thread] = beat
        return thread

    def stuck(self) -> Mapping[str, float]:
        """Return the names of the threads that hang, and for how long each does, s."""
        now_s = time.monotonic()
        with self._lock:
            self._watched = {t: beat for t, beat in self._watched.items() if t.is_alive()}
            late = {thread.name: beat.overdue_s(now_s) for thread, beat in self._watched.items()}
        return {name: overdue_s for name, overdue_s in late.items() if overdue_s > 0}

    def give_up(self, name: str) -> None:
        """Count a thread that hangs as dead, and log where it hangs."""
        log.critical("thread hangs name=%s\n%s", name, self._stack(name))
        self._report(name)

    def close(self) -> None:
        """From now on a thread that ends is expected."""
        self._closing = True

    def _guard(self, name: str, run: Callable[[], None], may_end: bool) -> None:
        try:
            run()
        except BaseException:
            log.critical("thread died name=%s", name, exc_info=True)
            self._report(name)
            return
        if not self._closing and not may_end:
            log.critical("thread ended though nobody asked it to name=%s", name)
            self._report(name)

    def _stack(self, name: str) -> str:
        frames = sys._current_frames()  # noqa: SLF001  the only way to another thread's stack
        with self._lock:
            found = [frames.get(each.ident or 0) for each in self._watched if each.name == name]
        return "".join("".join(traceback.format_stack(frame)) for frame in found if frame)

    def _report(self, name: str) -> None:
        with self._lock:
            self._dead = self._dead or name
        self.changed.set()


def notify_systemd(message: str) -> None:
    """Tell systemd about the service, for example ``READY=1``; does nothing outside of it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(message.encode(), address)
    except OSError as error:
        log.warning("cannot tell systemd message=%s error=%s", message, error)
