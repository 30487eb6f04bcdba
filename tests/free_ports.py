"""Finds ports that nobody uses and that no client takes meanwhile."""

from __future__ import annotations

import random
import socket

_PORTS = range(20000, 32000)
"""Below the range from which Linux gives outgoing connections their ports (32768 and up): a free
port of that range may belong to any client by the time a test's server wants it."""


def find_free_port() -> int:
    """Return a TCP port on loopback that nobody listens on now."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
