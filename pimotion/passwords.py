"""Passwords as they may stand in a configuration that others read: scrypt hashes.

``python -m pimotion.passwords`` asks for a password and prints its hash. The form is that of
passlib and of RFC 7914's parameters: ``$scrypt$ln=14,r=8,p=1$SALT$HASH``, base64 without padding.
"""

from __future__ import annotations

import base64
import binascii
import getpass
import hashlib
import hmac
import re
import secrets
import sys
from dataclasses import dataclass

PREFIX = "$scrypt$"
"""What begins so is a hash, not a password."""

SHORTEST = 8
"""Characters of a password."""

_FORM = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)
_MAX_BYTES = 64 * 1024 * 1024
"""Memory that one comparison may take; passlib's usual hash takes all of it, ours a quarter."""

_MAX_ROUNDS = 4
_SALT_BYTES = 16
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What one comparison takes: ``128 * r * 2**ln`` bytes, and ``p`` times the time for them."""

    ln: int
    r: int
    p: int

    @property
    def memory_bytes(self) -> int:
        """Memory that a comparison takes."""
        return 128 * self.r << self.ln


USUAL = Cost(ln=14, r=8, p=1)
"""16 MB; 50 ms on a PC, 150 ms on a Pi 4. More would be felt at the first picture of a page."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password that can be recognised but not read."""

    cost: Cost
    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> PasswordHash:
        """Read ``$scrypt$...``.

        Raises:
            ValueError: It is no such hash, or one that takes too much memory or time.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"must be {PREFIX}ln=14,r=8,p=1$SALT$HASH")
        cost = Cost(*map(int, match.group(1, 2, 3)))
        if not (cost.ln and cost.r and 1 <= cost.p <= _MAX_ROUNDS):
            raise ValueError(f"must have ln and r of 1 or more, and p of 1 to {_MAX_ROUNDS}")
        if cost.ln >= 16 * cost.r:  # RFC 7914 section 2: N < 2^(128 r / 8); OpenSSL refuses it
            raise ValueError("must have ln of less than 16 times r")
        if cost.memory_bytes > _MAX_BYTES:
            raise ValueError("must take 64 MB of memory or less (ln=16 with r=8)")
        return cls(cost, _from_base64(match[4]), _from_base64(match[5]))

    @classmethod
    def of(cls, password: str, cost: Cost = USUAL) -> PasswordHash:
        """Return the hash of a password, another one each time."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return cls(cost, salt, _scrypt(password, salt, cost, _HASH_BYTES))

    def fits(self, password: str) -> bool:
        """Tell whether this is the hash of a password. Takes its time, whatever the answer."""
        digest = _scrypt(password, self.salt, self.cost, len(self.digest))
        return hmac.compare_digest(digest, self.digest)

    def __str__(self) -> str:
        cost = self.cost
        parts = (self.salt, self.digest)
        salt, digest = (base64.b64encode(part).decode().rstrip("=") for part in parts)
        return f"{PREFIX}ln={cost.ln},r={cost.r},p={cost.p}${salt}${digest}"


def _scrypt(password: str, salt: bytes, cost: Cost, length: int) -> bytes:
    # OpenSSL's own limit counts a little beside the memory proper.
    limit = cost.memory_bytes + 1024 * 1024
    return hashlib.scrypt(
        password.encode(), salt=salt, n=1 << cost.ln, r=cost.r, p=cost.p, maxmem=limit, dklen=length
    )


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("must have salt and hash in base64") from None


def main() -> int:
    """Ask for a password, twice on a terminal, and print its hash; return the exit code."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            sys.stderr.write("the two are not the same\n")
            return 1
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        sys.stderr.write(f"a password has {SHORTEST} characters or more\n")
        return 1
    sys.stdout.write(f"{PasswordHash.of(password)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
