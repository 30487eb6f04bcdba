"""What the commands say to whoever started them, as their exit code."""

from __future__ import annotations

PASSED = 0
"""Stopped as told, or did what was asked."""
FAILED = 1
WRONG_USE = 2
"""Wrong arguments or a wrong configuration; systemd does not start the service again."""
THREAD_DIED = 70
"""A thread died or hung; systemd starts the service again."""
KILLED = 128
"""Ended by a signal, whose number is added: what shells say of it."""
BROKEN_OFF = 130
"""Ended by Ctrl-C: 128 and SIGINT's number."""
