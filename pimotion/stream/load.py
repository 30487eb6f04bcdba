"""One part on its way to many sockets, the cheaper of two ways."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Sequence
from itertools import repeat

from pimotion.stream.kernel import file_in_memory
from pimotion.stream.tls import TlsSocket

GONE = -1
"""In the place of how many bytes a viewer took."""

# A part goes out by `send`, which copies its bytes into the kernel for each viewer, or by
# `sendfile` from a file in memory, which copies them once. Measured over loopback (C, x86-64, 32
# sockets, 2026-11), us: a part of 15 kB costs 7.2 or 6.4 a viewer, 40 kB 9.8 or 6.9, 92 kB 18.7 or
# 9.3, 180 kB 29.9 or 16.0; making the file costs 33, 43, 58 and 86. As straight lines:
_SAVED_US_A_KB = 0.1
_SAVED_US_LESS = 1.0
_FILE_US = 30.0
_FILE_US_A_KB = 0.3


def file_is_cheaper(length: int, viewers: int) -> bool:
    """Tell whether ``viewers`` get ``length`` bytes cheaper from a file in memory.

    It is from 8 viewers for 92 kB, 15 for 40 kB, 70 for 15 kB, and never for less than 10 kB.
    """
    kb = length / 1000
    return viewers * (_SAVED_US_A_KB * kb - _SAVED_US_LESS) > _FILE_US + _FILE_US_A_KB * kb


class Load:
    """Bytes that many viewers get. Owned by one thread.

    The file is a new one for each part: its pages are in the queue of a viewer on this machine even
    after he acknowledged them, so writing over them would tear the picture that he is to read. It
    stays open while someone still sends from it (`hold`), and until `close`.

    Attributes:
        length: How many bytes.
        captured_s: When the picture was captured, monotonic.
        at_fps: As `Part.at_fps`.
        lag_s: How long after its capture it came.
    """

    __slots__ = (
        "_closed", "_fd", "_holders", "_joined", "_pieces", "at_fps", "captured_s", "lag_s",
        "length",
    )  # fmt: skip

    def __init__(
        self,
        pieces: Sequence[bytes],
        captured_s: float,
        *,
        at_fps: float = math.inf,
        viewers: int = 1,
        lag_s: float = 0.0,
    ) -> None:
        self.length = sum(map(len, pieces))
        self.captured_s = captured_s
        self.at_fps = at_fps
        self.lag_s = lag_s
        self._pieces = pieces
        self._joined: bytes | None = None
        self._fd = file_in_memory(pieces) if file_is_cheaper(self.length, viewers) else None
        self._holders = 0
        self._closed = False

    @property
    def is_file(self) -> bool:
        """True while `send` sends from a file."""
        return self._fd is not None

    def send(self, viewer: socket.socket, fd: int, offset: int) -> int:
        """Send what a socket takes now from an offset on, and return how much that was.

        Args:
            viewer: The socket.
            fd: Its descriptor.
            offset: How much of this it has.

        Raises:
            BlockingIOError: Nothing.
            OSError: The viewer has gone.
        """
        if self._fd is not None:
            return os.sendfile(fd, self._fd, offset, self.length - offset)
        if offset == 0 and hasattr(viewer, "sendmsg"):
            return viewer.sendmsg(self._pieces)
        return viewer.send(self._rest(offset))

    def send_to_each(self, fds: Sequence[int]) -> list[int]:
        """Begin to send the file to many sockets, by their descriptors; return what each took.

        That is 0 for who takes nothing now, and `GONE` for who has gone, or cannot be sent to.
        Without a file (`is_file`) nobody takes anything.
        """
        if self._fd is None:
            return [0] * len(fds)
        calls = map(os.sendfile, fds, repeat(self._fd), repeat(0), repeat(self.length))
        taken: list[int] = []
        while len(taken) < len(fds):
            try:
                for sent in calls:
                    taken.append(sent)  # noqa: PERF402  to go on behind an error
            except BlockingIOError:
                taken.append(0)
            except OSError:
                taken.append(GONE)
        return taken

    def send_encrypted(self, viewer: TlsSocket, offset: int) -> int:
        """The same for a socket that encrypts: each viewer's bytes are others, so no file helps."""
        return viewer.send(self._rest(offset))

    def hold(self) -> None:
        """Keep the file for someone who has sent a part of it."""
        self._holders += 1

    def let_go(self) -> None:
        """Say that he is done."""
        self._holders -= 1
        self._close_if_unused()

    def close(self) -> None:
        """Say that nobody else begins with it; who does all the same gets it from memory."""
        self._closed = True
        self._close_if_unused()

    def _rest(self, offset: int) -> memoryview:
        if self._joined is None:
            self._joined = b"".join(self._pieces)
        return memoryview(self._joined)[offset:]

    def _close_if_unused(self) -> None:
        if self._closed and self._holders == 0 and self._fd is not None:
            os.close(self._fd)
            self._fd = None
