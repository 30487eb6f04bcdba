"""The command ``send``: gives a camera's pictures to a pimotion on another machine, by ImageZMQ.

For a machine that can take pictures but not judge them. There the camera is
``source: imagezmq:tcp://ADDRESS:PORT#NAME``; any other ImageZMQ hub understands it, too.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from dataclasses import dataclass
from socket import getaddrinfo
from types import ModuleType
from typing import Any

from pimotion.capture.bounded import BoundedCall
from pimotion.capture.factory import source_for
from pimotion.capture.imagezmq_hub import is_ipv6, zmq_library
from pimotion.capture_loop import CaptureLoop
from pimotion.config.camera import Camera
from pimotion.errors import ConfigError, PictureError
from pimotion.exit_codes import PASSED, THREAD_DIED
from pimotion.health import Beat, Threads, notify_systemd
from pimotion.latest import Latest
from pimotion.log import Repeated
from pimotion.privacy import Shutter
from pimotion.run import Signals
from pimotion.types import Frame, NoFrames, Switches

log = logging.getLogger(__name__)

_TURN_S = 0.25
_REPLY_S = 5.0
"""A hub replies at once. One that has not by then will never: it was restarted meanwhile."""
_HANGS_S = 15.0
_RETRY_MS, _LONGEST_RETRY_MS = 200, 2000
_STOP_S = 1.0
_HUB = re.compile(r"tcp://(?P<host>[A-Za-z0-9_.:%\[\]-]+):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
_LOOK_UP_S = 3.0
_TAKEN = "the hub takes the pictures"
_SILENT = "the hub does not answer, trying on"
_UNKNOWN = "the hub's name has no address, trying on; check --to, or give its IP address there"
_MAX_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """What to send where.

    Attributes:
        hub: ``tcp://HOST:PORT``.
        name: What the hub tells this camera from others by.
        quality: Of the JPEGs, 1..100; None: a camera's own JPEGs as they are, else 80.
    """

    hub: str
    name: str
    quality: int | None = None

    def __post_init__(self) -> None:
        """Raise `ConfigError` with everything that is wrong."""
        problems = []
        hub = _HUB.fullmatch(self.hub)
        if hub is None or not 1 <= int(hub["port"]) <= _LAST_PORT:
            problems.append(f"--to must be tcp://HOST:PORT, got '{self.hub}'")
        if not 1 <= len(self.name) <= _MAX_NAME or not self.name.isprintable():
            problems.append(f"--name must be 1 to {_MAX_NAME} letters, got '{self.name}'")
        if self.quality is not None and not 1 <= self.quality <= 100:  # noqa: PLR2004
            problems.append(f"--quality must be between 1 and 100, got {self.quality}")
        if problems:
            raise ConfigError(problems)


def send(camera: Camera, options: SendOptions) -> int:
    """Send until told to stop; return the exit code.

    Raises:
        SourceLost: pyzmq is missing.
    """
    zmq = zmq_library()
    signals = Signals()
    threads = Threads()
    frames: Latest[Frame | NoFrames] = Latest()
    capture = CaptureLoop(options.name, camera, source_for(camera), Shutter(frames, Switches()))
    sender = Sender(zmq, frames, options)
    threads.start("capture", capture.run, beat=capture.beat)
    sending = threads.start("send", sender.run, beat=sender.beat)
    notify_systemd("READY=1")
    while not signals.stop and threads.dead is None:
        signals.wait(threads.changed, 1.0)
        for name in threads.stuck():
            threads.give_up(name)
        notify_systemd("WATCHDOG=1")
    threads.close()
    capture.stop()
    sender.stop()
    sending.join(_STOP_S)
    return PASSED if threads.dead is None else THREAD_DIED


class Sender:
    """Sends the newest picture, waits for the reply, sends the next. `run` is a thread's body.

    A hub may vanish at any moment, and a REQ socket without its reply is stuck for ever. So after
    `_REPLY_S` the socket is thrown away and a new one asks (the "lazy pirate" of the ZeroMQ guide,
    chapter 4). A picture is chosen when there is a connection to send it by, so that none waits
    in a queue and arrives old.
    """

    def __init__(
        self, zmq: ModuleType, frames: Latest[Frame | NoFrames], options: SendOptions
    ) -> None:
        self.beat = Beat(_HANGS_S)
        self._zmq = zmq
        self._frames = frames
        self._options = options
        self._header = json.dumps({"msg": options.name}).encode()
        self._stopping = threading.Event()
        self._repeated = Repeated(log)
        self._told = ""
        self._lost: str | None = None
        self._seen = 0

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()
        self._frames.wake()

    def run(self) -> None:
        """Send until `stop`."""
        context = self._zmq.Context()
        if not _has_address(self._options.hub):  # a mistyped name is told at once
            self._tell(logging.WARNING, _UNKNOWN)
        try:
            while not self._stopping.is_set():
                self._use(self._connected(context))
        finally:
            context.destroy(linger=0)

    def _connected(self, context: Any) -> Any:
        zmq = self._zmq
        socket = context.socket(zmq.REQ)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.IPV6, is_ipv6(self._options.hub))
        socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing is queued for a hub that is not there
        socket.setsockopt(zmq.RECONNECT_IVL, _RETRY_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, _LONGEST_RETRY_MS)
        socket.connect(self._options.hub)
        return socket

    def _use(self, socket: Any) -> None:
        """Send by one socket until a reply does not come."""
        try:
            while self._ready(socket, self._zmq.POLLOUT):
                frame = self._next_frame()
                if frame is not None and not self._give(socket, frame):
                    break
            self._say_silent()
        finally:
            socket.close()

    def _give(self, socket: Any, frame: Frame) -> bool:
        """Send one picture; False when there is no reply."""
        try:
            jpeg = frame.picture.jpeg(self._options.quality)
        except PictureError as error:
            self._repeated.warning("broken", f"picture skipped error={error}")
            return True
        try:
            socket.send_multipart([self._header, jpeg], flags=self._zmq.NOBLOCK)
        except self._zmq.Again:  # the hub went while the picture was chosen
            return True
        if not self._ready(socket, self._zmq.POLLIN):
            return False
        self._note(b"".join(socket.recv_multipart()))
        return True

    def _ready(self, socket: Any, event: int) -> bool:
        """Wait for the socket; False after `_REPLY_S` or when told to stop."""
        for _ in range(round(_REPLY_S / _TURN_S)):
            self.beat.renew()
            if self._stopping.is_set():
                return False
            if socket.poll(_TURN_S * 1000, event):
                return True
            self._note_camera(self._frames.peek())  # a silent hub must not hide a lost camera
        return False

    def _next_frame(self) -> Frame | None:
        taken = self._frames.wait(self._seen, _TURN_S)
        if taken is None:
            return None
        self._seen = taken.number
        self._note_camera(taken.value)
        return None if isinstance(taken.value, NoFrames) else taken.value

    def _note_camera(self, newest: Frame | NoFrames | None) -> None:
        lost = newest.reason if isinstance(newest, NoFrames) else None
        if lost is not None and lost != self._lost:
            log.warning("camera is lost reason=%s", lost)
        self._lost = lost

    def _note(self, reply: bytes) -> None:
        if reply.startswith(b"refused"):
            text = "".join(c for c in reply[:200].decode("utf-8", "replace") if c.isprintable())
            self._repeated.warning("refused", f"the hub does not take a picture reply={text}")
        else:
            self._tell(logging.INFO, _TAKEN)

    def _say_silent(self) -> None:
        if not self._stopping.is_set():
            self._tell(logging.WARNING, _SILENT if _has_address(self._options.hub) else _UNKNOWN)

    def _tell(self, level: int, text: str) -> None:
        if text != self._told:
            log.log(level, "%s hub=%s name=%s", text, self._options.hub, self._options.name)
            self._told = text


def _has_address(hub: str) -> bool:
    """Tell whether the host's name is known, which ZeroMQ keeps to itself; it may be so later."""
    found = _HUB.fullmatch(hub)
    assert found is not None
    host = found["host"].strip("[]")
    try:
        BoundedCall(lambda: getaddrinfo(host, None)).result(_LOOK_UP_S)
    except (OSError, UnicodeError):  # the latter of a name that no host can have
        return False
    return True
