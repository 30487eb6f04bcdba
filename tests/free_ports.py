"""Finds ports that nobody uses and that no client takes meanwhile."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

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


def has_ipv6() -> bool:
    """Tell whether this machine has a loopback of IPv6; some containers have none."""
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False
