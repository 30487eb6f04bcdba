"""Ids of events."""

from __future__ import annotations

import secrets
import time


def new_event_id() -> str:
    """Return an id that is unique for ever and sorts by time while the clock is right."""
    return f"{time.time_ns() // 1_000_000:012x}-{secrets.token_hex(4)}"
