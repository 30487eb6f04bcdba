"""TLS on a connection that waits for nobody: it looks like a plain non-blocking socket."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from typing import Any

_HANDSHAKE = b"\x16"
"""The first byte of every TLS client (RFC 8446, 5.1); no request of HTTP begins with it."""


class TlsSocket(ssl.SSLSocket):
    """The other end speaks TLS. What would have to wait raises BlockingIOError, as elsewhere."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Return what the client says; a call that gets less than ``buflen`` has got it all."""
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise _later() from None

    def send(self, data: Any, flags: int = 0) -> int:
        """Send what the client takes now. What it did not take has to come again, as it was."""
        view = memoryview(data)
        sent = 0
        # OpenSSL takes one record at a time, 16 kB, and insists on one that it has begun.
        while sent < len(view):
            try:
                sent += super().send(view[sent:], flags)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if sent:
                    break
                raise _later() from None
        return sent

    def shutdown(self, how: int) -> None:
        """Tell the client that this was all, so that he knows it from a cut."""
        with contextlib.suppress(OSError, ValueError):  # his own end is not waited for
            self.unwrap()
        super().shutdown(how)


def speaks_tls(accepted: socket.socket) -> bool:
    """Tell by a client's first byte, which stays there, whether he speaks TLS.

    Raises:
        BlockingIOError: He has said nothing yet.
        EOFError: He has left.
    """
    first = accepted.recv(1, socket.MSG_PEEK)
    if not first:
        raise EOFError("the client left before he said a word")
    return first == _HANDSHAKE


def secured(accepted: socket.socket, context: ssl.SSLContext) -> TlsSocket:
    """Return a connection whose handshake is to come; ``accepted`` must not be used any more.

    Args:
        accepted: Connected and non-blocking.
        context: What it is encrypted with.

    Raises:
        OSError: The client has left; ``accepted`` is closed.
    """
    context.sslsocket_class = TlsSocket
    wrapped = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
    assert isinstance(wrapped, TlsSocket)
    return wrapped


def _later() -> BlockingIOError:
    return BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
