"""Wakes the mqtt thread the moment there is something to send, so that it need not look often."""

from __future__ import annotations

import contextlib
import select
import socket


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

    def wait(self, sock: socket.socket, *, to_write: bool, timeout_s: float) -> None:
        """Wait until ``sock`` can be read, or written if that is asked for, or for `wake`."""
        writers = [sock] if to_write else []
        ready, _, _ = select.select([sock, self._ear], writers, [], timeout_s)
        if self._ear in ready:
            self._ear.recv(4096)

    def close(self) -> None:
        """Give its descriptors back."""
        self._ear.close()
        self._mouth.close()
