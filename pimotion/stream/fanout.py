"""Sends every stream to its viewers, from one thread.

What it costs is what the kernel charges to send: two system calls for each viewer and picture, one
that asks what is unsent and one that sends. A thread for each viewer costs three times as much
(benchmarks/results.md).
"""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import socket
import threading
import time
from collections import deque

from pimotion.health import IDLE_S, Beat, Threads
from pimotion.stream.audience import Audience
from pimotion.stream.kernel import Unsent, Waker, poller
from pimotion.stream.member import Member
from pimotion.stream.viewer import MARK_EVERY_S, Parts, Viewing

log = logging.getLogger(__name__)

STALL_S = 10.0
"""A viewer who takes no byte for this long has gone."""

_LOOK_EVERY_S = 0.25
"""How often it is looked whether someone who is busy makes progress."""

_BLIND_BYTES = 64 * 1024
"""What the kernel may hold for a viewer where it does not tell how much that is: megabytes would be
old pictures to one with a slow link, and look as if he took nothing. Linux takes it twice."""

_HANGS_S = 10.0
"""No step of the thread waits for anybody."""


class Fanout:
    """Owns the sockets of all streams. `run` is the body of the thread ``fanout``.

    Nobody waits for it: `add` and the news of a picture are left in a queue, and it is woken.

    Attributes:
        stall_s: A viewer who takes nothing for so long is cut.
    """

    def __init__(self, *, stall_s: float = STALL_S) -> None:
        self.stall_s = stall_s
        self._arrivals: deque[tuple[socket.socket, Viewing, bytes]] = deque()
        self._news: deque[Audience] = deque()
        self._waker = Waker()
        self._poller = poller(self._waker)
        self._unsent = Unsent()
        self._audiences: dict[tuple[Parts, bool], Audience] = {}
        self._members: dict[int, tuple[Member, Audience]] = {}
        self._tend_at_s = self._mark_at_s = 0.0
        self._stopping = False
        self._has_ended = False
        self._beat = Beat(_HANGS_S)
        self._thread: threading.Thread | None = None

    @property
    def count(self) -> int:
        """How many viewers there are now."""
        return len(self._members)

    def start(self, threads: Threads) -> None:
        """Start the thread."""
        self._thread = threads.start("fanout", self.run, may_end=True, beat=self._beat)

    def add(self, viewer: socket.socket, viewing: Viewing, head: bytes) -> None:
        """Take a viewer's socket over. Any thread may call this.

        Args:
            viewer: Non-blocking; nobody else may use it from now on.
            viewing: What to send there, until he leaves.
            head: Goes before it: the head of the HTTP answer, and what opens the stream.
        """
        self._arrivals.append((viewer, viewing, head))
        self._waker.wake()
        if self._has_ended:
            self._refuse()

    def stop(self, timeout_s: float) -> None:
        """Close every stream, and wait for the thread."""
        self._stopping = True
        self._waker.wake()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Send until `stop`."""
        try:
            while not self._stopping:
                if not self._members:
                    self._beat.rest(IDLE_S)
                ready = self._poller.wait(self._pause_s())
                self._beat.renew()
                now_s = time.monotonic()
                self._spread(now_s)
                for fd, has_gone in ready:
                    self._attend(fd, now_s, has_gone=has_gone)
                self._admit(now_s)
                if now_s >= self._due_s():
                    self._tend(now_s)
        finally:
            self._close()

    def _pause_s(self) -> float:
        return max(0.0, self._due_s() - time.monotonic()) if self._members else IDLE_S

    def _due_s(self) -> float:
        """Return when to `_tend`: not between pictures that follow each other for everybody."""
        return min([self._tend_at_s, *(each.repeat_at_s for each in self._audiences.values())])

    def _spread(self, now_s: float) -> None:
        """Give new pictures to those who watch them."""
        while self._news:
            for gone in self._news.popleft().follow(now_s):
                self._remove(gone)

    def _attend(self, fd: int, now_s: float, *, has_gone: bool) -> None:
        """Go on with a viewer whose socket is ready."""
        member, audience = self._members.get(fd, (None, None))
        if member is None or audience is None:
            return
        if has_gone:
            member.viewing.stalled = _timed_out(member.socket)
            self._remove(member)
        elif member.waits:
            try:
                member.go_on(audience.newest, now_s)
            except OSError:
                self._remove(member)

    def _admit(self, now_s: float) -> None:
        """Begin with new viewers."""
        while self._arrivals:
            viewer, viewing, head = self._arrivals.popleft()
            audience = self._audience(viewing, now_s)
            if not self._unsent.can_tell:
                viewer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BLIND_BYTES)
            member = Member(viewer, viewing, self._poller, self._unsent)
            self._members[viewer.fileno()] = (member, audience)
            self._poller.add(viewer)
            try:
                audience.admit(member, head, now_s)
            except OSError:
                self._remove(member)

    def _audience(self, viewing: Viewing, now_s: float) -> Audience:
        """Return those who watch the same in the same framing, with the newest part for them."""
        key = (viewing.parts, viewing.wish.advance)
        audience = self._audiences.get(key)
        for gone in audience.follow(now_s) if audience else ():
            self._remove(gone)  # the last one takes the audience with him
        if audience is None or key not in self._audiences:
            audience = self._audiences[key] = Audience(*key, self._unsent, self._hear)
            audience.follow(now_s)
        return audience

    def _hear(self, audience: Audience) -> None:
        self._news.append(audience)
        self._waker.wake()

    def _tend(self, now_s: float) -> None:
        """Repeat pictures that have no successor, and cut those who take nothing."""
        self._tend_at_s = now_s + _LOOK_EVERY_S
        for audience in self._audiences.values():
            audience.repeat_at_s = math.inf
        self._mark(now_s)
        for member, audience in list(self._members.values()):
            viewing = member.viewing
            if member.waits:
                viewing.stalled = member.has_stalled(now_s, self.stall_s)
            elif now_s >= member.repeat_at_s:
                try:
                    member.repeat(audience.newest, now_s)
                except OSError:
                    viewing.ended = True
            if viewing.stalled or viewing.ended:
                self._remove(member)
            elif not member.waits:
                audience.repeat_at_s = min(audience.repeat_at_s, member.repeat_at_s)

    def _mark(self, now_s: float) -> None:
        """Tell now and then what each viewer has had."""
        if now_s >= self._mark_at_s:
            self._mark_at_s = now_s + MARK_EVERY_S
            for member, _ in self._members.values():
                member.report()
                member.viewing.mark(now_s)

    def _remove(self, member: Member) -> None:
        """Forget a viewer, and a variant with the last one of it."""
        _, audience = self._members.pop(member.socket.fileno())
        if member in audience.members:
            audience.members.remove(member)
        self._poller.remove(member.socket)
        member.close()
        if not audience.members:
            audience.close()
            self._audiences = {key: each for key, each in self._audiences.items() if each.members}

    def _close(self) -> None:
        for member, _ in list(self._members.values()):
            self._remove(member)
        self._has_ended = True
        self._refuse()
        self._poller.close()
        self._waker.close()

    def _refuse(self) -> None:
        """Close those who came too late. Any thread may do it."""
        with contextlib.suppress(IndexError):
            while True:
                viewer, viewing, _ = self._arrivals.popleft()
                viewer.close()
                viewing.close()


def _timed_out(viewer: socket.socket) -> bool:
    """Tell whether the kernel gave a viewer up because he acknowledged nothing for too long."""
    return viewer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ETIMEDOUT
