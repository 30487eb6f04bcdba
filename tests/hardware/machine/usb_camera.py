"""A webcam in user space, to which the kernel's own uvcvideo driver binds.

Underneath is vhci-hcd, usbip's virtual host controller, which takes the requests of USB over a
socket; this program answers them. So it is a USB camera that can be pulled out, can hang and can
send rubbish. As root, in a throw-away machine:

    modprobe -a vhci-hcd uvcvideo; python usb_camera.py /run/usb.control &

Lines that are written to that FIFO: unplug, plug, stall, resume, motion on|off, black on|off,
truncate N, garbage N, quit.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
import threading
import time
from collections import deque
from pathlib import Path

from hardware.machine import usb_descriptors as usb
from hardware.machine.usb_pictures import MJPG, Scene

FPS = 15
_ATTACH = Path("/sys/devices/platform/vhci_hcd.0/attach")
_PORT, _DEVICE, _HIGH_SPEED = 0, 0x10002, 3
_SUBMIT, _UNLINK, _SUBMITTED, _UNLINKED = 1, 2, 3, 4  # Documentation/usb/usbip_protocol.rst
_PAYLOAD_HEADER_BYTES = 2


class Webcam:
    """The camera, plugged in or not."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.is_stalled = False
        self._connection: Connection | None = None

    def plug(self) -> None:
        """Hand the kernel one end of a new connection."""
        if self._connection is not None:
            return
        ours, kernels = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with kernels:
            _ATTACH.write_text(f"{_PORT} {kernels.fileno()} {_DEVICE} {_HIGH_SPEED}")
        self._connection = Connection(self, ours)

    def unplug(self) -> None:
        """End the connection, as a cable does."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def obey(self, line: str) -> None:
        """Do what a line of the FIFO says."""
        match line.split():
            case ["plug"]:
                self.plug()
            case ["unplug"]:
                self.unplug()
            case ["stall" | "resume" as word]:
                self.is_stalled = word == "stall"
            case ["motion" | "black" as name, "on" | "off" as word]:
                setattr(self.scene, name, word == "on")
            case ["truncate" | "garbage" as name, count]:
                setattr(self.scene, name, int(count))


class Connection:
    """One time of being plugged in: a thread that answers, and one that sends pictures."""

    def __init__(self, camera: Webcam, end: socket.socket) -> None:
        self._camera = camera
        self._end = end
        self._is_open = True
        self._is_streaming = False
        self._format, self._frame = MJPG, 1
        self._wanted: deque[tuple[int, int]] = deque()  # bulk requests: sequence number, bytes
        self._changed = threading.Condition()
        for run in (self._answer, self._send):
            threading.Thread(target=self._until_closed, args=(run,), daemon=True).start()

    def close(self) -> None:
        """End it from our side."""
        self._is_open = False
        self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()

    def _until_closed(self, run: object) -> None:
        assert callable(run)
        try:
            while self._is_open:
                run()
        except OSError:  # the cable is out, or the kernel let go
            self._is_open = False

    def _answer(self) -> None:
        """Take one message of the kernel's."""
        head = self._read(48)
        kind, sequence, _, direction, endpoint = struct.unpack(">IIIII", head[:20])
        if kind == _SUBMIT:
            (length,) = struct.unpack(">i", head[24:28])
            data = self._read(length) if direction == 0 and length else b""
            self._take(sequence, endpoint, direction, length, head[40:48], data)
        elif kind == _UNLINK:
            self._unlink(sequence, *struct.unpack(">I", head[20:24]))

    def _take(
        self, sequence: int, endpoint: int, direction: int, length: int, setup: bytes, data: bytes
    ) -> None:
        with self._changed:
            if endpoint == 1 and direction == 1:
                self._wanted.append((sequence, length))
                self._changed.notify()
                return
            answer = self._control(setup, data) if endpoint == 0 else None
            if answer is None:
                self._reply(sequence, -errno.EPIPE)
            elif direction == 0:
                self._reply(sequence, 0, length=length)
            else:
                self._reply(sequence, 0, answer)

    def _unlink(self, sequence: int, victim: int) -> None:
        with self._changed:
            found = next((each for each in self._wanted if each[0] == victim), None)
            if found is not None:
                self._wanted.remove(found)
            status = -errno.ECONNRESET if found else 0
            self._end.sendall(
                struct.pack(">IIIIIi", _UNLINKED, sequence, 0, 0, 0, status) + bytes(24)
            )

    def _control(self, setup: bytes, data: bytes) -> bytes | None:
        """Answer a request on endpoint 0; None refuses it."""
        kind, request, value, index, length = struct.unpack("<BBHHH", setup)
        match (kind, request):
            case (0x21 | 0xA1, _) if index & 0xFF == 1:
                return self._of_stream(kind, request, value >> 8, data, length)
            case (0x80, 6):
                return self._descriptor(value >> 8, value & 0xFF, length)
            case (0x80, 0):
                return bytes(2)[:length]
            case (0x00, 5 | 9) | (0x01, 11) | (0x02, 1):
                self._is_streaming &= kind != 0x02  # with that the driver has stopped the stream
                return b""
            case (0x81, 10):
                return bytes(1)
        return None

    def _descriptor(self, kind: int, number: int, length: int) -> bytes | None:
        if kind == 3:
            text = usb.STRINGS.get(number, "").encode("utf-16-le")
            made = bytes([2 + len(text), 3]) + text if number else b"\x04\x03\x09\x04"
            return made[:length]
        whole = {1: usb.device(), 2: usb.configuration(FPS)}.get(kind)
        return None if whole is None else whole[:length]

    def _of_stream(
        self, kind: int, request: int, selector: int, data: bytes, length: int
    ) -> bytes | None:
        match (kind, request):
            case (0x21, 1):
                self._format = min(max(data[2], 1), 2)
                self._frame = min(max(data[3], 1), len(usb.SIZES))
                self._is_streaming = selector == 2 or self._is_streaming
                return b""
            case (0xA1, 0x81 | 0x82 | 0x83 | 0x87):
                return usb.probe(self._format, self._frame, FPS)[:length]
            case (0xA1, 0x86):
                return b"\x03"
            case (0xA1, 0x85):
                return struct.pack("<H", 26)
        return None

    def _send(self) -> None:
        """Send pictures at the camera's rate while they are wanted."""
        number, toggle, due_s = 0, 0, time.monotonic()
        while self._is_open:
            if not self._is_streaming or self._camera.is_stalled:
                time.sleep(0.02)
                due_s = time.monotonic()
                continue
            time.sleep(max(0.0, due_s - time.monotonic()))
            due_s = max(due_s + 1 / FPS, time.monotonic() - 0.5)
            picture = self._camera.scene.picture(self._format, self._frame, number)
            number, toggle = number + 1, toggle ^ 1
            self._send_picture(picture, toggle)

    def _send_picture(self, picture: bytes, toggle: int) -> None:
        position = 0
        while position < len(picture):
            with self._changed:
                while not self._wanted:
                    if not (self._is_streaming and self._is_open):
                        return
                    self._changed.wait(0.2)
                sequence, room = self._wanted.popleft()
                most = min(room, usb.MOST_PAYLOAD_BYTES) - _PAYLOAD_HEADER_BYTES
                chunk = picture[position : position + most]
                position += len(chunk)
                flags = 0x80 | toggle | (2 if position >= len(picture) else 0)
                self._reply(sequence, 0, bytes([_PAYLOAD_HEADER_BYTES, flags]) + chunk)

    def _reply(
        self, sequence: int, status: int, data: bytes = b"", length: int | None = None
    ) -> None:
        actual = len(data) if length is None else length
        head = struct.pack(">IIIII", _SUBMITTED, sequence, 0, 0, 0)
        self._end.sendall(head + struct.pack(">iiiii", status, actual, 0, 0, 0) + bytes(8) + data)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._end.recv(count - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data


def main() -> None:
    """Plug the camera in, and do what the FIFO says."""
    control = Path(sys.argv[1])
    control.unlink(missing_ok=True)
    os.mkfifo(control)
    camera = Webcam(Scene())
    camera.plug()
    # Open for both, so that it does not end when a writer goes.
    with os.fdopen(os.open(control, os.O_RDWR)) as lines:
        for line in lines:
            if line.strip() == "quit":
                break
            camera.obey(line)
    camera.unplug()


if __name__ == "__main__":
    main()
