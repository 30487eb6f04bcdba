"""Which way a part goes out, and that its file is closed when nobody needs it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest

from pimotion.stream.kernel import Unsent
from pimotion.stream.load import GONE, Load, file_is_cheaper

DATA = bytes(range(256)) * 400
PIECES = (DATA[:100], DATA[100:-50], DATA[-50:])


@pytest.mark.parametrize(
    ("length", "viewers", "expected"),
    [
        pytest.param(92_000, 1, False, id="one viewer"),
        pytest.param(92_000, 5, False, id="a few"),
        pytest.param(92_000, 10, True, id="ten"),
        pytest.param(40_000, 10, False, id="smaller pictures need more"),
        pytest.param(40_000, 20, True, id="twenty small ones"),
        pytest.param(180_000, 6, True, id="large ones need fewer"),
        pytest.param(8_000, 1000, False, id="tiny: never"),
    ],
)
def test_a_file_in_memory_is_used_where_it_was_measured_to_be_cheaper(
    length: int, viewers: int, expected: bool
) -> None:
    assert file_is_cheaper(length, viewers) is expected


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    with ours, theirs:
        yield ours, theirs


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.parametrize("viewers", [pytest.param(1, id="memory"), pytest.param(50, id="file")])
def test_every_byte_goes_out_once_however_little_is_taken_at_a_time(
    pair: tuple[socket.socket, socket.socket], viewers: int
) -> None:
    ours, theirs = pair
    load = Load(PIECES, 0.0, viewers=viewers)
    assert load.is_file == (viewers == 50)
    offset, got = 0, b""
    while len(got) < len(DATA):
        with contextlib.suppress(BlockingIOError):
            offset += load.send(ours, ours.fileno(), offset) if offset < len(DATA) else 0
        got += theirs.recv(3001)
    assert got == DATA
    load.close()


def test_the_file_stays_while_someone_sends_from_it_and_no_longer() -> None:
    before = descriptors()
    load = Load(PIECES, 0.0, viewers=50)
    load.hold()
    load.hold()
    load.close()
    load.let_go()
    assert load.is_file
    load.let_go()
    assert not load.is_file
    assert descriptors() == before


def test_what_was_closed_can_still_be_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    """A picture without a successor is sent again."""
    ours, theirs = pair
    load = Load(PIECES, 0.0, viewers=50)
    load.close()
    taken = load.send(ours, ours.fileno(), 0)
    assert theirs.recv(len(DATA), socket.MSG_WAITALL if taken == len(DATA) else 0) == DATA[:taken]


def test_without_a_free_descriptor_it_goes_out_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", none_left)
    assert not Load(PIECES, 0.0, viewers=50).is_file


@pytest.fixture
def crowd() -> Iterator[tuple[list[socket.socket], list[socket.socket]]]:
    """Ten connections over TCP: our ends and theirs."""
    with contextlib.ExitStack() as both, socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = [
            both.enter_context(socket.create_connection(listening.getsockname(), 5))
            for _ in range(10)
        ]
        ours = [both.enter_context(listening.accept()[0]) for _ in theirs]
        for each in ours:
            each.setblocking(False)
        yield ours, theirs


def fill(viewer: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            viewer.send(DATA)


def test_a_file_goes_to_all_though_some_have_gone_and_some_are_full(
    crowd: tuple[list[socket.socket], list[socket.socket]],
) -> None:
    ours, theirs = crowd
    fds = [each.fileno() for each in ours]
    fill(ours[3])
    for gone in (0, 6, 9):
        ours[gone].shutdown(socket.SHUT_WR)
    load = Load(PIECES, 0.0, viewers=50)
    taken = load.send_to_each(fds)
    load.close()
    assert taken[3] in range(len(DATA))
    assert [at for at, sent in enumerate(taken) if sent == GONE] == [0, 6, 9]
    for at in (1, 2, 4, 5, 7, 8):
        assert theirs[at].recv(len(DATA), socket.MSG_WAITALL if taken[at] == len(DATA) else 0)
        assert taken[at] > 0


def test_without_a_file_nobody_takes_anything(
    crowd: tuple[list[socket.socket], list[socket.socket]],
) -> None:
    ours, _ = crowd
    load = Load(PIECES, 0.0, viewers=1)
    assert load.send_to_each([each.fileno() for each in ours]) == [0] * 10


def test_who_has_not_got_all_is_told_from_the_others_by_one_question(
    crowd: tuple[list[socket.socket], list[socket.socket]],
) -> None:
    ours, _ = crowd
    unsent = Unsent()
    fds = [each.fileno() for each in ours]
    assert list(unsent.of_all(fds)) == [0] * 10
    for stuck in (2, 9):
        fill(ours[stuck])
    assert [at for at, left in enumerate(unsent.of_all(fds)) if left] == [2, 9]
    assert (unsent.of(fds[2]) > 0, unsent.of(fds[1])) == (True, 0)
    for gone in (2, 5):
        ours[gone].close()
    fill(ours[7])
    told = unsent.of_all(fds)
    assert [at for at, left in enumerate(told) if left] == [7, 9]
