"""Decides who may see and change what: logins by HTTP Basic, and secrets in stream URLs."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pimotion.clock import utc_now_s
from pimotion.config.settings import Http, HttpToken
from pimotion.config.values import is_loopback, plain_address
from pimotion.log import Repeated
from pimotion.stream.address import host_name
from pimotion.stream.lockout import LockedOut, Lockout
from pimotion.stream.users import Role, Users, same

log = logging.getLogger(__name__)

CHALLENGE = 'Basic realm="pimotion"'
"""The ``WWW-Authenticate`` header of a 401."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        authorization: The header of that name.
        on_loopback: The connection comes from this machine, and not from a proxy on it.
        is_local: And the address in the browser is this machine's loopback too, so that no web
            page has pointed a name of its own at us.
        address: Where he is, to be shown; behind a proxy on this machine what the proxy says.
    """

    authorization: str | None
    on_loopback: bool
    is_local: bool
    address: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a caller.

    Attributes:
        role: What he may do.
        is_known: He gave a user's name and password.
    """

    role: Role
    is_known: bool


def caller_of(environ: Mapping[str, Any]) -> Caller:
    """Return who sent a WSGI request."""
    address = plain_address(str(environ.get("REMOTE_ADDR", "")))
    is_near = is_loopback(address)
    proxied = any(f"HTTP_{name}" in environ for name in ("X_FORWARDED_FOR", "FORWARDED", "VIA"))
    on_loopback = is_near and not proxied
    is_local = on_loopback and is_loopback(host_name(str(environ.get("HTTP_HOST", ""))))
    if is_near:  # a proxy adds the address that it sees behind what it was told
        told = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", maxsplit=1)[-1].strip()
        address = plain_address(told[:64]) or address
    return Caller(environ.get("HTTP_AUTHORIZATION"), on_loopback, is_local, address)


class Gate:
    """Knows the users and tokens of the configuration, and who guesses. Thread-safe."""

    def __init__(self, http: Http) -> None:
        self._users = Users(http.users)
        self._tokens = http.tokens
        self._needs_login = bool(http.users or http.tokens) and not http.open
        self._has_no_secrets = not http.users and not http.tokens
        self._lockout = Lockout()
        self._repeated = Repeated(log)

    def standing(self, caller: Caller) -> Standing:
        """Return what a caller may do, and whether he is a user.

        Where the configuration names nobody, whoever sits at the machine itself is admin.

        Raises:
            LockedOut: He gives a login, after too many wrong ones from his address.
        """
        if self._has_no_secrets and caller.is_local:
            return Standing(Role.ADMIN, is_known=False)
        known = self._known(caller)
        if known is Role.NOBODY and not self._needs_login:
            return Standing(Role.VIEWER, is_known=False)
        return Standing(known, is_known=known is not Role.NOBODY)

    def opens(self, token: str | None, cameras: Collection[str]) -> bool:
        """Tell whether a token opens the streams and the stills of all these cameras."""
        if not token:
            return False
        fits = [self._fits(each, token, cameras) for each in self._tokens]
        return any(fits)

    def _known(self, caller: Caller) -> Role:
        given = credentials(caller.authorization)
        if given is None or not self._users:
            return Role.NOBODY
        try:
            found = self._lockout.judge(caller.address, lambda: self._users.role(*given))
        except LockedOut:
            text = f"an address is locked out for wrong logins address={caller.address!r}"
            self._repeated.warning("locked out", text)
            raise
        if found is Role.NOBODY:
            text = "a login was refused: unknown name or wrong password"
            self._repeated.warning("login", f"{text} address={caller.address!r}")
        return found

    @staticmethod
    def _fits(token: HttpToken, given: str, cameras: Collection[str]) -> bool:
        # A query's plus is a space to who decodes it, but a token of base64 is copied as it is.
        is_same = same(given.replace(" ", "+"), token.token.reveal().replace(" ", "+"))
        opens_cameras = not token.cameras or set(cameras) <= set(token.cameras)
        return is_same and opens_cameras and not _expired(token)


def credentials(authorization: str | None) -> tuple[str, str] | None:
    """Return name and password of a Basic header; None when there are none.

    Empty ones (``Basic Og==``, which Home Assistant sends for an empty form) count as none.
    """
    scheme, _, encoded = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # aiohttp, and so Home Assistant, sends an umlaut like this
    name, _, password = text.partition(":")
    return (name, password) if name or password else None


def _expired(token: HttpToken) -> bool:
    """Tell whether a token's last day is over; while the clock is not set nobody can know, so yes.

    Days are of UTC, as `HttpToken.expires` promises.
    """
    if token.expires is None:
        return False
    now_utc_s = utc_now_s()
    if now_utc_s is None:
        return True
    today = datetime.fromtimestamp(now_utc_s, UTC).date()
    return today.isoformat() > token.expires
