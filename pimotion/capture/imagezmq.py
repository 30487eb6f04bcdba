"""Pictures that other machines send by ImageZMQ (REQ/REP) or publish by it (PUB/SUB)."""

from __future__ import annotations

import time

from pimotion.capture.imagezmq_hub import Arrivals, Hub, Meeting, join, leave
from pimotion.capture.source import INTERRUPTED, READ_TIMEOUT_S, Captured
from pimotion.errors import SourceLost
from pimotion.latest import Latest


class ImageZmqSource:
    """The pictures of one sender, or of all, that arrive at one address."""

    is_live = True

    def __init__(
        self, meeting: Meeting, sender: str | None, *, read_timeout_s: float = READ_TIMEOUT_S
    ) -> None:
        """Receive at a place; ``sender`` is the name it sends, None: anyone."""
        self._meeting = meeting
        self._sender = sender
        self._read_timeout_s = read_timeout_s
        self._hub: Hub | None = None
        self._arrivals: Arrivals = Latest()
        self._seen = 0
        self._opened_s = self._arrived_s = 0.0

    def open(self) -> None:
        """Begin to listen or to ask; succeeds also while nobody sends."""
        self.close()
        self._arrivals = Latest()
        self._seen = 0
        self._hub = join(self._meeting, self._sender, self._arrivals)
        self._opened_s = time.monotonic()

    def read(self) -> Captured:
        """Return the newest picture that was not yet given; waits for one."""
        if self._hub is None:
            raise SourceLost("the camera is not open")
        taken = self._arrivals.wait(self._seen, self._read_timeout_s)
        if taken is None:
            raise self._hub.failure or SourceLost(self._silence(self._hub))
        if taken.value is None:
            raise SourceLost(INTERRUPTED)
        self._seen = taken.number
        arrived_s = self._arrived_s = taken.value.monotonic_s
        return Captured(taken.value.picture, arrived_s, max(0.0, arrived_s - self._opened_s))

    def interrupt(self) -> None:
        """Let a `read` that waits for a sender end now."""
        self._arrivals.put(None)

    def close(self) -> None:
        """Stop listening; the last camera at an address frees it once no sender is at work."""
        hub, self._hub = self._hub, None
        if hub is not None:
            leave(hub, self._arrivals)

    def _silence(self, hub: Hub) -> str:
        who = f" from the sender {self._sender}" if self._sender else ""
        reason = f"no picture{who} for {self._read_timeout_s:g} s"
        if hub.refused and hub.refused_s > self._arrived_s:
            return f"{reason}; a message was refused: {hub.refused}"
        others = [name for name in hub.names if name != self._sender]
        if others and self._sender:
            return f"{reason}; there were some from {', '.join(others)}"
        return reason
