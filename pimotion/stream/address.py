"""Where the page is asked for: under which host names, and behind which path of a reverse proxy."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote, urlsplit

from pimotion.config.settings import Http
from pimotion.config.values import RESERVED_IDS, is_loopback
from pimotion.log import Repeated

log = logging.getLogger(__name__)

_PRIVATE_ENDINGS = (
    ".local",
    ".lan",
    ".home",
    ".home.arpa",
    ".internal",
    ".localdomain",
    ".fritz.box",
)
"""What home networks put behind the names of machines. `.local` is RFC 6762's, `.home.arpa` RFC
8375's, `.internal` ICANN's (2024); the others are in no public root, or belong to the maker of the
router (2026-11)."""


class Address:
    """Knows the host names and the path of the page. Thread-safe, never changes.

    A web page elsewhere can point a name of its own at this machine and then reads whatever it is
    given (DNS rebinding). So a request must ask for a name that is ours, or for one that nobody on
    the internet can own: an address of numbers, a name without a dot, one of a home network.
    """

    def __init__(self, http: Http, cameras: Collection[str]) -> None:
        self._scheme = http.scheme
        self._public = urlsplit(http.public_url or "")
        self._takes_private = not http.allowed_hosts
        names = http.allowed_hosts or (socket.gethostname(), self._public.hostname or "")
        self._names = {host_name(name) for name in names} - {""}
        path = unquote(self._public.path).rstrip("/")  # as bottle gives the path of a request
        # What a proxy that takes its path off leaves may look like that path.
        is_ours = path.strip("/").split("/")[0] in {*cameras, *RESERVED_IDS}
        self._prefix = "" if is_ours else path
        self._repeated = Repeated(log)

    def is_ours(self, host: str | None) -> bool:
        """Tell whether a request with this ``Host`` header may be answered."""
        if not host:
            return True  # every browser sends one
        name = host_name(host)
        if is_loopback(name) or name in self._names:
            return True
        return self._takes_private and _is_private(name)

    def warn(self, host: str | None) -> None:
        """Say in the log that somebody asked under another name."""
        name = host_name(host or "")[:100]
        self._repeated.warning(
            "host", f"refused a request for another name, see http.allowed_hosts host={name!r}"
        )

    def is_own_origin(self, origin: str, host: str | None) -> bool:
        """Tell whether the ``Origin`` of a request to ``host`` is the page itself."""
        scheme, _, netloc = origin.partition("://")
        if self._scheme == "https" and scheme != "https":
            return False  # who sits in between can forge a page of ours without TLS
        return bool(netloc) and netloc in (host, self._public.netloc)

    def take_prefix(self, environ: dict[str, Any]) -> None:
        """Move the path of ``public_url`` to ``SCRIPT_NAME`` if a proxy has left it there."""
        path = environ.get("PATH_INFO", "")
        prefix = self._prefix
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            as_wsgi = prefix.encode().decode("latin-1")  # which has a letter for each byte
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + as_wsgi
            environ["PATH_INFO"] = path[len(prefix) :]


def host_name(header: str) -> str:
    """Return a ``Host`` header, or a setting, without its port, in lower case."""
    text = header.strip().lower()
    if _is_number(text):
        return text
    try:
        return (urlsplit(f"//{text}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_private(name: str) -> bool:
    is_label = bool(name) and "." not in name
    return is_label or _is_number(name) or name.endswith(_PRIVATE_ENDINGS)
