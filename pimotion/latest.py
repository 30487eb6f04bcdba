"""Hands the newest value from one thread to others; never queues, and counts what it dropped."""

from __future__ import annotations

import threading
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
        self._changed = threading.Condition()
        self._value: T | None = None
        self._number = 0

    def put(self, value: T) -> None:
        """Replace the value and wake every reader."""
        with self._changed:
            self._value = value
            self._number += 1
            self._changed.notify_all()

    def peek(self) -> T | None:
        """Return the newest value without waiting; None before the first."""
        with self._changed:
            return self._value

    def wake(self) -> None:
        """Let every waiting reader return None now, for example because it should stop."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, seen: int, timeout_s: float) -> Taken[T] | None:
        """Wait for a value newer than number ``seen`` (0: any).

        Returns:
            The newest value; None when none came within ``timeout_s`` or `wake` was called.
        """
        with self._changed:
            if self._number <= seen:
                self._changed.wait(timeout_s)
            if self._number <= seen or self._value is None:
                return None
            return Taken(self._value, self._number, self._number - seen - 1)
