"""How long is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How often, and how long each time.

    Attributes:
        rounds: Times that each server takes its turn.
        seconds: For each crowd.
        slow_seconds: For a crowd with slow viewers; a stuck one is closed after 10 s.
        window_bytes: What the viewers' side of a connection may hold unread; 0: the kernel decides.
    """

    rounds: int
    seconds: float
    slow_seconds: float
    window_bytes: int = 0
