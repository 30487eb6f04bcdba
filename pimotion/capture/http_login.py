"""Answers a camera's question for a login: HTTP Basic and Digest (RFC 7617, RFC 7616)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from urllib.request import parse_http_list, parse_keqv_list

from pimotion.capture.address import Login
from pimotion.errors import SourceLost

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class Authorization:
    """Makes the Authorization header for one camera from its last challenge. Not thread-safe."""

    def __init__(self, login: Login | None) -> None:
        self._login = login
        self._challenge: tuple[str, Mapping[str, str]] | None = None
        self._count = 0

    def challenged(self, headers: Sequence[str]) -> bool:
        """Take the ``WWW-Authenticate`` headers of a 401; False when there is no answer to them."""
        if self._login is None:
            return False
        challenges = dict(_parse(header) for header in headers)
        for scheme in ("digest", "basic"):  # the one that does not send the password goes first
            if scheme in challenges and self._can_answer(scheme, challenges[scheme]):
                self._challenge, self._count = (scheme, challenges[scheme]), 0
                return True
        return False

    def header(self, method: str, target: str) -> str | None:
        """Return the header's value for a request; None while nothing has asked for it."""
        if self._challenge is None or self._login is None:
            return None
        scheme, parameters = self._challenge
        if scheme == "basic":
            return f"Basic {_base64(self._login)}"
        self._count += 1
        return self._digest(self._login, parameters, method, target)

    def _digest(self, login: Login, asked: Mapping[str, str], method: str, target: str) -> str:
        algorithm = asked.get("algorithm", "MD5").upper()
        nonce, count, own = asked.get("nonce", ""), f"{self._count:08x}", secrets.token_hex(8)

        def digest(text: str) -> str:
            return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()

        user = digest(f"{login.username}:{asked.get('realm', '')}:{login.password}")
        request = digest(f"{method}:{target}")
        middle = f"{nonce}:{count}:{own}:auth" if "qop" in asked else nonce
        fields = {
            "username": login.username,
            "realm": asked.get("realm", ""),
            "nonce": nonce,
            "uri": target,
            "response": digest(f"{user}:{middle}:{request}"),
        }
        if "opaque" in asked:
            fields["opaque"] = asked["opaque"]
        if "qop" in asked:
            fields["cnonce"] = own
        quoted = ", ".join(f'{name}="{_escaped(value)}"' for name, value in fields.items())
        plain = f", algorithm={algorithm}" + (f", qop=auth, nc={count}" if "qop" in asked else "")
        return f"Digest {quoted}{plain}"

    @staticmethod
    def _can_answer(scheme: str, parameters: Mapping[str, str]) -> bool:
        if scheme == "basic":
            return True
        qops = [qop.strip() for qop in parameters.get("qop", "auth").split(",")]
        return parameters.get("algorithm", "MD5").upper() in _HASHES and "auth" in qops


def _parse(header: str) -> tuple[str, Mapping[str, str]]:
    scheme, _, rest = header.strip().partition(" ")
    try:
        return scheme.lower(), parse_keqv_list(parse_http_list(rest))
    except (ValueError, IndexError):  # as the library does with an empty value
        return scheme.lower(), {}


def _base64(login: Login) -> str:
    return base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _escaped(value: str) -> str:
    if any(letter in value for letter in "\r\n"):
        raise SourceLost("the camera's login must not hold line breaks")
    return value.replace("\\", "\\\\").replace('"', '\\"')
