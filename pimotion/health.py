"""Watches the daemon's threads, and tells systemd how it is.

Expected failure is a state; an unexpected one ends the process. So a thread that dies is never
replaced: it is reported here, and `pimotion.daemon` exits with 70.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Threads:
    """Starts the daemon's threads and notices when one of them dies. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dead: str | None = None
        self._closing = False
        self.changed = threading.Event()
        """Set when a thread died; whoever waits on it should look at `dead`."""

    @property
    def dead(self) -> str | None:
        """Name of the first thread that ended though nobody asked it to; None if all live."""
        return self._dead

    def start(
        self, name: str, run: Callable[[], None], *, may_end: bool = False
    ) -> threading.Thread:
        """Start a named daemon thread; if ``run`` returns or raises before `close`, it has died.

        Args:
            name: The thread's name, for logs.
            run: What it does.
            may_end: It may return when its work is done; raising still counts as death.
        """
        guarded = (name, run, may_end)
        thread = threading.Thread(target=self._guard, args=guarded, name=name, daemon=True)
        thread.start()
        return thread

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
