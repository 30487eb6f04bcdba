"""Recognises the users of the configuration by their name and password."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from pimotion import passwords
from pimotion.config.settings import HttpUser
from pimotion.passwords import Cost, PasswordHash

_REMEMBERED = 64
"""Logins that cost no hash again; more than a home has browsers."""


class Role(IntEnum):
    """What a caller may do; a higher role may do all that a lower one may."""

    NOBODY = 0
    VIEWER = 1
    ADMIN = 2


@dataclass(frozen=True, slots=True)
class _User:
    """A user, with one of two forms of his password."""

    name: str
    role: Role
    clear: str | None
    hash: PasswordHash | None


class Users:
    """The users of a configuration. Thread-safe, never changes.

    How long an answer takes tells nothing about which names exist: every name is compared, and a
    name that is not there is answered with as many hashes as one that is. A login that was right
    is remembered under a key that only this process has, so that the many requests of a page cost
    one hash; one that was wrong never is.
    """

    def __init__(self, users: Sequence[HttpUser]) -> None:
        self._users = [_user(each) for each in users]
        costs = {each.hash.cost for each in self._users if each.hash}
        self._decoys = [_decoy(cost) for cost in costs]
        self._decoy_clear = secrets.token_urlsafe()
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._remembered: OrderedDict[bytes, Role] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def __len__(self) -> int:
        return len(self._users)

    def role(self, name: str, password: str) -> Role:
        """Return what a user may do; `Role.NOBODY` when there is none of that name and password."""
        if not self._decoys:  # nothing that takes long
            return self._compare(name, password)
        login = hmac.digest(self._key, f"{name}:{password}".encode(), "sha256")
        role = self._recall(login)
        if role is not None:
            return role
        with self._one_at_a_time:  # else a guesser would take 16 MB for each of his tries
            role = self._recall(login)  # perhaps by now: a page asks for much at once
            if role is None:
                role = self._compare(name, password)
                self._remember(login, role)
        return role

    def _recall(self, login: bytes) -> Role | None:
        with self._lock:
            role = self._remembered.get(login)
            if role is not None:
                self._remembered.move_to_end(login)
            return role

    def _remember(self, login: bytes, role: Role) -> None:
        if role is Role.NOBODY:
            return
        with self._lock:
            self._remembered[login] = role
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)

    def _compare(self, name: str, password: str) -> Role:
        found = None
        for user in self._users:
            if same(name, user.name):
                found = user
        # What stands in for a password that is not there fits nothing.
        clear = found.clear if found and found.clear is not None else self._decoy_clear
        fits = same(password, clear)
        for decoy in self._decoys:
            his = found.hash if found else None
            asked = his if his is not None and his.cost == decoy.cost else decoy
            fits = asked.fits(password) or fits
        return found.role if found and fits else Role.NOBODY


def same(given: str, wanted: str) -> bool:
    """Tell whether two texts are the same, in a time that does not tell where they differ."""
    # As bytes: compare_digest refuses text with letters outside ASCII.
    return hmac.compare_digest(given.encode(), wanted.encode())


def _user(user: HttpUser) -> _User:
    role = Role.ADMIN if user.role == "admin" else Role.VIEWER
    text = user.password.reveal()
    if text.startswith(passwords.PREFIX):
        return _User(user.name, role, None, PasswordHash.parse(text))
    return _User(user.name, role, text, None)


def _decoy(cost: Cost) -> PasswordHash:
    """Return a hash of nothing that costs as much to compare."""
    return PasswordHash(cost, secrets.token_bytes(16), secrets.token_bytes(32))
