"""Viewers who leave at once, vanish, or never read: two thousand of them leave nothing behind."""

from __future__ import annotations

import base64
import socket
import statistics
import struct
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import barcode
import psutil
from mjpeg_reader import MjpegReader

from conformance.house import ACCESSES, House, living_in
from conformance.numbered_camera import FPS, NumberedCamera

VIEWERS = 2000
STEPS = 10
AT_ONCE = 40
WARM_UP = 400
"""Viewers before the first count: what is made once and kept is there by then."""
GROWTH_BYTES = 6_000
"""Resident memory that a gone viewer may cost. The allocator's own growth was 3 to 4 kB a viewer
while nothing was leaked (2026-11), and flattens; a picture that is kept has 40 kB. A leaked thread
or socket shows in the counts."""
CROWD = 256
STALLED_S = 15.0
"""Within this a viewer who never reads is closed."""

Leave = Callable[[socket.socket], None]


def asking(house: House, **query: str | int) -> socket.socket:
    """A viewer who has asked for the stream and read nothing; what it takes in is little."""
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.settimeout(6)
    viewer.connect(house.address)
    parts = urlsplit(house.url("/door/stream.mjpg", **query))
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
    if house.access.login is not None:
        secret = base64.b64encode(house.access.login.encode()).decode()
        lines.append(f"Authorization: Basic {secret}")
    viewer.sendall("\r\n".join([*lines, "", ""]).encode())
    return viewer


def leave(viewer: socket.socket) -> None:
    viewer.close()


def leave_after_a_look(viewer: socket.socket) -> None:
    viewer.recv(2000)
    viewer.close()


def vanish(viewer: socket.socket) -> None:
    """With a reset instead of a goodbye, as when the power goes."""
    viewer.recv(1)
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    viewer.close()


def close_half(viewer: socket.socket) -> None:
    """Say that nothing more will be asked, read a bit, and go."""
    viewer.shutdown(socket.SHUT_WR)
    viewer.recv(2000)
    viewer.close()


LEAVERS: tuple[Leave, ...] = (leave, leave_after_a_look, vanish, close_half)


def come_and_go(house: House, viewers: int) -> None:
    """Let viewers come some at a time, all ways of leaving mixed."""
    for first in range(0, viewers, AT_ONCE):
        here = [asking(house) for _ in range(AT_ONCE)]
        for number, viewer in enumerate(here):
            LEAVERS[(first + number) % len(LEAVERS)](viewer)
        wait_until_alone(house)


def wait_until_alone(house: House, timeout_s: float = 10.0) -> None:
    """Wait until the daemon holds no connection of a viewer: only then the next may come."""
    process = psutil.Process(house.daemon.process.pid)
    port = house.address[1]

    def is_alone() -> bool:
        found = process.net_connections("tcp")
        return not any(each.laddr.port == port and each.status != "LISTEN" for each in found)

    house.daemon.wait_for(is_alone, "every viewer's connection is closed", timeout_s=timeout_s)


def what_it_holds(house: House) -> tuple[int, int]:
    """The daemon's threads and descriptors now."""
    process = psutil.Process(house.daemon.process.pid)
    return process.num_threads(), process.num_fds()


def what_it_holds_alone(house: House) -> tuple[int, int]:
    """The same when nobody watches, after somebody did: each part of the daemon has begun."""
    with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as viewer:
        viewer.part()
        while_watched = what_it_holds(house)
    house.daemon.wait_for(lambda: what_it_holds(house)[0] < while_watched[0], "the encoder ends")
    return what_it_holds(house)


def wait_until_nothing_is_left(house: House, alone: tuple[int, int]) -> None:
    """Wait until the daemon holds no more than it did alone."""
    threads, descriptors = alone

    def is_as_alone() -> bool:
        now_threads, now_descriptors = what_it_holds(house)
        return now_threads <= threads and now_descriptors <= descriptors

    house.daemon.wait_for(is_as_alone, f"{threads} threads, {descriptors} descriptors")


def test_two_thousand_viewers_leave_nothing_behind(house: House) -> None:
    process = psutil.Process(house.daemon.process.pid)
    alone = what_it_holds_alone(house)
    come_and_go(house, WARM_UP)
    held_bytes = []
    for _ in range(STEPS):
        come_and_go(house, VIEWERS // STEPS)
        held_bytes.append(process.memory_info().rss)
    grown_bytes = statistics.median(held_bytes[-3:]) - statistics.median(held_bytes[:3])
    assert grown_bytes / (VIEWERS * (STEPS - 3) / STEPS) < GROWTH_BYTES
    wait_until_nothing_is_left(house, alone)
    with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as viewer:
        viewer.part()


def test_who_never_reads_is_closed_and_holds_up_nobody(house: House) -> None:
    """The place is free again, and a viewer beside them sees every picture."""
    alone = what_it_holds_alone(house)
    with ExitStack() as stuck:
        for _ in range(AT_ONCE):
            stuck.enter_context(asking(house))
        with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as viewer:
            numbers = [barcode.read_jpeg(viewer.part().jpeg) for _ in range(3 * FPS)]
        assert None not in numbers
        shown = {number for number in numbers if number is not None}
        assert len(shown) > 0.9 * (max(shown) - min(shown)), "pictures were left out for it"
        wait_until_alone(house, timeout_s=STALLED_S)
        wait_until_nothing_is_left(house, alone)


def test_a_crowd_that_comes_at_once_is_let_in(tmp_path: Path) -> None:
    """All screens of a house wake up together when the power comes back."""
    with (
        NumberedCamera() as camera,
        living_in(tmp_path, camera, ACCESSES[0], max_viewers=CROWD) as house,
        ExitStack() as here,
    ):
        viewers = [here.enter_context(asking(house)) for _ in range(CROWD)]
        answers = {viewer.recv(12) for viewer in viewers}
    assert answers == {b"HTTP/1.0 200"}


def test_who_comes_back_finds_a_place(house: House) -> None:
    """Places are counted: whoever leaks one locks everyone out in the end."""
    for _ in range(3):
        with ExitStack() as here:
            for _ in range(64):
                here.enter_context(asking(house)).recv(20)
            with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as late:
                assert late.status == 503
                assert late.headers["Retry-After"]
        wait_until_alone(house)
    with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as viewer:
        viewer.part()
