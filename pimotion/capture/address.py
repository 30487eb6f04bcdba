"""The address of a network camera, with its login kept apart so that it cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urljoin, urlsplit

from pimotion.errors import SourceLost

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and password; never printed."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a network camera is.

    Attributes:
        target: Path and query, as they go into the request.
        login: None for a camera that asks for none.
    """

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    login: Login | None = None

    @classmethod
    def parse(cls, url: str, login: Login | None = None) -> Address:
        """Read a URL; ``login`` goes before one that stands in the URL.

        Raises:
            SourceLost: It is no URL with a host.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SourceLost("the camera's URL is wrong: its host or port cannot be read") from None
        if not parts.hostname or parts.scheme not in _PORTS:
            raise SourceLost("the camera's URL is wrong: it needs the form scheme://host/path")
        if login is None and parts.username:
            login = Login(unquote(parts.username), unquote(parts.password or ""))
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~?[]")
        return cls(
            parts.scheme,
            parts.hostname,
            port or _PORTS[parts.scheme],
            f"{target}?{query}" if query else target,
            login,
        )

    @property
    def shown(self) -> str:
        """Host and port: what may stand in a reason and a log."""
        return f"{self._bracketed}:{self.port}"

    @property
    def url(self) -> str:
        """The URL without login. A camera may have secrets in its query: not for logs."""
        return f"{self.scheme}://{self.shown}{self.target}"

    @property
    def url_with_login(self) -> str:
        """The URL with login, for FFmpeg. Never for a reason or a log."""
        if self.login is None:
            return self.url
        user = f"{quote(self.login.username, safe='')}:{quote(self.login.password, safe='')}"
        return f"{self.scheme}://{user}@{self.shown}{self.target}"

    def redirected(self, location: str) -> Address:
        """Follow a redirect.

        Raises:
            SourceLost: It leads to another host or away from TLS, which would leak the login, or
                to what is no HTTP.
        """
        try:
            new = Address.parse(urljoin(self.url, location), self.login)
        except (ValueError, SourceLost):
            raise SourceLost(f"{self.shown} redirects to what is no address") from None
        allowed = {"https"} if self.scheme == "https" else {"http", "https"}
        if new.host != self.host or new.scheme not in allowed:
            raise SourceLost(
                f"{self.shown} redirects to {new.scheme}://{new.shown}; if that is meant, write "
                "that address into the configuration"
            )
        return new

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host
