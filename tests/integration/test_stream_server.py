"""The server on its port: what it accepts, what it refuses, and how it stops."""

from __future__ import annotations

import gc
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from live_feed import Feed, serving
from mjpeg_reader import MjpegReader
from waiting import wait_until

from pimotion.config.settings import Http
from pimotion.errors import StartError
from pimotion.health import Threads
from pimotion.stream import connection
from pimotion.stream.listener import Listener
from pimotion.stream.server import StreamServer
from pimotion.stream.viewer import Viewing

OURS = ("http", "fanout")


@pytest.fixture
def server() -> Iterator[StreamServer]:
    feed = Feed()
    feed.show()
    with serving(feed) as server:
        yield server


def connect(server: StreamServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def exchange(server: StreamServer, request: bytes) -> bytes:
    """Send bytes, return all that comes until the server closes."""
    with connect(server) as client, client.makefile("rb") as answer:
        client.sendall(request)
        return answer.read()


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.0 ")
    return int(answer[9:12])


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        pytest.param(b"GET /healthz HTTP/1.1\r\n\r\n", 200, id="modern"),
        pytest.param(b"GET /healthz HTTP/1.0\r\n\r\n", 200, id="old"),
        pytest.param(b"\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n", 200, id="empty lines before"),
        pytest.param(b"GET http://localhost:1/healthz HTTP/1.1\r\nHost: localhost:1\r\n\r\n", 200,
                     id="whole URL"),
        pytest.param(b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 421,
                     id="whole URL with another name"),
        pytest.param(b"GET /healthz\r\n", 400, id="HTTP/0.9"),
        pytest.param(b"GET /healthz HTTP/9.1\r\n\r\n", 505, id="from the future"),
        pytest.param(b"\x16\x03\x01 TLS\r\n\r\n", 400, id="TLS"),
        pytest.param(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, id="endless path"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 200 + b"\r\n", 431, id="many headers"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: [::1\r\n\r\n", 421, id="broken host"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411,
                     id="chunked"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, id="negative length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400,
                     id="two lengths"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", 413, id="large body"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413,
                     id="absurd body"),
        pytest.param(b"BREW /healthz HTTP/1.1\r\n\r\n", 405, id="unknown method"),
    ],
)  # fmt: skip
def test_requests_good_and_bad(server: StreamServer, request_line: bytes, expected: int) -> None:
    answer = exchange(server, request_line)
    assert status(answer) == expected
    assert b"\r\nConnection: close\r\n" in answer
    assert b"Traceback" not in answer


def test_an_answer_says_nothing_about_python(server: StreamServer) -> None:
    answer = exchange(server, b"GET /healthz HTTP/1.1\r\n\r\n") + exchange(server, b"GET /\r\n")
    assert b"Python" not in answer
    assert b"\r\nServer: pimotion\r\n" in answer


def test_head_answers_at_once_without_a_body(server: StreamServer) -> None:
    for path in (b"/door/stream.mjpg", b"/door/snapshot.jpg", b"/", b"/healthz"):
        answer = exchange(server, b"HEAD " + path + b" HTTP/1.1\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert status(answer) == 200
        assert body == b""
        assert (b"Content-Length" in head) == (b"stream" not in path)


def test_the_stream_is_not_chunked_and_ends_with_its_connection(server: StreamServer) -> None:
    with MjpegReader(f"{server.url}/stream.mjpg") as viewer:
        assert "Transfer-Encoding" not in viewer.headers
        assert "Content-Length" not in viewer.headers
        assert viewer.headers["Connection"] == "close"
        assert viewer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=pimotion"
        assert viewer.headers["Cache-Control"] == "no-store"
        assert viewer.headers["X-Accel-Buffering"] == "no"
        assert viewer.part().headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\nHo", id="half a header"),
        pytest.param(b"POST /api/cameras/door/detection HTTP/1.1\r\nContent-Length: 10\r\n"
                     b"Content-Type: application/json\r\nHost: localhost\r\n\r\n{",
                     id="half a body"),
    ],
)  # fmt: skip
def test_who_does_not_finish_a_request_is_cut(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "HEADER_S", 0.3)
    monkeypatch.setattr(connection, "BODY_S", 0.3)
    began_s = time.monotonic()
    answer = exchange(server, begun)
    assert time.monotonic() - began_s < 2
    assert b"200 OK" not in answer


