"""Hosts and ports that no connection can ever be made to, so that `check` says so."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

_NUMBERS = re.compile(r"[0-9.]+")
_WITH_PORT = re.compile(r"([^:]+|\[.*\]):[0-9]+")


def host_fault(host: str, port_setting: str, *, in_brackets: bool = False) -> str | None:
    """Return what is wrong with a host, without showing it; None if it may be one.

    Args:
        host: A name or an address.
        port_setting: Where its port is said, such as ``mqtt.port``.
        in_brackets: Whether an IPv6 address may stand in [ ].
    """
    if ":" not in host:
        return number_fault(host)
    bare = host.removeprefix("[").removesuffix("]")
    if _is_ipv6(bare):
        return None if in_brackets or bare == host else "must be an IPv6 address without [ ]"
    if _WITH_PORT.fullmatch(host):
        return f"must be a host alone; the port is {port_setting}"
    return "must be a host name or an address; only an IPv6 address has a ':'"


def url_fault(url: str) -> str | None:
    """Return what is wrong with the host or the port of a camera's URL; None if both may be.

    Shows neither: of a login with a ``/`` or a ``#`` in it, the port is a part of the password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "must be a URL whose host can be read; an IPv6 address stands in [ ]"
    try:
        is_port = parts.port != 0
    except ValueError:
        is_port = False
    if not is_port:
        hint = "; a login with / ? or # in it belongs into username and password"
        return f"must have a port between 1 and 65535{hint if '@' in url else ''}"
    return number_fault(parts.hostname or "")


def number_fault(host: str) -> str | None:
    """Return what is wrong with a host of digits and dots; None if it is another, or right."""
    if _NUMBERS.fullmatch(host) is None:
        return None
    try:
        socket.inet_aton(host)  # as resolvers read it: 127.1 is 127.0.0.1
    except OSError:
        return "must be a host name or an address; an IPv4 address has numbers from 0 to 255"
    return None


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)  # with a zone too: fe80::1%eth0
    except ValueError:
        return False
    return True
