"""The certificate of the page and its key: whether they can be used, and until when."""

from __future__ import annotations

import logging
import ssl
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pimotion.clock import utc_now_s
from pimotion.config.secrets import Unreadable, home_path, read_file
from pimotion.config.settings import HttpTls
from pimotion.config.tls_files import Unusable, locked, no_pair, readable

log = logging.getLogger(__name__)

FILE_BYTES = 256 * 1024
"""A certificate with its chain is 4 to 10 kB."""

SOON_DAYS = 7
"""Authorities that renew by themselves do so 30 days before the end (certbot, 2026-11)."""

_SECTION = "http.tls"
_DAY_S = 86_400
_KINDS = {
    "cert": ("certificate", b"-----BEGIN CERTIFICATE-----"),
    "key": ("private key", b"PRIVATE KEY-----"),
}
_TURNS = 4
"""A handshake goes twice there and back; one turn more is harmless."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a client learns of the certificate.

    Attributes:
        names: Host names and addresses that it is for.
        days_left: Until it expires; None while the clock is not set.
        doubt: Why clients refuse it, such as that it has expired; None: it is well. Whether they
            trust its authority only they know.
    """

    names: tuple[str, ...]
    days_left: float | None
    doubt: str | None


def server_context(tls: HttpTls) -> ssl.SSLContext:
    """Return what the page's connections are encrypted with, read from the files of now.

    TLS 1.2 is the least, and nobody may negotiate again, which costs us more than them.

    Raises:
        Unusable: A file is missing or wrong, or the two do not belong together.
    """
    (cert, _), (key, _) = _read("cert", tls), _read("key", tls)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except ssl.SSLError as error:
        raise _why(error, cert, key) from None
    except OSError as error:  # changed since it was read
        raise Unusable(_SECTION, "cert", f"cannot be read: {error.strerror}") from None
    return context


def faults(tls: HttpTls) -> list[Unusable]:
    """Return everything that is wrong with the files."""
    found = []
    for setting in _KINDS:
        try:
            _read(setting, tls)
        except Unusable as error:
            found.append(error)
    if found:
        return found
    try:
        server_context(tls)
    except Unusable as error:
        return [error]
    return []


def look_at(tls: HttpTls) -> Certificate:
    """Return what a client would learn, by being one: a whole handshake without a network.

    Raises:
        Unusable: As `server_context`.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    # Whoever signed it: it is trusted here, so that only its own faults are left.
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    server = server_context(tls)
    try:
        # Round the certificate may stand whatever its maker wrote there, in any encoding.
        client.load_verify_locations(cadata=_read("cert", tls)[1].decode("ascii", "ignore"))
        told = _handshake(server, client)
    except ssl.SSLCertVerificationError as error:
        return Certificate((), None, error.verify_message)
    except ssl.SSLError as error:
        return Certificate((), None, error.reason or str(error))
    now_s = utc_now_s()
    ends_s = ssl.cert_time_to_seconds(told["notAfter"])
    days_left = None if now_s is None else (ends_s - now_s) / _DAY_S
    return Certificate(tuple(value for _, value in told.get("subjectAltName", ())), days_left, None)


def warn_of(tls: HttpTls) -> None:
    """Say in the log what is doubtful about files that can be used."""
    if tls.cert is None or tls.key is None:
        return
    with suppress(Unusable, Unreadable):
        key = home_path(tls.key)
        _, mode = read_file(key, FILE_BYTES)
        if mode & stat.S_IROTH:
            log.warning(
                "everyone on this machine can read a secret file; chmod o-r helps file=%s", key
            )
        found = look_at(tls)
        if found.doubt is not None:
            log.warning("clients refuse http.tls.cert: %s file=%s", found.doubt, tls.cert)
        elif found.days_left is not None and found.days_left < SOON_DAYS:
            days = f"{found.days_left:.1f}"
            log.warning("http.tls.cert expires in %s days, renew it file=%s", days, tls.cert)


def _read(setting: str, tls: HttpTls) -> tuple[Path, bytes]:
    path, data = readable(_SECTION, setting, getattr(tls, setting) or "", FILE_BYTES)
    what, sign = _KINDS[setting]
    if sign not in data:
        raise Unusable(_SECTION, setting, f"({path}) is no {what} in PEM form")
    return path, data


def _why(error: ssl.SSLError, cert: Path, key: Path) -> Unusable:
    if error.reason == "KEY_VALUES_MISMATCH":
        return no_pair(_SECTION, cert, key)
    text = f"({cert}) or http.tls.key ({key}) is damaged"
    if error.reason is not None:
        text = f"({cert}) cannot be used: {error.reason.replace('_', ' ').lower()}"
    return Unusable(_SECTION, "cert", text)


def _no_passphrase() -> str:
    raise locked(_SECTION)


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, Any]:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(back, there)
    answering = server.wrap_bio(there, back, server_side=True)
    for _ in range(_TURNS):
        for side in (asking, answering):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return asking.getpeercert() or {}
