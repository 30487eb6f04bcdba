"""Wakes the mqtt thread the moment there is something to send, so that it need not look often."""

from __future__ import annotations

import contextlib
import selectors
import socket

_Poll = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Not `select.select` where that can be helped: it knows no descriptor over 1023."""


class Waker:
    """One thread waits for a socket or for `wake`; any thread wakes it."""

    def __init__(self) -> None:
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)

    def wake(self) -> None:
        """End the current or the next `wait`. Never blocks, never raises."""
        # Full: it is awake anyway. Closed: nobody waits any more.
        with contextlib.suppress(OSError):
            self._mouth.send(b"!")

    def wait(self, sock: socket.socket, *, to_write: bool, timeout_s: float) -> tuple[bool, bool]:
        """Wait until ``sock`` can be read, or written if that is asked for, or for `wake`.

        Returns:
            Whether it can be read, and whether it can be written.
        """
        with _Poll() as poll:
            poll.register(self._ear, selectors.EVENT_READ)
            written = selectors.EVENT_WRITE if to_write else 0
            poll.register(sock, selectors.EVENT_READ | written)
            ready = {key.fileobj: events for key, events in poll.select(timeout_s)}
        if self._ear in ready:
            self._ear.recv(4096)
        now = ready.get(sock, 0)
        return bool(now & selectors.EVENT_READ), bool(now & selectors.EVENT_WRITE)

    def close(self) -> None:
        """Give its descriptors back."""
        self._ear.close()
        self._mouth.close()
