"""The files of `mqtt.tls`: whether they can be used, and a TLS context that uses them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from pimotion.config.certificate import KEY_IS_LOCKED
from pimotion.config.secrets import Unreadable, home_path, read_file
from pimotion.config.settings import MqttTls

MOST_BYTES: Mapping[str, int] = {"ca": 4 << 20, "cert": 256 << 10, "key": 256 << 10}
"""Of each file. The bundle of all authorities that a system knows has 220 kB (Debian 13), with
comments 500 kB; a certificate with its chain is 4 to 10 kB."""


class UnusableFile(Exception):
    """A file that no connection to the broker can be made with.

    Attributes:
        setting: ``ca``, ``cert`` or ``key``.
        text: What is wrong with it and what to do, to be read behind the setting's name.
    """

    def __init__(self, setting: str, text: str) -> None:
        super().__init__(f"mqtt.tls.{setting} {text}")
        self.setting = setting
        self.text = text


def use_files(context: ssl.SSLContext, tls: MqttTls) -> None:
    """Have a context use the files as they are now; without `ca` the system's authorities.

    Raises:
        UnusableFile: One cannot be read, is not what it should be, or wants a passphrase.
    """
    paths = {name: _path(name, tls) for name in _given(tls)}
    if "ca" in paths:
        _load_ca(context, paths["ca"])
    else:
        context.load_default_certs()
    if "cert" in paths:
        _load_own(context, paths["cert"], paths.get("key"))


def faults(tls: MqttTls) -> list[UnusableFile]:
    """Return what is wrong with the files: of each that cannot be read, else of one."""
    found = list(_unreadable(tls))
    if found or not _given(tls):
        return found
    try:
        use_files(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), tls)
    except UnusableFile as error:
        return [error]
    return []


def _given(tls: MqttTls) -> list[str]:
    return [name for name in MOST_BYTES if getattr(tls, name) is not None]


def _unreadable(tls: MqttTls) -> Iterator[UnusableFile]:
    for name in _given(tls):
        try:
            _path(name, tls)
        except UnusableFile as error:
            yield error


def _path(setting: str, tls: MqttTls) -> Path:
    """Return where a file is that can be read: OpenSSL would wait for a pipe's other end."""
    place = getattr(tls, setting)
    try:
        path = place = home_path(place).absolute()
        read_file(path, MOST_BYTES[setting])
    except Unreadable as error:
        advice = "; let the user read it that pimotion runs as" if "denied" in str(error) else ""
        raise UnusableFile(setting, f"({place}) {error}{advice}") from None
    return path


def _load_ca(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as error:
        text = f"({path}) holds no certificate in PEM form{_why(error)}"
        raise UnusableFile("ca", text) from None


def _load_own(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            text = f"({key}) is not the key of mqtt.tls.cert ({cert})"
            raise UnusableFile("key", text) from None
        text = f"({cert}) or mqtt.tls.key ({key}) is not in PEM form, or damaged{_why(error)}"
        raise UnusableFile("cert", text) from None
    except OSError as error:  # changed since it was read
        raise UnusableFile("cert", f"({cert}) cannot be read{_why(error)}") from None


def _why(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return f": {reason.replace('_', ' ').lower()}" if reason else ""


def _no_passphrase() -> str:
    """Take the place of OpenSSL's question on the terminal, which would wait for ever."""
    raise UnusableFile("key", KEY_IS_LOCKED)
