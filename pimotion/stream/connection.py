"""One HTTP connection that is not a stream: what came, what is to go, and how long it may take."""

from __future__ import annotations

import contextlib
import math
import re
import selectors
import socket
import ssl
import time
from enum import Enum, auto
from typing import Any

from pimotion.stream.tls import TlsSocket, secured, speaks_tls

HEADER_S = 5.0
"""A request line and headers that take longer are cut: someone drips them on purpose. The handshake
of TLS is part of it."""

BODY_S = 5.0
"""So long the body may take on top."""

STALL_S = 10.0
"""A client who takes no byte for this long has gone."""

ANSWER_S = 60.0
"""An answer that is not taken by then is cut: someone sips it on purpose."""

LINGER_S = 1.0
"""So long what a client still says is read and dropped after the answer; closing before that would
make the kernel take back what he has not read yet."""

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024

_READ_BYTES = 64 * 1024
_EMPTY_LINES = re.compile(rb"(?:\r?\n){0,4}")
"""Some clients end a body with a line too many; a server should pass over it (RFC 9112, 2.2)."""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*([0-9]{1,10})[ \t]*\r?\n", re.IGNORECASE)
_WORDS_OF_0_9 = 2  # "GET /": HTTP/0.9 has no version, and nothing that follows


def tune(connection: socket.socket) -> None:
    """Set the options of a new connection. The last two are Linux's; the others do without.

    Not TCP_USER_TIMEOUT: of a reader whose window is small its clock sees no progress until a whole
    segment has gone, which is up to 64 kB (Linux 6.18), so who reads slowly would be cut.
    """
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", int(STALL_S)),
        ("TCP_KEEPINTVL", int(STALL_S)),
    ):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def length_of(received: bytes | bytearray) -> int | None:
    """Return how long the request is that begins so; None while that cannot be told.

    What is no request, or too large a one, is as long as what there is of it.
    """
    begin = begin_of(received)
    line_end = received.find(b"\n", begin) + 1
    if line_end and len(received[begin:line_end].split()) == _WORDS_OF_0_9:
        return line_end
    end = _HEAD_END.search(received, begin, MAX_HEAD_BYTES)
    if end is None:
        return len(received) if len(received) > MAX_HEAD_BYTES else None
    told = _LENGTH.search(received, 0, end.end())
    body = int(told[1]) if told else 0
    return end.end() + (body if body <= MAX_BODY_BYTES else 0)


def begin_of(received: bytes | bytearray) -> int:
    """Return where the request line begins: a few empty lines may stand before it."""
    found = _EMPTY_LINES.match(received)
    assert found is not None, "none of them is a match as well"
    return found.end()


def has_whole_head(received: bytes) -> bool:
    """Tell whether request line and headers are all there, an empty line behind them."""
    return _HEAD_END.search(received, 0, MAX_HEAD_BYTES) is not None


class Step(Enum):
    """What a connection waits for; a `STREAM` is one no longer."""

    HANDSHAKE = auto()
    REQUEST = auto()
    WORKER = auto()
    TAKER = auto()
    END = auto()
    STREAM = auto()


class Connection:
    """One connection, for one request.

    Belongs to the thread ``http``, while in `Step.WORKER` to a worker.

    Attributes:
        address: Of the client.
        step: What it waits for.
        deadline_s: When it is cut, monotonic; a worker has no deadline.
        received: The request, as far as it came.
        is_plain: True for a client who does not speak TLS where he should.
    """

    def __init__(
        self, accepted: socket.socket, address: Any, tls: ssl.SSLContext | None = None
    ) -> None:
        """Take a connection over; with ``tls`` it is to be encrypted."""
        tune(accepted)
        self.socket = accepted
        self.address = address
        self.step = Step.REQUEST if tls is None else Step.HANDSHAKE
        self.is_plain = False
        self.received = bytearray()
        self.deadline_s = time.monotonic() + HEADER_S
        self._tls = tls
        self._in_body = False
        self._answer = memoryview(b"")
        self._last_s = 0.0

    def shake_hands(self) -> int:
        """Go on with the handshake; its end is another step.

        Returns:
            What the socket has to be waited for, of `selectors`.

        Raises:
            BlockingIOError, OSError, EOFError: As `read`; what he says is no TLS.
        """
        assert self._tls is not None
        if not isinstance(self.socket, TlsSocket):
            if not speaks_tls(self.socket):
                self.step = Step.REQUEST
                self.is_plain = True
                return selectors.EVENT_READ
            self.socket = secured(self.socket, self._tls)
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        self.step = Step.REQUEST
        return selectors.EVENT_READ

    def read(self) -> bool:
        """Read what is there; True when the request is whole.

        Raises:
            BlockingIOError: Nothing is there.
            OSError, EOFError: The client has left.
        """
        data = self.socket.recv(_READ_BYTES)
        if not data:
            raise EOFError("the client left before his request was whole")
        self.received += data
        length = length_of(self.received)
        if length is None:
            return False
        if length <= len(self.received):
            self.step = Step.WORKER
            self.deadline_s = math.inf
        elif not self._in_body:
            self._in_body = True
            self.deadline_s = time.monotonic() + BODY_S
        return self.step is Step.WORKER

    def answer(self, data: bytes) -> None:
        """Begin to send an answer."""
        now_s = time.monotonic()
        self.step = Step.TAKER
        self._answer = memoryview(data)
        self._last_s = now_s + ANSWER_S
        self.deadline_s = now_s + STALL_S

    def write(self) -> None:
        """Send what the client takes now; then wait for his end. OSError: he left."""
        with contextlib.suppress(BlockingIOError):
            self._answer = self._answer[self.socket.send(self._answer) :]
            self.deadline_s = min(self._last_s, time.monotonic() + STALL_S)
        if not self._answer:
            self.socket.shutdown(socket.SHUT_WR)
            self.step = Step.END
            self.deadline_s = time.monotonic() + LINGER_S

    def has_ended(self) -> bool:
        """Drop what the client still says; True when that was all."""
        return self.socket.recv(_READ_BYTES) == b""

    def close(self) -> None:
        """Close it."""
        self.socket.close()
