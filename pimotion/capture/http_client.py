"""Asks a camera for a page over HTTP: login, redirects on the same host, failures in words."""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import suppress

from pimotion.capture.address import Address
from pimotion.capture.http_login import Authorization
from pimotion.capture.reasons import fell_silent, lost_connection, refused_status
from pimotion.errors import SourceLost

_MAX_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_CHUNK_BYTES = 64 * 1024


class HttpClient:
    """One camera's HTTP connection. Used by one thread; only `interrupt` is for others."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._authorization = Authorization(address.login)
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._socket: socket.socket | None = None
        self._interrupted = False

    def get(self) -> http.client.HTTPResponse:
        """Return the answer to the camera's URL once its status is 200.

        Raises:
            SourceLost: Nobody there, login refused, any other status, too many redirects.
        """
        for _ in range(1 + _MAX_REDIRECTS):
            response = self._get_logged_in()
            if response.status not in _REDIRECTS:
                break
            self.close()
            self._address = self._address.redirected(response.getheader("Location", ""))
        else:
            raise SourceLost(f"{self._address.shown} redirects more than {_MAX_REDIRECTS} times")
        if response.status != http.client.OK:
            raise refused_status(response.status, response.reason, self._address.shown)
        return response

    def read_some(self) -> bytes:
        """Return the next bytes of the answer's body, at most 64 kB; empty at its end."""
        assert self._response is not None
        try:
            return self._response.read1(_CHUNK_BYTES)
        except (http.client.HTTPException, ValueError):
            raise SourceLost(f"{self._address.shown} broke off within its answer") from None
        except TimeoutError:
            raise fell_silent(self._timeout_s) from None
        except OSError as error:
            raise lost_connection(error, self._address.shown) from None

    def interrupt(self) -> None:
        """End a blocked read, for good. Thread-safe."""
        self._interrupted = True
        held = self._socket
        if held is not None:
            with suppress(OSError):  # it is closed already
                # Not the TLS socket's own method, which takes its state from under the reader.
                socket.socket.shutdown(held, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; `get` makes a new one."""
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()
        self._response = self._connection = self._socket = None

    @property
    def _is_connected(self) -> bool:
        # http.client drops a connection that the camera closes behind its answer. The next one is
        # made here and not by it, for `interrupt` has to know its socket.
        return self._connection is not None and self._connection.sock is not None

    def _get_logged_in(self) -> http.client.HTTPResponse:
        response = self._get_once()
        if response.status == http.client.UNAUTHORIZED:
            challenges = response.headers.get_all("WWW-Authenticate", [])
            if self._authorization.challenged(challenges):
                self.close()
                response = self._get_once()
        return response

    def _get_once(self) -> http.client.HTTPResponse:
        kept_alive = self._is_connected
        try:
            return self._send()
        except (ConnectionError, http.client.HTTPException) as error:
            self.close()
            if not kept_alive or self._interrupted:
                raise self._in_words(error) from None
        except OSError as error:
            raise lost_connection(error, self._address.shown) from None
        # A camera may close a connection between two pictures: that is no failure yet.
        try:
            return self._send()
        except (OSError, http.client.HTTPException) as error:
            raise self._in_words(error) from None

    def _send(self) -> http.client.HTTPResponse:
        if self._response is not None:
            self._response.close()  # it was read to its end; the connection stays
        if self._connection is None or not self._is_connected:
            self._connection = self._connect()
        headers: dict[str, str | bytes] = {"User-Agent": "pimotion", "Accept": "*/*"}
        authorization = self._authorization.header("GET", self._address.target)
        if authorization is not None:
            headers["Authorization"] = authorization.encode()  # as text it would be Latin-1
        self._connection.request("GET", self._address.target, headers=headers)
        self._response = self._connection.getresponse()
        return self._response

    def _connect(self) -> http.client.HTTPConnection:
        address = self._address
        connection = (
            http.client.HTTPSConnection(
                address.host,
                address.port,
                timeout=self._timeout_s,
                context=ssl.create_default_context(),
            )
            if address.scheme == "https"
            else http.client.HTTPConnection(address.host, address.port, timeout=self._timeout_s)
        )
        try:
            connection.connect()
        except UnicodeError:  # a label that is empty or over 63 letters long
            raise SourceLost(f"{address.shown} is no name that a host can have") from None
        self._socket = connection.sock
        if self._interrupted:  # while the name was looked up
            connection.close()
            raise ConnectionAbortedError
        return connection

    def _in_words(self, error: Exception) -> SourceLost:
        if isinstance(error, OSError):
            return lost_connection(error, self._address.shown)
        return SourceLost(f"{self._address.shown} answers, but not in HTTP")
