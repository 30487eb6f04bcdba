"""A web camera that answers with the very bytes it is given, to whatever it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[int], Iterator[bytes | None]]
"""Bytes to send to request number 0, 1 ...; None: say nothing more, but keep the connection."""


class RawCamera:
    """Closes each connection behind its answer."""

    def __init__(self, answer: Answer) -> None:
        self.asked = 0
        self._answer = answer
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/still"
        self._threads = [threading.Thread(target=self._run)]
        self._threads[0].start()

    def close(self) -> None:
        """Break every connection and stop listening."""
        self._over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection, self.asked))
            self.asked += 1
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            for data in self._answer(number):
                if data is None:
                    self._over.wait()
                    return
                connection.sendall(data)


@contextmanager
def raw_camera(answer: Answer) -> Iterator[RawCamera]:
    """Serve until left."""
    camera = RawCamera(answer)
    try:
        yield camera
    finally:
        camera.close()


def head(kind: str, *others: str, status: str = "200 OK", version: str = "1.1") -> bytes:
    """The head of an answer; ``kind`` is its content type, empty: none."""
    lines = [f"HTTP/{version} {status}", *([f"Content-Type: {kind}"] if kind else []), *others]
    return "\r\n".join([*lines, "", ""]).encode()
