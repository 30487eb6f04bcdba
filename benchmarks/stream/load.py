"""A crowd of viewers in one thread: reads streams, and notes what came when.

Pictures are thrown away inside the kernel (MSG_TRUNC) behind their first bytes, so that a viewer
costs a fraction of what the server pays for it.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from benchmarks.stream.marks import read_mark

_PART = re.compile(rb"content-length: *(\d+)[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n", re.IGNORECASE)
_LOOK_BYTES = 2304
"""Read of each part: its header, and enough of the picture to tell it from others."""
_ALIKE_BYTES = 800
"""Of pictures without a mark: equal ones begin with so many equal bytes, the tables and the row
with the number. Boxes and clocks drawn further down make no new picture."""
_SCRATCH = bytearray(1 << 20)
_TICK_S = 0.02
"""How often those are served who read slowly."""
_CONNECT_S = 20.0


class Pace(Enum):
    """How a viewer reads."""

    FAST = "fast"
    SLOW = "slow"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture that a viewer has read to its end.

    Attributes:
        at_ns: When, monotonic.
        identity: Its number, or without a mark something that differs from picture to picture.
        age_ms: Since it was made; None without a mark.
    """

    at_ns: int
    identity: int
    age_ms: float | None


class Viewer:
    """One connection. Reads the parts of a stream that states their lengths."""

    def __init__(self, url: str, pace: Pace, window_bytes: int = 0) -> None:
        self.pace = pace
        self.seen: list[Seen] = []
        self.read_bytes = 0
        self.first_ms: float | None = None
        self.gone = False
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.socket = socket.socket()
        if window_bytes:  # before it connects; the kernel doubles it, and half of that is window
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        self.socket.settimeout(_CONNECT_S)
        self.socket.connect((parts.hostname, parts.port))
        self.port: int = self.socket.getsockname()[1]
        self.asked_s = time.monotonic()
        target = parts._replace(scheme="", netloc="").geturl()
        request = f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n"
        self.socket.sendall(request.encode())
        self.socket.setblocking(False)
        self._start = b""
        self._left = 0
        self._length = 0

    def read(self, most_bytes: int = 1 << 30) -> None:
        """Take what is there, up to a number of bytes."""
        while most_bytes > 0 and not self.gone:
            in_picture = self._left > 0
            wanted = min(self._left if in_picture else _LOOK_BYTES, most_bytes, len(_SCRATCH))
            try:
                flags = socket.MSG_TRUNC if in_picture else 0
                got = self.socket.recv_into(_SCRATCH, wanted, flags)
            except BlockingIOError:
                return
            except OSError:
                got = 0
            if got == 0:
                self.gone = True
                return
            self.read_bytes += got
            most_bytes -= got
            if in_picture:
                self._left -= got
                if self._left == 0:
                    self._finish()
            else:
                self._start += _SCRATCH[:got]
                self._parse()
                if got < wanted:
                    return

    def _parse(self) -> None:
        """Look for the header of the next part; what follows it is the picture's beginning."""
        while self._left == 0 and (found := _PART.search(self._start)):
            self._length = int(found[1])
            begun = self._start[found.end() :]
            if len(begun) < min(self._length, _ALIKE_BYTES):
                return  # too little to tell which picture it is
            self._start, behind = begun[: self._length], begun[self._length :]
            self._left = self._length - len(self._start)
            if self._left == 0:
                self._finish()
                self._start = behind

    def _finish(self) -> None:
        now_ns = time.monotonic_ns()
        mark = read_mark(self._start)
        if mark is None:
            self.seen.append(Seen(now_ns, hash(self._start[:_ALIKE_BYTES]), None))
        else:
            self.seen.append(Seen(now_ns, mark[0], (now_ns - mark[1]) / 1e6))
        if self.first_ms is None:
            self.first_ms = (time.monotonic() - self.asked_s) * 1000
        self._start = b""


@dataclass
class Crowd:
    """Viewers of one stream, while it is entered as a context. Owned by one thread.

    Attributes:
        rate: Bytes a second that a slow viewer reads.
        window_bytes: What each connection may hold unread; 0: the kernel decides.
    """

    url: str
    fast: int
    slow: int = 0
    never: int = 0
    rate: int = 0
    window_bytes: int = 0
    viewers: list[Viewer] = field(default_factory=list)
    _epoll: select.epoll = field(default_factory=select.epoll)
    _by_fd: dict[int, Viewer] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        paces = [Pace.FAST] * self.fast + [Pace.SLOW] * self.slow + [Pace.NEVER] * self.never
        self._open.enter_context(self._epoll)
        for pace in paces:
            viewer = Viewer(self.url, pace, self.window_bytes)
            self._open.enter_context(viewer.socket)
            self.viewers.append(viewer)
            if pace is Pace.FAST:
                self._epoll.register(viewer.socket, select.EPOLLIN)
                self._by_fd[viewer.socket.fileno()] = viewer
            self._serve(0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def of(self, pace: Pace) -> list[Viewer]:
        """Return the viewers that read so."""
        return [viewer for viewer in self.viewers if viewer.pace is pace]

    def watch(self, seconds: float, each_s: Callable[[float], None] | None = None) -> None:
        """Read for some time; ``each_s`` is called about once a second with the time passed."""
        began_s = last_s = called_s = time.monotonic()
        while (now_s := time.monotonic()) < began_s + seconds:
            self._serve(min(_TICK_S, began_s + seconds - now_s))
            served_s = time.monotonic()
            self._let_slow_read((served_s - last_s) * self.rate)
            last_s = served_s
            if each_s is not None and now_s > called_s + 1:
                called_s = now_s
                each_s(now_s - began_s)

    def wait_for_all(self, timeout_s: float = _CONNECT_S) -> bool:
        """Read until each fast viewer has a picture; tell whether they all have."""
        deadline_s = time.monotonic() + timeout_s
        fast = self.of(Pace.FAST)
        while not all(viewer.seen for viewer in fast):
            if time.monotonic() > deadline_s:
                return False
            self.watch(0.1)
        return True

    def _serve(self, timeout_s: float) -> None:
        for fd, _ in self._epoll.poll(timeout_s):
            viewer = self._by_fd[fd]
            viewer.read()
            if viewer.gone:
                self._epoll.unregister(fd)

    def _let_slow_read(self, allowance: float) -> None:
        for viewer in self.of(Pace.SLOW) if self.rate else ():
            viewer.read(int(allowance))


def wait_until_it_streams(url: str, timeout_s: float = 30.0) -> None:
    """Wait for a stream's first picture; some servers hang up before their camera gives one."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        with Crowd(url, 1) as scout:
            while not scout.viewers[0].gone and time.monotonic() < deadline_s:
                scout.watch(0.1)
                if scout.viewers[0].seen:
                    return
        time.sleep(0.1)
    raise SystemExit(f"{url} shows nothing")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share (0..1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
