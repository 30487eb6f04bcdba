"""A small pool of threads for work that takes a moment: pages, stills, the API."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from pimotion.health import Threads

T = TypeVar("T")


class Workers(Generic[T]):
    """Does one kind of work in a few threads; refuses what it cannot do soon. Thread-safe.

    Args:
        work: Done with each thing given; it must not raise, else the process ends.
        threads: How many.
        backlog: How many things may wait for a free thread.
    """

    def __init__(self, work: Callable[[T], None], *, threads: int, backlog: int) -> None:
        self._work = work
        self._count = threads
        self._queue: queue.Queue[T | None] = queue.Queue(backlog + threads)
        self._threads: list[threading.Thread] = []

    def start(self, threads: Threads, name: str) -> None:
        """Start them as ``name-1`` and so on."""
        self._threads = [
            threads.start(f"{name}-{number}", self._run, may_end=True)
            for number in range(1, self._count + 1)
        ]

    def give(self, thing: T) -> bool:
        """Let a thing be worked on; False when too many wait already."""
        try:
            self._queue.put_nowait(thing)
        except queue.Full:
            return False
        return True

    def stop(self, timeout_s: float) -> None:
        """Finish what is being worked on, drop what waits."""
        deadline_s = time.monotonic() + timeout_s
        while not self._queue.empty():
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))

    def _run(self) -> None:
        while (thing := self._queue.get()) is not None:
            self._work(thing)
