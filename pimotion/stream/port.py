"""Opens a port to listen on, or says in words why that cannot be."""

from __future__ import annotations

import errno
import socket
from typing import Any

from pimotion.errors import StartError

_BACKLOG = 1024
"""As many viewers as come at once; who finds no room tries again after a second."""


def bound(host: str, port: int) -> socket.socket:
    """Return a non-blocking socket that listens; port 0 takes a free one.

    Raises:
        StartError: The address cannot be used; the text says why and what to do.
    """
    try:
        family, address = _resolve(host, port)
        listening = socket.socket(family)
    except OSError as error:
        raise StartError(_why(error, host, port)) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise StartError(_why(error, host, port)) from None
    return listening


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    found = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found[0]
    return family, address


def _why(error: OSError, host: str, port: int) -> str:
    where = f"port {port} on {host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use on {host}; stop the program that uses it, "
            "or choose another with http.port or --port"
        )
    if error.errno == errno.EACCES:
        return f"{where} may not be opened by this user; choose http.port 1024 or higher"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"this machine has no address '{host}'; set http.host to one that it has"
    return f"cannot listen on {where}: {error.strerror or error}"
