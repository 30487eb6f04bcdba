"""Why there is no connection to the broker, in words for a person. Pure."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping

from pimotion.errors import PimotionError

UNSUPPORTED_VERSION = "Unsupported protocol version"
"""MQTT's own name for what an old broker answers to version 5."""

_LOGIN_HINT = "; check mqtt.username and mqtt.password"
_HINTS = {
    "Not authorized": _LOGIN_HINT,
    "Bad user name or password": _LOGIN_HINT,
    UNSUPPORTED_VERSION: "; set mqtt.protocol to 3.1.1",
}

_WHY: Mapping[type[Exception], str] = {
    TimeoutError: "no answer from that address in time",
    ConnectionRefusedError: "connection refused: no broker listens there",
    ConnectionResetError: "the broker hung up at once; does this port speak TLS?",
    socket.gaierror: "the name {host} is not known ({error.strerror})",
    UnicodeError: "{host} is no valid host name",
}


class LinkLost(PimotionError):
    """There is no connection, or no longer.

    Attributes:
        refusal: MQTT's name for the broker's refusal, when that is what happened.
    """

    def __init__(self, reason: str, *, refusal: str | None = None) -> None:
        super().__init__(reason)
        self.refusal = refusal


def refused(name: str) -> LinkLost:
    """Return what the broker's answer to our CONNECT means."""
    return LinkLost(f"the broker refuses us: {name}{_HINTS.get(name, '')}", refusal=name)


def unreachable(error: Exception, host: str) -> str:
    """Return why opening a connection failed."""
    if isinstance(error, ssl.SSLError):
        return _no_tls(error)
    for kind, why in _WHY.items():
        if isinstance(error, kind):
            return why.format(host=host, error=error)
    return getattr(error, "strerror", None) or str(error)


def _no_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or str(error)
        return f"the broker's certificate is not accepted: {why}; see mqtt.tls.ca"
    why = error.reason or str(error)
    return f"no TLS with the broker ({why}); does this port speak TLS?"


def hung_up(*, tls: bool) -> str:
    """Return what it may mean that the broker ended a connection before it said anything."""
    hint = "" if tls else "; does this port want TLS (mqtt.tls.enabled)?"
    return f"the broker hung up without an answer{hint}"
