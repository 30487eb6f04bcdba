"""The files of `mqtt.tls`: whether they can be used, and a TLS context that uses them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from pimotion.config.settings import MqttTls
from pimotion.config.tls_files import Unusable, locked, no_pair, readable

_SECTION = "mqtt.tls"

MOST_BYTES: Mapping[str, int] = {"ca": 4 << 20, "cert": 256 << 10, "key": 256 << 10}
"""Of each file. The bundle of all authorities that a system knows has 220 kB (Debian 13), with
comments 500 kB; a certificate with its chain is 4 to 10 kB."""


def use_files(context: ssl.SSLContext, tls: MqttTls) -> None:
    """Have a context use the files as they are now; without `ca` the system's authorities.

    Raises:
        Unusable: One cannot be read, is not what it should be, or wants a passphrase.
    """
    paths = {name: _path(name, tls) for name in _given(tls)}
    if "ca" in paths:
        _load_ca(context, paths["ca"])
    else:
        context.load_default_certs()
    if "cert" in paths:
        _load_own(context, paths["cert"], paths["key"])


def faults(tls: MqttTls) -> list[Unusable]:
    """Return what is wrong with the files: of each that cannot be read, else of one."""
    found = list(_unreadable(tls))
    if found or not _given(tls):
        return found
    try:
        use_files(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), tls)
    except Unusable as error:
        return [error]
    return []


def _given(tls: MqttTls) -> list[str]:
    return [name for name in MOST_BYTES if getattr(tls, name) is not None]


def _unreadable(tls: MqttTls) -> Iterator[Unusable]:
    for name in _given(tls):
        try:
            _path(name, tls)
        except Unusable as error:
            yield error


def _path(setting: str, tls: MqttTls) -> Path:
    return readable(_SECTION, setting, getattr(tls, setting), MOST_BYTES[setting])[0]


def _load_ca(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as error:
        text = f"({path}) holds no certificate in PEM form{_why(error)}"
        raise Unusable(_SECTION, "ca", text) from None


def _load_own(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise no_pair(_SECTION, cert, key) from None
        text = f"({cert}) or mqtt.tls.key ({key}) is not in PEM form, or damaged{_why(error)}"
        raise Unusable(_SECTION, "cert", text) from None
    except OSError as error:  # changed since it was read
        raise Unusable(_SECTION, "cert", f"({cert}) cannot be read{_why(error)}") from None


def _why(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return f": {reason.replace('_', ' ').lower()}" if reason else ""


def _no_passphrase() -> str:
    """Take the place of OpenSSL's question on the terminal, which would wait for ever."""
    raise locked(_SECTION)
