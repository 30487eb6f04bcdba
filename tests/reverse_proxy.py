"""A reverse proxy under a path of its own, which can let a stream fall silent."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

_REQUEST = re.compile(rb"^(GET|HEAD|POST) /cams(/\S*) HTTP", re.ASCII)


class ReverseProxy:
    """Hands ``/cams/...`` on to a server as ``/...``, byte for byte.

    Attributes:
        url: The server's page, seen through this.
        streams: How many streams have been asked for.
    """

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/cams/"
        self.streams = 0
        self._silent_before = 0
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def silence(self) -> None:
        """Hold back all that comes on the streams that there are; new ones are not concerned."""
        self._silent_before = self.streams

    def __enter__(self) -> ReverseProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            _cut(each)
        for thread in self._threads:
            thread.join(5)
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(self._server)
            self._sockets += [client, upstream]
            thread = threading.Thread(target=self._serve, args=(client, upstream))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, upstream: socket.socket) -> None:
        number = [0]  # of the stream on this connection
        back = threading.Thread(target=self._back, args=(upstream, client, number))
        back.start()
        try:
            while data := client.recv(65536):
                request = _REQUEST.match(data)
                if request and request[2].split(b"?")[0].endswith(b".mjpg"):
                    self.streams += 1
                    number[0] = self.streams
                upstream.sendall(_REQUEST.sub(rb"\1 \2 HTTP", data))
        except OSError:
            pass
        _cut(upstream)
        back.join(5)

    def _back(self, upstream: socket.socket, client: socket.socket, number: list[int]) -> None:
        try:
            while data := upstream.recv(65536):
                if not 0 < number[0] <= self._silent_before:
                    client.sendall(data)
        except OSError:
            pass
        _cut(client)


def _cut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
