"""A WebSocket client that is just enough for Home Assistant's and Firefox's own APIs (RFC 6455)."""

from __future__ import annotations

import base64
import json
import secrets
import socket
import struct
from typing import Any

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FIN, _MASKED = 0x80, 0x80


class WebSocket:
    """One connection that sends and receives JSON. Not thread-safe."""

    def __init__(self, host: str, port: int, path: str, *, timeout_s: float = 20.0) -> None:
        self._socket = socket.create_connection((host, port), timeout_s)
        self._file = self._socket.makefile("rb")
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        status = self._file.readline()
        assert b" 101 " in status, f"no WebSocket: {status!r}"
        while self._file.readline().strip():
            pass

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._file.close()
        self._socket.close()

    def send(self, value: Any) -> None:
        """Send a JSON value."""
        self._send_frame(_TEXT, json.dumps(value).encode())

    def receive(self) -> Any:
        """Return the next JSON value; EOFError when the other side leaves."""
        text = b""
        while True:
            is_last, kind, payload = self._frame()
            if kind == _CLOSE:
                raise EOFError("the other side closed the WebSocket")
            if kind == _PING:
                self._send_frame(_PONG, payload)
                continue
            if kind == _PONG:
                continue
            text += payload
            if is_last:
                return json.loads(text)

    def _frame(self) -> tuple[bool, int, bytes]:
        head = self._exactly(2)
        length = head[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        return bool(head[0] & _FIN), head[0] & 0x0F, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise EOFError("the WebSocket broke")
        return data

    def _send_frame(self, kind: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            size = struct.pack("!B", _MASKED | length)
        elif length < 2**16:
            size = struct.pack("!BH", _MASKED | 126, length)
        else:
            size = struct.pack("!BQ", _MASKED | 127, length)
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._socket.sendall(bytes([_FIN | kind]) + size + mask + masked)
