"""The stream's benchmark measures what it says: marks, and what a viewer saw."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.stream.load import Crowd, percentile
from benchmarks.stream.marks import MARK_BYTES, marked, read_mark
from benchmarks.stream.measures import Span

JPEG = b"\xff\xd8" + b"picture" * 1000 + b"\xff\xd9"
LATE_NS = 10**18


def part(number: int, born_ns: int = 0) -> bytes:
    jpeg = marked(JPEG, number, born_ns)
    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
    return head + jpeg + b"\r\n"


@contextmanager
def server_of(pieces: list[bytes]) -> Iterator[str]:
    """A server that sends its only client some pieces of a stream, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(1000)
                for piece in pieces:
                    client.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/stream"
        thread.join(5)


def numbers_seen(pieces: list[bytes]) -> list[int]:
    with server_of(pieces) as url, Crowd(url, 1) as crowd:
        (viewer,) = crowd.viewers
        while not viewer.gone:
            crowd.watch(0.05)
    return [each.identity for each in viewer.seen]


def test_a_mark_tells_number_and_birth() -> None:
    jpeg = marked(JPEG, 4711, 123_456_789)
    assert read_mark(jpeg[:100]) == (4711, 123_456_789)
    assert len(jpeg) == len(JPEG) + MARK_BYTES
    assert jpeg[:2] + jpeg[2 + MARK_BYTES :] == JPEG


@pytest.mark.parametrize("start", [JPEG, JPEG[:10], b"", marked(JPEG, 1, 1)[:30]])
def test_what_has_no_whole_mark_is_not_misread(start: bytes) -> None:
    assert read_mark(start) is None


@pytest.mark.parametrize("size", [1, 7, 1000, 7100, 1 << 20])
def test_every_picture_is_seen_once_however_the_stream_is_cut(size: int) -> None:
    stream = b"HTTP/1.0 200 OK\r\n\r\n" + b"".join(part(number) for number in range(5))
    pieces = [stream[first : first + size] for first in range(0, len(stream), size)]
    assert numbers_seen(pieces if size > 7 else [*pieces[:3000], b"".join(pieces[3000:])]) == [
        0, 1, 2, 3, 4,
    ]  # fmt: skip


def test_repeats_are_no_new_pictures() -> None:
    stream = b"HTTP/1.0 200 OK\r\n\r\n" + part(1) + part(1) + part(2)
    with server_of([stream]) as url, Crowd(url, 1) as crowd:
        (viewer,) = crowd.viewers
        while not viewer.gone:
            crowd.watch(0.05)
    span = Span(seconds=1, cpu_s=0, began_ns=0, ended_ns=LATE_NS)
    assert (len(span.of(viewer)), span.new(viewer)) == (3, 2)


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3, 1, 2], share) for share in (0, 0.5, 0.99, 1)] == [1, 2, 3, 3]
