"""Says in words why a connection failed. Never repeats a library's text: it may hold a login."""

from __future__ import annotations

import errno
import socket
import ssl

from pimotion.errors import SourceLost

_WORDS = {
    errno.ECONNREFUSED: "nobody answers at {where} (connection refused)",
    errno.ECONNRESET: "{where} broke the connection",
    errno.EPIPE: "{where} broke the connection",
    errno.EIO: "{where} broke the connection",
    errno.ETIMEDOUT: "{where} does not answer (time-out)",
    errno.EHOSTUNREACH: "there is no way to {where} (host unreachable)",
    errno.ENETUNREACH: "there is no way to {where} (network unreachable)",
}


def lost_connection(error: OSError, where: str) -> SourceLost:
    """Return the failure of a connection to ``where`` as a reason for a person."""
    if isinstance(error, socket.gaierror):
        return SourceLost(f"no such host: {where}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceLost(f"the certificate of {where} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return SourceLost(f"{where} does not speak TLS; try http:// instead of https://")
    if isinstance(error, TimeoutError):
        return SourceLost(f"{where} does not answer (time-out)")
    code = error.errno
    if code is None and isinstance(error, ConnectionResetError):  # http.client's has none
        code = errno.ECONNRESET
    words = _WORDS.get(code or 0)
    if words is None:
        return SourceLost(f"the connection to {where} failed ({type(error).__name__})")
    return SourceLost(words.format(where=where))


def fell_silent(timeout_s: float) -> SourceLost:
    """Return the failure of a camera that had answered and then sends nothing."""
    return SourceLost(f"no picture for {timeout_s:g} s")


def refused_status(status: int, phrase: str, where: str) -> SourceLost:
    """Return an HTTP or RTSP status as a reason for a person."""
    if status in (401, 403):
        return SourceLost(
            f"{where} refuses the login ({status}); check the camera's username and password",
            forbidden=True,
        )
    if status == 404:  # noqa: PLR2004
        return SourceLost(f"{where} has no such page (404); check the path in the camera's URL")
    shown = "".join(letter for letter in phrase if letter.isprintable())[:40]
    return SourceLost(f"{where} answers {status} {shown}".rstrip())
