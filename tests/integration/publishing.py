"""Starts a `Publisher` as the daemon does, for tests with a real broker."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker import HOST
from publish_messages import settings
from waiting import wait_until

from pimotion.health import Threads
from pimotion.publish.mqtt import Publisher
from pimotion.state import State

BASE = "pimotion/garden-pi"
DOOR = f"{BASE}/front_door"
STATUS = f"{BASE}/status"


class Daemon:
    """A publisher, the threads it runs in, and the commands it handed on."""

    def __init__(
        self, folder: Path, port: int, *, cameras: Any = None, node: str = "garden-pi", **mqtt: Any
    ) -> None:
        """``cameras``: others than those of `settings`."""
        changes = {"node": node} if cameras is None else {"node": node, "cameras": cameras}
        self.commands: list[Any] = []
        self.threads = Threads()
        self.publisher = Publisher(
            settings(mqtt={"host": HOST, "port": port, **mqtt}, **changes),
            version="1.2.3",
            state=State(folder),
            commands=self.commands.append,
        )

    def start(self) -> Daemon:
        """Start the thread, without waiting for a connection."""
        self.publisher.start(self.threads)
        return self

    def connected(self, deadline_s: float = 30.0) -> Daemon:
        """Wait for a connection."""
        wait_until(
            lambda: self.publisher.status().connected,
            f"connected ({self.publisher.status()})",
            deadline_s,
        )
        return self

    def reason(self, *, not_: str = "not connected yet", deadline_s: float = 30.0) -> str:
        """Wait for a reason why there is no connection."""
        wait_until(
            lambda: self.publisher.status().reason not in (None, not_), "a reason", deadline_s
        )
        return self.publisher.status().reason or ""

    def counts(self) -> Mapping[str, int]:
        """Return how often what happened to messages and to the connection."""
        return self.publisher.status().incidents

    def stop(self) -> float:
        """Stop as the daemon does; return how many s it took."""
        self.threads.close()
        began_s = time.monotonic()
        self.publisher.stop(2.5)
        assert self.threads.dead is None
        return time.monotonic() - began_s


@contextmanager
def running(folder: Path, port: int, **options: Any) -> Iterator[Daemon]:
    """A publisher that is stopped at the end; see `Daemon`."""
    daemon = Daemon(folder, port, **options).start()
    try:
        yield daemon
    finally:
        daemon.stop()
