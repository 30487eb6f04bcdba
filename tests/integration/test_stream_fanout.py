"""The fan-out with real sockets: slow ones, stuck ones, those who leave, and many."""

from __future__ import annotations

import os
import select
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from waiting import wait_until

from pimotion.health import Threads
from pimotion.stream import kernel
from pimotion.stream.connection import tune
from pimotion.stream.fanout import STALL_S, Fanout
from pimotion.stream.multipart import OPENING, Part
from pimotion.stream.query import Variant, Wish
from pimotion.stream.viewer import Parts, ViewerInfo, Viewing

HEAD = b"HTTP/1.0 200 OK\r\n\r\n" + OPENING
ANY = Variant(None, None, frozenset())


class Stage:
    """Numbered parts of a size, and the viewers who watch them."""

    def __init__(self, fanout: Fanout, part_bytes: int) -> None:
        self.fanout = fanout
        self.parts = Parts()
        self.number = 0
        self.viewings: list[Viewing] = []
        self.left: list[Viewing] = []
        self._bytes = part_bytes
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=300)
        self._clients: list[socket.socket] = []
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def show(self) -> None:
        """Give the next part: its number, over and over."""
        self.number += 1
        jpeg = b"%08d" % self.number * (self._bytes // 8)
        self.parts.put(Part(jpeg, time.monotonic(), None))

    def run(self, fps: float) -> None:
        """Give parts at a rate."""
        self._thread = threading.Thread(target=self._run, args=(1 / fps,))
        self._thread.start()

    def viewer(
        self,
        *,
        fps: float | None = None,
        receive_bytes: int | None = None,
        segment_bytes: int | None = None,
    ) -> Viewer:
        """One more viewer."""
        client = socket.socket()
        if segment_bytes is not None:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment_bytes)
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(10)
        client.connect(self._listening.getsockname())
        accepted, _ = self._listening.accept()
        tune(accepted)
        viewing = Viewing(self.parts, Wish(ANY, fps), self.left.append, "192.0.2.7")
        self.viewings.append(viewing)
        self.fanout.add(accepted, viewing, HEAD)
        self._clients.append(client)
        return Viewer(client)

    def info(self, index: int = 0) -> ViewerInfo:
        return self.viewings[index].info()

    def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(5)
        self._listening.close()
        for client in self._clients:
            client.close()

    def _run(self, period_s: float) -> None:
        while not self._ended.wait(period_s):
            self.show()


