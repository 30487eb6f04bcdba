"""Hands the newest value from one thread to others; never queues, and counts what it dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """A value taken from a `Latest`.

    Attributes:
        value: The newest value.
        number: Its number; pass it to the next `wait`. The first value put is number 1.
        missed: How many values came and went since the number that was passed in.
    """

    value: T
    number: int
    missed: int


class Latest(Generic[T]):
    """One slot where the newest value wins. Thread-safe: any number of writers and readers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[threading.Lock] = []
        self._listening: tuple[Callable[[], None], ...] = ()
        self._newest: tuple[T, int] | None = None

    def put(self, value: T) -> None:
        """Replace the value, call who listens, and wake every reader."""
        with self._lock:
            self._newest = (value, self._newest[1] + 1 if self._newest else 1)
            listening, waiting = self._listening, self._waiting
            self._waiting = []
        try:
            for hear in listening:
                hear()
        finally:
            for bell in waiting:
                bell.release()

    def listen(self, hear: Callable[[], None]) -> None:
        """Call ``hear`` after each `put` from now on, in the thread that puts: it must not wait.

        That saves a thread whose work is done before another could have been woken for it.
        """
        with self._lock:
            self._listening = (*self._listening, hear)

    def unlisten(self, hear: Callable[[], None]) -> None:
        """Call ``hear`` no more, but for a `put` that is under way."""
        with self._lock:
            self._listening = tuple(each for each in self._listening if each != hear)

    def peek(self) -> T | None:
        """Return the newest value without waiting; None before the first."""
        newest = self._newest
        return newest[0] if newest else None

    def wake(self) -> None:
        """Let every waiting reader return now, for example because it should stop."""
        # Not a Condition, which wakes a reader only to let it wait for the lock: one switch of
        # threads for each value instead of three.
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for bell in waiting:
            bell.release()

    def wait(self, seen: int, timeout_s: float) -> Taken[T] | None:
        """Wait for a value newer than number ``seen`` (0: any).

        Returns:
            The newest value; None when none came within ``timeout_s`` or `wake` was called.
        """
        if timeout_s > 0:
            self._sleep(seen, timeout_s)
        newest = self._newest
        if newest is None or newest[1] <= seen:
            return None
        return Taken(newest[0], newest[1], newest[1] - seen - 1)

    def _sleep(self, seen: int, timeout_s: float) -> None:
        bell = threading.Lock()
        bell.acquire()
        with self._lock:
            if self._newest is not None and self._newest[1] > seen:
                return
            self._waiting.append(bell)
        if not bell.acquire(timeout=timeout_s):
            with self._lock:
                if bell in self._waiting:
                    self._waiting.remove(bell)
