"""Decides who may see and change what: logins by HTTP Basic, and secrets in stream URLs."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from pimotion.clock import utc_now_s
from pimotion.config.settings import Http, HttpToken
from pimotion.config.values import is_loopback
from pimotion.log import Repeated

log = logging.getLogger(__name__)

CHALLENGE = 'Basic realm="pimotion"'
"""The ``WWW-Authenticate`` header of a 401."""


class Role(IntEnum):
    """What a caller may do; a higher role may do all that a lower one may."""

    NOBODY = 0
    VIEWER = 1
    ADMIN = 2


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        authorization: The header of that name.
        on_loopback: The connection comes from this machine, and not from a proxy on it.
        is_local: And the address in the browser is this machine's loopback too, so that no web
            page has pointed a name of its own at us.
    """

    authorization: str | None
    on_loopback: bool
    is_local: bool


def caller_of(environ: Mapping[str, Any]) -> Caller:
    """Return who sent a WSGI request."""
    proxied = any(f"HTTP_{name}" in environ for name in ("X_FORWARDED_FOR", "FORWARDED", "VIA"))
    on_loopback = is_loopback(str(environ.get("REMOTE_ADDR", ""))) and not proxied
    is_local = on_loopback and is_loopback(_host_name(str(environ.get("HTTP_HOST", ""))))
    return Caller(environ.get("HTTP_AUTHORIZATION"), on_loopback, is_local)


class Gate:
    """Knows the users and tokens of the configuration. Thread-safe, never changes."""

    def __init__(self, http: Http) -> None:
        self._users = http.users
        self._tokens = http.tokens
        self._needs_login = bool(http.users or http.tokens) and not http.open
        self._has_no_secrets = not http.users and not http.tokens
        self._repeated = Repeated(log)

    def role(self, caller: Caller) -> Role:
        """Return what a caller may do.

        Where the configuration names nobody, whoever sits at the machine itself is admin.
        """
        if self._has_no_secrets and caller.is_local:
            return Role.ADMIN
        known = self._known(caller.authorization)
        if known is Role.NOBODY and not self._needs_login:
            return Role.VIEWER
        return known

    def is_logged_in(self, caller: Caller) -> bool:
        """Tell whether the caller gave a user's name and password."""
        return self._known(caller.authorization) is not Role.NOBODY

    def opens(self, token: str | None, camera_id: str) -> bool:
        """Tell whether a token opens the stream and the stills of a camera."""
        if not token:
            return False
        fits = [self._fits(each, token, camera_id) for each in self._tokens]
        return any(fits)

    def _known(self, authorization: str | None) -> Role:
        given = credentials(authorization)
        if given is None:
            return Role.NOBODY
        found = Role.NOBODY
        # Every user is compared, so that the time tells nothing about which names exist.
        for user in self._users:
            same_name = _same(given[0], user.name)
            if _same(given[1], user.password.reveal()) and same_name:
                found = Role.ADMIN if user.role == "admin" else Role.VIEWER
        if found is Role.NOBODY and self._users:
            self._repeated.warning("login", "a login was refused: unknown name or wrong password")
        return found

    @staticmethod
    def _fits(token: HttpToken, given: str, camera_id: str) -> bool:
        same = _same(given, token.token.reveal())
        opens_camera = not token.cameras or camera_id in token.cameras
        return same and opens_camera and not _expired(token)


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


def _host_name(header: str) -> str:
    """Return a ``Host`` header without its port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _expired(token: HttpToken) -> bool:
    """Tell whether a token's last day is over; while the clock is not set nobody can know, so yes.

    Days are local.
    """
    if token.expires is None:
        return False
    now_utc_s = utc_now_s()
    if now_utc_s is None:
        return True
    today = datetime.fromtimestamp(now_utc_s, UTC).astimezone().date()
    return today.isoformat() > token.expires


def _same(given: str, wanted: str) -> bool:
    # As bytes: compare_digest refuses text with letters outside ASCII.
    return hmac.compare_digest(given.encode(), wanted.encode())
