"""A small pool of threads for work that takes a moment: pages, stills, the API."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from pimotion.health import IDLE_S, Beat, Threads

T = TypeVar("T")

_HANGS_S = 30.0
"""A hash of a password on a Pi, or a page of events from a slow disk, takes a second or two."""


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
            self._started(threads, f"{name}-{number}") for number in range(1, self._count + 1)
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

    def _started(self, threads: Threads, name: str) -> threading.Thread:
        beat = Beat(_HANGS_S)
        return threads.start(name, lambda: self._run(beat), may_end=True, beat=beat)

    def _run(self, beat: Beat) -> None:
        while True:
            beat.rest(IDLE_S)
            try:
                thing = self._queue.get(timeout=IDLE_S)
            except queue.Empty:
                continue
            if thing is None:
                return
            beat.renew()
            self._work(thing)
