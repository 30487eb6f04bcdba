"""The files of `mqtt.tls` and `http.tls`: read with care, and what is wrong with them in words."""

from __future__ import annotations

from pathlib import Path

from pimotion.config.secrets import Unreadable, home_path, read_file


class Unusable(Exception):
    """A file that no encrypted connection can be made with.

    Attributes:
        setting: ``ca``, ``cert`` or ``key``.
        text: What is wrong with it and what to do, to be read behind the setting's name.
    """

    def __init__(self, section: str, setting: str, text: str) -> None:
        super().__init__(f"{section}.{setting} {text}")
        self.setting = setting
        self.text = text


def readable(section: str, setting: str, name: str, most_bytes: int) -> tuple[Path, bytes]:
    """Return where a file is, and what is in it: OpenSSL would wait for a pipe's other end.

    Args:
        section: ``mqtt.tls`` or ``http.tls``.
        setting: The one that names the file.
        name: As it stands there.
        most_bytes: A longer one is none of these files.

    Raises:
        Unusable: It cannot be read.
    """
    place: Path | str = name
    try:
        path = place = home_path(name).absolute()
        data, _ = read_file(path, most_bytes)
    except Unreadable as error:
        advice = "; let the user read it that pimotion runs as" if "denied" in str(error) else ""
        raise Unusable(section, setting, f"({place}) {error}{advice}") from None
    return path, data


def no_pair(section: str, cert: Path, key: Path) -> Unusable:
    """Return what is wrong with a key that is another's."""
    return Unusable(section, "key", f"({key}) is not the key of {section}.cert ({cert})")


def locked(section: str) -> Unusable:
    """Return what is wrong with a key of which OpenSSL asks for the passphrase, and would wait."""
    text = (
        "is protected by a passphrase, which nobody is there to type; `openssl pkey` takes it off"
    )
    return Unusable(section, "key", text)
