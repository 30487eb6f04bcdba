"""Stops who guesses passwords: ten wrong logins a minute from one address, and no more is tried."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from pimotion.stream.users import Role

MOST_FAILURES = 10
WINDOW_S = 60.0

_MOST_ADDRESSES = 1024
"""Of which failures are remembered, in under 1 MB; of more, the longest silent are forgotten."""

_IPV6_PREFIX = 64
"""One machine may give itself every address of such a network."""


class LockedOut(Exception):
    """Too many logins from an address were wrong; the next is not even looked at.

    Attributes:
        retry_after_s: From when on one is looked at again, s.
    """

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = math.ceil(retry_after_s)
        super().__init__(
            f"too many wrong logins from this address, try again in {self.retry_after_s} s"
        )


@dataclass(slots=True)
class _Tries:
    """What came from one address.

    Attributes:
        failed_s: When logins were wrong, monotonic, oldest first, within the window.
        running: Logins that are being looked at.
    """

    failed_s: list[float] = field(default_factory=list)
    running: int = 0


class Lockout:
    """Counts wrong logins by address. Thread-safe.

    A right login does not set the count back, or a viewer could guess an admin's password. Nor is
    one let in while its address is locked out, however well it is known: that would tell a guesser
    when he is right. Streams that run, and tokens, go on.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def judge(self, address: str, compare: Callable[[], Role]) -> Role:
        """Return what ``compare`` says of a login; `Role.NOBODY` counts as a failure.

        Raises:
            LockedOut: It was not asked.
        """
        key = _network(address)
        tries = self._begin(key)
        role = Role.NOBODY
        try:
            role = compare()
        finally:
            self._end(key, tries, is_wrong=role is Role.NOBODY)
        return role

    def _begin(self, key: str) -> _Tries:
        """Wait until another login may be tried: those being looked at may turn out wrong."""
        with self._changed:
            while True:
                tries = self._tries.setdefault(key, _Tries())
                now_s = time.monotonic()
                tries.failed_s = [at_s for at_s in tries.failed_s if now_s - at_s < WINDOW_S]
                if len(tries.failed_s) >= MOST_FAILURES:
                    raise LockedOut(tries.failed_s[0] + WINDOW_S - now_s)
                if len(tries.failed_s) + tries.running < MOST_FAILURES:
                    tries.running += 1
                    return tries
                self._changed.wait()

    def _end(self, key: str, tries: _Tries, *, is_wrong: bool) -> None:
        with self._changed:
            tries.running -= 1
            if is_wrong:
                tries.failed_s.append(time.monotonic())
                self._tries.move_to_end(key)
            elif not (tries.failed_s or tries.running):
                self._tries.pop(key, None)
            self._forget()
            self._changed.notify_all()

    def _forget(self) -> None:
        """Bound the table; who is being looked at stays."""
        if len(self._tries) > _MOST_ADDRESSES:
            silent = next((key for key, tries in self._tries.items() if not tries.running), None)
            if silent is not None:
                del self._tries[silent]


def _network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, _IPV6_PREFIX), strict=False))