def test_a_drip_of_bytes_does_not_hold_a_connection_open(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slowloris: a byte now and then, so that no single wait is long."""
    monkeypatch.setattr(connection, "HEADER_S", 0.5)
    with connect(server) as client:
        client.settimeout(0.05)
        deadline_s = time.monotonic() + 3
        closed = False
        while not closed:
            assert time.monotonic() < deadline_s
            try:
                client.send(b"a")
                closed = client.recv(100) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                closed = True


def test_open_streams_do_not_hold_up_the_stop() -> None:
    feed = Feed(heavy=True)
    feed.show()
    feed.run(30)
    with serving(feed) as server:
        url = f"{server.url}/stream.mjpg?overlay=none"
        waiting = [MjpegReader(url) for _ in range(3)]
        stuck = [MjpegReader(url, receive_bytes=4096) for _ in range(3)]
        while feed.number < 30:
            for viewer in waiting:
                viewer.part()
        feed.stop()  # from now on half of the viewers wait for a picture, half are stuck in one
        for viewer in waiting:  # until its picture is repeated; the next repeat is seconds away
            seen = b""
            while seen != (seen := viewer.part().jpeg):
                pass
        began_s = time.monotonic()
        server.stop(2.0)
        assert time.monotonic() - began_s < 1
        assert not any(thread.name.startswith(OURS) for thread in threading.enumerate())
        with pytest.raises(OSError):  # noqa: PT011  refused or reset
            MjpegReader(url)
        for viewer in waiting + stuck:
            viewer.close()


def test_a_port_in_use_is_said_in_words(free_port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", free_port)),
        pytest.raises(StartError) as caught,
        serving(Feed(), http=Http(port=free_port)),
    ):
        pass
    assert str(caught.value) == (
        f"port {free_port} is in use on 127.0.0.1; stop the program that uses it, "
        "or choose another with http.port or --port"
    )


def test_a_port_in_use_costs_no_descriptor(free_port: int) -> None:
    """The daemon goes on with the old configuration, and may be told of the new one many times."""
    gc.collect()
    with socket.create_server(("127.0.0.1", free_port)):
        before = psutil.Process().num_fds()
        for _ in range(8):
            with pytest.raises(StartError), serving(Feed(), http=Http(port=free_port)):
                pass
        gc.collect()
        # Other tests' may come and go meanwhile.
        assert psutil.Process().num_fds() < before + 8


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_said_in_words(host: str) -> None:
    with pytest.raises(StartError, match=f"this machine has no address '{host}'"):
        Listener(host, 0, None, no_stream, max_connections=1, max_waiting=1)


@pytest.mark.parametrize(
    ("host", "url"), [("0.0.0.0", "http://127.0.0.1:"), ("127.0.0.1", "http://127.0.0.1:")]
)
def test_the_url_can_be_visited(host: str, url: str) -> None:
    feed = Feed()
    with serving(feed, http=Http(host=host, port=0, open=True)) as server:
        assert server.url.startswith(url)
        assert status(exchange(server, b"GET / HTTP/1.1\r\n\r\n")) == 200


@contextmanager
def listening(app: Any, **limits: int) -> Iterator[Listener]:
    """A server for any WSGI application; no thread of it may die."""
    threads = Threads()
    wanted: dict[str, Any] = {"max_connections": 300, "max_waiting": 64, **limits}
    listener = Listener("127.0.0.1", 0, app, no_stream, **wanted)
    listener.start(threads)
    try:
        yield listener
    finally:
        threads.close()
        listener.stop(2.0)
    assert threads.dead is None


def no_stream(viewer: socket.socket, viewing: Viewing, head: bytes) -> None:
    raise AssertionError("nobody asks for a stream here")


def hello(environ: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def ask(listener: Listener, request: bytes = b"GET / HTTP/1.1\r\n\r\n") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", listener.port), 5)
    client.sendall(request)
    return client


def all_of(client: socket.socket) -> bytes:
    with client, client.makefile("rb") as answer:
        return answer.read()


def test_200_who_say_nothing_cost_no_thread_and_hold_up_nobody() -> None:
    with listening(hello) as listener:
        threads = threading.active_count()
        silent = [ask(listener, b"GET / HT") for _ in range(200)]
        began_s = time.monotonic()
        assert all_of(ask(listener)).endswith(b"hello")
        assert time.monotonic() - began_s < 1
        assert threading.active_count() <= threads, "fewer if one of an earlier test ends meanwhile"
        for each in silent:
            each.close()


def test_when_all_connections_are_taken_who_says_nothing_goes_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with listening(hello, max_connections=2) as listener:
        silent, other = ask(listener, b""), ask(listener, b"")
        assert all_of(ask(listener)).endswith(b"hello")
        assert all_of(silent).startswith(b"HTTP/1.0 503 ")
        other.close()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_more_requests_than_can_be_answered_are_told_to_come_back() -> None:
    answering, done = threading.Semaphore(0), threading.Event()

    def slow(environ: dict[str, Any], start: Any) -> list[bytes]:
        answering.release()
        assert done.wait(10)
        return hello(environ, start)

    with listening(slow, workers=2) as listener:
        busy = [ask(listener) for _ in range(2)]
        for _ in busy:
            assert answering.acquire(timeout=5)
        waiting = [ask(listener) for _ in range(2 + 64 + 1)]
        refused = all_of(waiting.pop())
        assert refused.startswith(b"HTTP/1.0 503 ")
        assert b"\r\nRetry-After: 5\r\n" in refused
        done.set()
        assert all(all_of(client).endswith(b"hello") for client in busy + waiting)


def test_who_does_not_take_his_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a page, not a still: more of them than there are threads to answer."""
    monkeypatch.setattr(connection, "STALL_S", 1.0)

    def large(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * 20_000_000] if environ["PATH_INFO"] == "/large" else [b"hello"]

    with listening(large, workers=2) as listener:
        sipping = [ask(listener, b"GET /large HTTP/1.1\r\n\r\n") for _ in range(5)]
        for each in sipping:
            assert each.recv(8) == b"HTTP/1.0"
        began_s = time.monotonic()
        assert all_of(ask(listener)).endswith(b"hello")
        assert time.monotonic() - began_s < 0.9
        wait_until(lambda: not listener._connections)
        for each in sipping:
            each.close()


def test_an_answer_comes_whole_however_slowly_it_is_taken() -> None:
    body = bytes(range(256)) * 40_000

    def large(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "application/octet-stream")])
        return [body]

    with listening(large) as listener:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", listener.port))
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert all_of(client).partition(b"\r\n\r\n")[2] == body


def test_a_fault_in_a_handler_is_the_fault_of_one_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(environ: dict[str, Any], start: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/broken":
            raise ValueError("a bug")
        return hello(environ, start)

    with listening(broken, workers=1) as listener:
        for _ in range(3):
            answer = all_of(ask(listener, b"GET /broken HTTP/1.1\r\n\r\n"))
            assert answer.startswith(b"HTTP/1.0 500 ")
            assert b"a bug" not in answer
        assert all_of(ask(listener)).endswith(b"hello")
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3


def test_viewers_who_go_away_do_not_fill_the_log(
    server: StreamServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(5):
        with MjpegReader(f"{server.url}/stream.mjpg") as viewer:
            viewer.part()
    server.stop(2.0)
    assert caplog.records == []
