"""Values that stand elsewhere: `!env NAME`, `!file PATH`, `!credential NAME`; and careful reading.

No message here ever holds a value, only where it was looked for.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import stat
from pathlib import Path

from pimotion.config.places import safe

log = logging.getLogger(__name__)

SECRET_BYTES = 64 * 1024
"""A secret file may be this long; a longer one is a mistake, not a secret."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class Unreadable(Exception):
    """A value or a file that cannot be had; its text says why, to be read behind a name."""


class Missing(Unreadable):
    """There is no such file."""


def fetch(tag: str, name: str, folder: Path) -> str:
    """Return the value that a tag stands for.

    Args:
        tag: ``!env``, ``!file`` or ``!credential``.
        name: What stands behind the tag.
        folder: Where a relative file name begins: that of the configuration.

    Raises:
        Unreadable: There is no such value, or it is empty.
        KeyError: There is no such tag.
    """
    value = {"!env": _from_env, "!file": _from_file, "!credential": _from_credential}[tag](
        name, folder
    )
    if not value:
        raise Unreadable("is empty")
    return value


def read_file(path: Path, most_bytes: int) -> tuple[bytes, int]:
    """Return the content of a regular file, and its mode. Never waits for a pipe's other end.

    Raises:
        Unreadable: There is none, it is something else, or it is too large.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise Unreadable("is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
            data = file.read(most_bytes + 1)
    except FileNotFoundError:
        target = safe(os.path.realpath(path)) if path.is_symlink() else None
        words = f"is a link to {target}, which does not exist" if target else "does not exist"
        raise Missing(words) from None
    except OSError as error:
        raise Unreadable(_in_words(error)) from None
    except ValueError:
        raise Unreadable("is no name for a file") from None
    if len(data) > most_bytes:
        raise Unreadable(f"is larger than {most_bytes // 1024} KiB")
    return data, mode


def _in_words(error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, PermissionError):
        return "cannot be read: permission denied"
    return f"cannot be read: {error.strerror}"


def _from_env(name: str, _folder: Path) -> str:
    if _ENV_NAME.fullmatch(name) is None:
        raise Unreadable("is no name for an environment variable")
    if name not in os.environ:
        raise Unreadable("is not set in the environment")
    return os.environ[name]


def _from_file(name: str, folder: Path) -> str:
    if not name:
        raise Unreadable("needs the name of a file")
    path = home_path(name)
    try:
        return _secret(folder / path, shown=path)
    except Missing:
        place = (folder / path).absolute()
        make = f"(umask 077; cat > {shlex.quote(str(place))})"
        text = f"does not exist in {place.parent}; `{make}` makes it of what you type, until Ctrl-D"
        raise Missing(safe(text)) from None


def _secret(path: Path, *, shown: Path) -> str:
    data, mode = read_file(path, SECRET_BYTES)
    if mode & stat.S_IROTH:
        log.warning(
            "everyone on this machine can read a secret file; chmod o-r helps file=%s", shown
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def _from_credential(name: str, _folder: Path) -> str:
    if _CREDENTIAL_NAME.fullmatch(name) is None or name in (".", ".."):
        raise Unreadable("is no name for a credential")
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    if not given:
        raise Unreadable("is looked for in $CREDENTIALS_DIRECTORY, which only systemd sets")
    path = Path(given) / name
    return _secret(path, shown=path)


def home_path(name: str) -> Path:
    """Return the path of a file whose name may begin with ``~/`` or ``~user/``.

    Raises:
        Unreadable: That user has no home.
    """
    first, slash, _ = name.partition("/")
    if not (first == "~" or (first.startswith("~") and slash)):
        return Path(name)  # a file may be called ~old
    try:
        return Path(name).expanduser()
    except RuntimeError:
        whose = "this user" if first == "~" else f"user '{first[1:]}'"
        raise Unreadable(f"begins with ~, and {whose} has no home") from None