class Viewer:
    """Reads parts, and checks each of their bytes."""

    def __init__(self, client: socket.socket) -> None:
        self.socket = client
        self._file = client.makefile("rb")
        self._last = 0

    def part(self) -> int:
        """The number of the next part; EOFError at the end."""
        if self._file.peek(1)[:1] == b"H":
            assert self._file.read(len(HEAD)) == HEAD
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                raise EOFError
            head += line
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        jpeg = self._file.read(length)
        assert len(jpeg) == length
        assert jpeg == jpeg[:8] * (length // 8), "a torn picture"
        assert self._file.read(2 + len(OPENING)) == b"\r\n" + OPENING
        return int(jpeg[:8])

    def new_part(self) -> int:
        """The number of the next part that is no repeat; on a busy machine there are some."""
        while (number := self.part()) == self._last:
            pass
        self._last = number
        return number

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def reset(self) -> None:
        """Leave without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


@contextmanager
def staging(part_bytes: int = 90_000, *, stall_s: float = 10.0) -> Iterator[Stage]:
    """A fan-out of its own; its thread may not die, and all viewers must have left in the end."""
    threads = Threads()
    fanout = Fanout(stall_s=stall_s)
    fanout.start(threads)
    stage = Stage(fanout, part_bytes)
    stage.show()
    try:
        yield stage
    finally:
        threads.close()
        fanout.stop(2.0)
        stage.close()
    assert threads.dead is None
    assert sorted(map(id, stage.left)) == sorted(map(id, stage.viewings))


def test_a_new_viewer_gets_the_newest_part_at_once() -> None:
    with staging() as stage:
        for _ in range(5):
            stage.show()
        assert stage.viewer().part() == 6


def test_each_viewer_gets_each_part_once_and_whole() -> None:
    with staging() as stage:
        viewers = [stage.viewer() for _ in range(20)]  # enough for files in memory
        assert [viewer.new_part() for viewer in viewers] == [1] * 20
        for number in range(2, 30):
            stage.show()
            assert [viewer.new_part() for viewer in viewers] == [number] * 20
        wait_until(lambda: all(viewing.info().sent == 29 for viewing in stage.viewings))


@pytest.mark.parametrize("others", [0, 20])
def test_a_slow_viewer_gets_fewer_parts_each_whole_none_old(others: int) -> None:
    """With others beside him parts come from files in memory, which are not to be written over."""
    with staging(400_000) as stage:
        readers = [_Reader(stage.viewer()) for _ in range(others)]
        slow = stage.viewer(receive_bytes=20_000)
        stage.run(50)
        seen, behind = [], []
        for _ in range(10):
            seen.append(slow.new_part())
            behind.append(stage.number - seen[-1])
            threading.Event().wait(0.1)
        assert seen == sorted(set(seen))
        assert max(behind) < 25, "old pictures were queued for him"
        wait_until(lambda: stage.viewings[others].skipped > 10)
        stage.close()
        for reader in readers:
            reader.close()
            assert reader.numbers == sorted(set(reader.numbers))


class _Reader:
    """Reads all that comes in a thread of its own."""

    def __init__(self, viewer: Viewer) -> None:
        self.numbers: list[int] = []
        self._viewer = viewer
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        self._viewer.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._viewer.close()

    def _read(self) -> None:
        try:
            while True:
                self.numbers.append(self._viewer.new_part())
        except (EOFError, OSError, AssertionError, IndexError):  # the end, or the middle of a part
            return


def test_who_never_reads_is_cut_counted_and_slows_nobody() -> None:
    with staging(400_000, stall_s=0.6) as stage:
        stuck = stage.viewer(receive_bytes=4096)
        reading = stage.viewer()
        stage.run(50)
        seen = [reading.new_part() for _ in range(60)]
        assert seen[-1] - seen[0] < 2 * 60
        wait_until(lambda: bool(stage.left))
        assert stage.left == [stage.viewings[0]]
        assert stage.left[0].stalled
        assert not stage.viewings[1].stalled
        with pytest.raises(ConnectionResetError):  # and not the rest of what he would not take
            stuck.part()


def test_who_never_reads_a_picture_that_does_not_change_is_cut_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a dead camera's card, repeated every 4 s, many fit into the kernel: none piles up."""
    monkeypatch.setattr("pimotion.stream.member.REPEAT_S", 0.05)
    with staging(400_000, stall_s=0.6) as stage:
        stage.viewer(receive_bytes=4096)
        wait_until(lambda: bool(stage.left))
        assert stage.left[0].stalled


def test_who_reads_slowly_is_not_cut() -> None:
    with staging(400_000, stall_s=0.6) as stage:
        viewer = stage.viewer(receive_bytes=4096)
        stage.run(50)
        until_s = time.monotonic() + 2.0
        while time.monotonic() < until_s:
            assert viewer.socket.recv(4000)
            threading.Event().wait(0.02)
        assert not stage.left


@pytest.mark.parametrize("way", ["close", "reset", "half-close"])
def test_who_leaves_is_forgotten_at_once(way: str) -> None:
    with staging() as stage:
        viewer, other = stage.viewer(), stage.viewer()
        viewer.part()
        if way == "half-close":
            viewer.socket.shutdown(socket.SHUT_WR)
        else:
            viewer.close() if way == "close" else viewer.reset()
        wait_until(lambda: stage.left == [stage.viewings[0]])
        stage.show()
        assert [other.new_part(), other.new_part()] == [1, 2]


def test_what_a_viewer_still_says_is_ignored() -> None:
    with staging() as stage:
        viewer = stage.viewer()
        viewer.socket.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
        for number in range(1, 10):
            assert viewer.new_part() == number
            stage.show()


def test_leavers_leave_no_descriptor_behind() -> None:
    with staging() as stage:
        stage.run(100)
        keeper = _Reader(stage.viewer())
        wait_until(lambda: len(keeper.numbers) > 3)
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        for index in range(500):
            viewer = stage.viewer()
            viewer.reset() if index % 2 else viewer.close()
        wait_until(lambda: len(stage.left) == 500)
        assert abs(len(os.listdir("/proc/self/fd")) - before) <= 2  # noqa: PTH208  the current part
        assert stage.fanout.count == 1
        keeper.close()


def test_a_viewer_may_ask_for_fewer_parts() -> None:
    with staging() as stage:
        stage.run(50)
        viewer = stage.viewer(fps=5)
        viewer.new_part()
        began_s = time.monotonic()
        for _ in range(10):
            viewer.new_part()
        assert 3.5 < 10 / (time.monotonic() - began_s) < 5.5


def test_a_part_without_a_successor_is_sent_again() -> None:
    with staging() as stage:
        viewer = stage.viewer()
        began_s = time.monotonic()
        assert [viewer.part() for _ in range(3)] == [1, 1, 1]
        assert 3.5 < time.monotonic() - began_s < 5


def test_256_viewers_cost_no_thread_and_get_every_part() -> None:
    with staging(10_000) as stage:
        viewers = [stage.viewer() for _ in range(256)]
        threads = threading.active_count()
        for number in range(1, 11):
            assert {viewer.new_part() for viewer in viewers} == {number}
            stage.show()
        assert threading.active_count() == threads
        for viewer in viewers:
            viewer.close()


def test_stop_closes_streams_in_the_middle_of_a_part() -> None:
    with staging(8_000_000) as stage:
        stuck = [stage.viewer(receive_bytes=4096) for _ in range(3)]
        idle = stage.viewer()
        assert idle.part() == 1
        wait_until(lambda: stage.fanout.count == 4)
        began_s = time.monotonic()
        stage.fanout.stop(2.0)
        assert time.monotonic() - began_s < 0.5
        assert len(stage.left) == 4
        for viewer in stuck:
            with pytest.raises((AssertionError, OSError)):
                viewer.part()
        late = stage.viewer()
        wait_until(lambda: len(stage.left) == 5)
        with pytest.raises((EOFError, OSError)):
            late.part()


def test_the_facts_about_a_viewer() -> None:
    with staging() as stage:
        viewer = stage.viewer(fps=25)
        stage.run(50)
        until_s, seen = time.monotonic() + 2.5, 0
        while time.monotonic() < until_s:
            seen += viewer.new_part() > 0
        info = stage.info()
        assert info.address == "192.0.2.7"
        assert info.fps is not None
        assert 5 < info.fps < 27  # however busy this machine is
        assert info.fps == pytest.approx(seen / 2.5, rel=0.3)
        assert seen - 27 < info.sent <= seen + 2
        assert 2.4 < info.age_s < 5


def test_who_comes_while_the_only_other_one_leaves_sees_what_follows() -> None:
    """The step of the thread in which both happen, done by hand."""
    fanout = Fanout()
    stage = Stage(fanout, 90_000)
    stage.show()
    first = stage.viewer()
    fanout._admit(1.0)
    first.reset()
    time.sleep(0.1)  # until that has arrived
    stage.show()
    second = stage.viewer()
    fanout._admit(1.1)
    fanout._spread(1.1)  # which had been told of that part
    assert stage.left == stage.viewings[:1]
    stage.show()
    fanout._spread(1.2)
    assert [second.new_part(), second.new_part()] == [2, 3]
    fanout._close()
    stage.close()
    assert stage.left == stage.viewings


@contextmanager
def hidden(what: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system without one thing that Linux has."""
    with monkeypatch.context() as patch:
        if what in ("epoll", "all"):
            patch.delattr(select, "epoll")
            patch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
        if what in ("eventfd", "all"):
            patch.delattr(os, "eventfd")
        if what in ("memfd_create", "all"):
            patch.delattr(os, "memfd_create")
        if what in ("sendfile", "all"):
            patch.delattr(os, "sendfile")
        if what in ("SIOCOUTQNSD", "all"):
            patch.setattr(kernel, "ioctl", _no_such_ioctl)
        if what in ("fcntl", "all"):
            patch.setattr(kernel, "ioctl", None)
        if what in ("TCP_NOTSENT_LOWAT", "all"):
            patch.delattr(socket, "TCP_NOTSENT_LOWAT")
        yield


def _no_such_ioctl(*_: object) -> int:
    raise OSError(25, "Inappropriate ioctl for device")


@pytest.mark.parametrize(
    "what",
    [
        "epoll", "eventfd", "memfd_create", "sendfile", "SIOCOUTQNSD", "fcntl",
        "TCP_NOTSENT_LOWAT", "all",
    ],
)  # fmt: skip
def test_where_linux_is_not_complete_the_stream_works(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hidden(what, monkeypatch), staging(100_000, stall_s=0.6) as stage:
        viewers = [stage.viewer() for _ in range(10)]
        stage.viewer(receive_bytes=4096)
        viewers[0].socket.sendall(b"hello?")
        for number in range(1, 40):
            assert {viewer.new_part() for viewer in viewers} == {number}
            stage.show()
        wait_until(lambda: stage.left == [stage.viewings[-1]])
        assert stage.left[0].stalled
        viewers.pop().close()
        wait_until(lambda: len(stage.left) == 2)


def test_where_the_kernel_does_not_tell_what_is_unsent_it_may_not_hold_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Megabytes of old pictures lay before a slow viewer, who was cut because he seemed stuck."""
    with hidden("SIOCOUTQNSD", monkeypatch), staging(100_000, stall_s=1.0) as stage:
        viewer = stage.viewer(receive_bytes=20_000)
        stage.run(30)
        for _ in range(10):  # 40 pictures pass meanwhile, of which he takes a few
            threading.Event().wait(0.15)
            number = viewer.new_part()
            assert stage.number - number < 20, "it is an old one"
        assert stage.left == []


def test_who_reads_slowly_through_a_small_window_is_not_taken_for_stuck() -> None:
    """As microcontrollers do; some were cut after 10 s though they read all the time."""
    kinds = [(size, rate) for size in (2872, 5744, 8192) for rate in (10_000, 30_000, 50_000)]
    with staging(100_000) as stage, ThreadPoolExecutor(len(kinds)) as pool:
        for size, rate in kinds:
            small = stage.viewer(receive_bytes=size, segment_bytes=1460)
            pool.submit(read_steadily, small.socket, rate, STALL_S + 4)
        stage.run(15)
        pool.shutdown()
        assert stage.left == []


def read_steadily(viewer: socket.socket, rate: float, seconds: float) -> None:
    began_s, taken = time.monotonic(), 0
    while time.monotonic() < began_s + seconds:
        taken += len(viewer.recv(int(rate / 10)))
        threading.Event().wait(max(0.0, began_s + taken / rate - time.monotonic()))


def test_a_repeat_does_not_wait_for_other_variants() -> None:
    with staging() as stage:
        other = Parts()
        other.put(Part(b"other", time.monotonic(), None))
        stage.viewer().part()
        stage.parts, first = other, stage.parts
        stage.viewer()
        wait_until(lambda: stage.fanout.count == 2)
        audiences = list(stage.fanout._audiences.values())
        members = [audience.members[0] for audience in audiences]
        wait_until(lambda: all(member._is_repeat for member in members))
        for audience, member in zip(audiences, members, strict=True):
            assert audience.repeat_at_s == member.repeat_at_s
        stage.parts = first


def test_the_kernel_is_asked_here() -> None:
    """So that what is measured and tested elsewhere is not the way for poorer systems."""
    waker = kernel.Waker()
    poller = kernel.poller(waker)
    assert isinstance(poller, kernel.EpollPoller)
    poller.close()
    waker.close()
    ours = socket.create_server(("127.0.0.1", 0))
    with ours, socket.create_connection(ours.getsockname()) as stuck:
        stuck.setblocking(False)
        while True:
            try:
                stuck.send(bytes(100_000))
            except BlockingIOError:
                break
        assert kernel.Unsent().of(stuck.fileno()) > 0
