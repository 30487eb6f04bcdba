"""The commands that wait for the thread of a camera to obey them."""

from __future__ import annotations

import threading

from pimotion.types import Command


class CommandQueue:
    """Hands commands from any thread to the one that obeys them, in their order. Thread-safe.

    It cannot overflow: of each setting only the newest command waits, so that whoever was told
    that his wish was taken is obeyed, or a later wish is. A switch waits once for each of its two
    positions: turned off and on again, it has been off.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, bool | None], Command] = {}
        self._is_closed = False

    def put(self, command: Command) -> bool:
        """Take a command; False when nobody will obey it any more."""
        position = command.value if isinstance(command.value, bool) else None
        key = command.setting, position
        with self._lock:
            if self._is_closed:
                return False
            self._waiting.pop(key, None)  # a newer one takes its place behind the others
            self._waiting[key] = command
            return True

    def take(self) -> list[Command]:
        """Return all that wait, the oldest first; none of them waits any more."""
        with self._lock:
            taken, self._waiting = list(self._waiting.values()), {}
        return taken

    def close(self) -> None:
        """Take no more commands; those that wait can still be taken."""
        with self._lock:
            self._is_closed = True
