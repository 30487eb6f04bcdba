"""A broker that speaks MQTT 3.1.1 only: refuses version 5, and passes the rest to mosquitto."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

PROTOCOL_LEVEL_AT = 8
"""Of a CONNECT packet under 128 bytes: type, length, two bytes of length, `MQTT`, level."""
MQTT_5 = 5
UNACCEPTABLE_VERSION = bytes([0x20, 2, 0, 1])
"""CONNACK of MQTT 3.1.1 with return code 1."""


class OldBroker:
    """Listens on `port`, in front of a mosquitto on another."""

    def __init__(self, behind_port: int) -> None:
        self._behind_port = behind_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = [self._listening]
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> OldBroker:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, run: object, *arguments: socket.socket) -> None:
        assert callable(run)
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.append(client)
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        connect = client.recv(4096)
        if connect[PROTOCOL_LEVEL_AT] == MQTT_5:
            client.sendall(UNACCEPTABLE_VERSION)
            client.close()
            return
        behind = socket.create_connection(("127.0.0.1", self._behind_port))
        self._open.append(behind)
        behind.sendall(connect)
        self._spawn(_copy, client, behind)
        self._spawn(_copy, behind, client)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
