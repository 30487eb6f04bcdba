"""One viewer's socket, and what he gets next. Owned by one thread."""

from __future__ import annotations

import contextlib
import math
import socket
import struct
from typing import cast

from pimotion.pace import Pacer
from pimotion.stream.kernel import Poller, Unsent
from pimotion.stream.load import GONE, Load
from pimotion.stream.tls import TlsSocket
from pimotion.stream.viewer import REPEAT_S, Viewing

_ANY = 0x7FFF_FFFF
"""Bytes: more than any socket has unsent."""

_AT_ONCE = struct.pack("ii", 1, 0)


class Member:
    """One viewer's socket. Not one method waits; each may raise OSError: the viewer has gone.

        FREE --a part--> FREE                         the kernel took all of it
             --a part--> SENDING --rest taken--> FREE
             --a part--> DRAINING --drained--> FREE   the one before has not left: skip, newest next
             --a part--> FREE                         too early for his fps: when no other follows

    A part that was begun is finished. The next begins only when the one before has left this
    machine, and is then the newest: who has a slow link sees fewer pictures, none of them older
    than what is on the way to him.

    Attributes:
        fd: The socket's descriptor.
        encrypts: True if its bytes are for this viewer alone, so that a file does not help.
        waits: True while SENDING or DRAINING.
        sent: Pictures that went out.
    """

    __slots__ = (
        "_given_s", "_is_draining", "_is_owed", "_is_repeat", "_is_sending", "_left",
        "_load", "_offset", "_owed_at_s", "_pacer", "_poller", "_progress_s", "_repeat_after_s",
        "_took_s", "_unsent", "encrypts", "fd", "sent", "socket", "viewing", "waits",
    )  # fmt: skip

    def __init__(
        self, viewer: socket.socket, viewing: Viewing, poller: Poller, unsent: Unsent
    ) -> None:
        """Take a socket over.

        Args:
            viewer: Connected and non-blocking.
            viewing: What is to be shown there.
            poller: Told when to look whether the socket can be written.
            unsent: Tells how many bytes of a descriptor are still to be sent.
        """
        self.socket = viewer
        self.viewing = viewing
        self.waits = False
        self.sent = 0
        self.fd = viewer.fileno()
        self.encrypts = isinstance(viewer, TlsSocket)
        self._poller = poller
        self._unsent = unsent
        fps = viewing.wish.fps
        self._pacer = Pacer(fps) if fps else None
        self._load: Load | None = None
        self._offset = 0
        self._is_owed = False
        self._owed_at_s = math.inf
        self._is_repeat = False
        self._is_sending = False
        self._is_draining = False
        self._left = _ANY
        self._progress_s = 0.0
        self._given_s = self._took_s = 0.0
        self._repeat_after_s = viewing.repeat_after_s

    def offer(self, load: Load, now_s: float) -> None:
        """Give a new part if its turn has come and the viewer is free."""
        if self.is_due(load) and self.is_free(now_s, self._unsent.of(self.fd)):
            self.give(load, now_s)

    def is_due(self, load: Load) -> bool:
        """Tell whether a new part's turn has come."""
        if self._pacer is None:
            return True
        gets_all = self.viewing.wish.gets_all(load.at_fps)
        is_due = gets_all or self._pacer.is_due(load.captured_s)
        self._owed_at_s = math.inf if is_due else self._pacer.owed_at_s + load.lag_s
        return is_due

    def is_free(self, now_s: float, unsent: int) -> bool:
        """Tell whether the part before has left this machine; else the viewer skips a new one.

        Args:
            now_s: Monotonic.
            unsent: How many bytes of it have not.
        """
        if self.waits or unsent:
            self._skip(now_s)
            return False
        return True

    def give(self, load: Load, now_s: float) -> None:
        """Send a new part that `is_due` to a viewer who `is_free`."""
        self.took(load, self._send(load, 0), now_s)

    def took(self, load: Load, sent: int, now_s: float) -> None:
        """Note that a new part was sent to him as by `give`: ``sent`` bytes, or `GONE`."""
        self._is_repeat = False
        if sent == load.length:  # as `_began` would, but this is done for each viewer and picture
            self._load = load
            self._given_s = now_s
            self._took_s = 0.0
            self.sent += 1
        elif sent == GONE:
            raise ConnectionError("the viewer has gone")
        else:
            self._began(load, sent, now_s)

    @property
    def repeat_at_s(self) -> float:
        """When a picture without a successor is to be sent again, while not `waits`.

        Who takes long for a picture gets it again only after as long: his link is for new ones.
        """
        repeat_after_s = REPEAT_S if self._is_repeat else self._repeat_after_s
        return min(self._given_s + max(repeat_after_s, self._took_s), self._owed_at_s)

    def repeat(self, newest: Load, now_s: float) -> None:
        """Send the last part again, or the newest if that came too early and its turn is now."""
        if self._unsent.of(self.fd):  # he is not that far
            self._wait(now_s)
            self._drain()
            return
        if self._pacer is not None and now_s >= self._owed_at_s:
            self._pacer.is_due(now_s - newest.lag_s)
            self._owed_at_s = math.inf
            self._is_repeat = False
            self._begin(newest, now_s)
            return
        self._is_repeat = True
        self._begin(self._load or newest, now_s)

    def go_on(self, newest: Load, now_s: float) -> None:
        """Do what the socket was waited for."""
        if self._is_sending and not self._finish():
            return
        if self._is_owed and self._unsent.of(self.fd):
            self._drain()
            return
        self._stop_waiting()
        self._took_s = min(now_s - self._given_s, REPEAT_S)
        self._given_s = now_s
        if self._is_owed:
            self._is_owed = self._is_repeat = False
            self._owed_at_s = math.inf
            self._begin(newest, now_s)

    def has_stalled(self, now_s: float, stall_s: float) -> bool:
        """Tell whether a viewer who `waits` has taken nothing for so long; ask now and then."""
        rest = self._load.length - self._offset if self._load and self._is_sending else 0
        left = rest + self._unsent.of(self.fd)
        if left < self._left:
            self._left, self._progress_s = left, now_s
        return now_s - self._progress_s >= stall_s

    def report(self) -> None:
        """Tell others how many pictures went out."""
        self.viewing.sent = self.sent

    def close(self) -> None:
        """Close the socket and give the place back."""
        if self._load is not None and self._is_sending:
            self._load.let_go()
        if self.viewing.stalled:  # what waits in the kernel is for nobody: drop it, do not try on
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.socket.close()
        self.report()
        self.viewing.close()

    def _begin(self, load: Load, now_s: float) -> None:
        self._began(load, self._send(load, 0), now_s)

    def _send(self, load: Load, offset: int) -> int:
        try:
            if self.encrypts:
                return load.send_encrypted(cast("TlsSocket", self.socket), offset)
            return load.send(self.socket, self.fd, offset)
        except BlockingIOError:
            return 0

    def _began(self, load: Load, sent: int, now_s: float) -> None:
        self._load = load
        self._given_s = now_s
        if sent == load.length:
            self._took_s = 0.0
            self._end()
            return
        load.hold()
        self._offset, self._is_sending = sent, True
        self._wait(now_s)

    def _finish(self) -> bool:
        load = cast("Load", self._load)
        self._offset += self._send(load, self._offset)
        if self._offset < load.length:
            return False
        load.let_go()
        self._is_sending = False
        self._end()
        return True

    def _end(self) -> None:
        if not self._is_repeat:
            self.sent += 1

    def _skip(self, now_s: float) -> None:
        self.viewing.skipped += 1
        self._is_owed = True
        if not self.waits:
            self._wait(now_s)
            self._drain()

    def _wait(self, now_s: float) -> None:
        self.waits = True
        self._left, self._progress_s = _ANY, now_s
        self._poller.arm(self.socket, to_write=True)

    def _drain(self) -> None:
        """Let the socket count as writable only when nothing is left to be sent."""
        self._is_draining = True
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 1)

    def _stop_waiting(self) -> None:
        self.waits = False
        self._poller.arm(self.socket, to_write=False)
        if self._is_draining:
            self._is_draining = False
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 0)
