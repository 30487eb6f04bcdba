"""One whole request as it came, and what goes back, without a socket."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import Any

import pytest

from pimotion.stream.connection import length_of
from pimotion.stream.request import Answering, line_answer


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes


def read(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    line, _, headers = head.partition(b"\r\n")
    return Answer(int(line.split()[1]), BytesParser().parsebytes(headers + b"\r\n\r\n"), body)


def ask(received: bytes) -> Answer:
    """Ask an application that answers with the address that it was asked for."""

    def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        names = ("HTTP_HOST", "PATH_INFO", "QUERY_STRING")
        return ["|".join(environ.get(name, "") for name in names).encode()]

    answering = Answering(echo, "127.0.0.1", 8080)
    return read(answering.answer(received, ("127.0.0.1", 50_000)).data)


UNREADABLE = [
    pytest.param(b"GET /<b>\r\n", 400, id="HTTP/0.9"),
    pytest.param(b"GET /<b> HTTP/1.1 <b>\r\n\r\n", 400, id="too many words"),
    pytest.param(b"GET /<b> HTTP/9.1\r\n\r\n", 505, id="from the future"),
    pytest.param(b"GET /<b>" + b"a" * 70_000, 414, id="endless path"),
    pytest.param(b"GET / HTTP/1.1\r\n" + b"<b>: 1\r\n" * 200 + b"\r\n", 431, id="many headers"),
    pytest.param(b"GET / HTTP/1.1\r\nA: " + b"<b>" * 30_000, 431, id="endless header"),
    pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: <b>\r\n\r\n", 411, id="in chunks"),
    pytest.param(b"POST / HTTP/1.1\r\nContent-Length: <b>\r\n\r\n", 400, id="no length"),
    pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", 413, id="large body"),
]


@pytest.mark.parametrize(("received", "status"), UNREADABLE)
def test_what_cannot_be_read_is_refused_in_a_line_that_no_cache_keeps(
    received: bytes, status: int
) -> None:
    answer = ask(received)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get_all("Connection") == ["close"]
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert answer.body.endswith(b"\n")
    assert answer.body.count(b"\n") == 1
    assert b"<" not in answer.body, "nothing is echoed"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"HEAD / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", 413),
        (b"HEAD /" + b"a" * 70_000, 414),
    ],
)
def test_a_head_that_is_refused_has_no_body(head: bytes, status: int) -> None:
    answer = ask(head)
    assert (answer.status, answer.body) == (status, b"")


def test_an_answer_of_one_line_can_have_headers_of_its_own() -> None:
    answer = read(line_answer(HTTPStatus.SERVICE_UNAVAILABLE, "later", {"Retry-After": "5"}))
    assert (answer.status, answer.body) == (503, b"later\n")
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        (b"/door/x?a=1", b"cam.local|/door/x|a=1"),
        (b"http://pi.local:8080/door/x?a=1", b"pi.local:8080|/door/x|a=1"),
        (b"HTTPS://pi.local/", b"pi.local|/|"),
        (b"http://pi.local", b"pi.local|/|"),
        (b"http://pi.local?a=1", b"pi.local|/|a=1"),
        (b"http://[::1]:8080/x", b"[::1]:8080|/x|"),
        (b"http://pi.local//evil.example/", b"pi.local|/evil.example/|"),
        (b"/x?y=http://pi.local/", b"cam.local|/x|y=http://pi.local/"),
    ],
)
def test_a_whole_url_is_answered_and_its_host_is_the_one_that_counts(
    target: bytes, seen: bytes
) -> None:
    answer = ask(b"GET " + target + b" HTTP/1.1\r\nhost: cam.local\r\n\r\n")
    assert (answer.status, answer.body) == (200, seen)


def test_a_whole_url_needs_no_host_beside_it() -> None:
    assert ask(b"GET http://pi.local/x HTTP/1.0\r\n\r\n").body == b"pi.local|/x|"


@pytest.mark.parametrize("target", [b"http:///x", b"http://", b"http://a@127.0.0.1/x"])
def test_a_whole_url_without_a_host_or_with_a_login_is_refused(target: bytes) -> None:
    assert ask(b"GET " + target + b" HTTP/1.1\r\nHost: cam.local\r\n\r\n").status == 400


REQUEST = b"POST /x HTTP/1.1\r\nHost: pi.local\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\n", b"\r\n\r\n", b"\r\n\n\r\n\r\n"])
def test_empty_lines_before_a_request_are_passed_over(before: bytes) -> None:
    received = before + REQUEST
    assert ask(received).body == b"pi.local|/x|"
    assert length_of(received) == len(received)
    head_bytes = len(received) - len(b"\r\n\r\nbody")
    for length in range(head_bytes + 1):
        assert length_of(received[:length]) is None, "the rest is waited for"


def test_nobody_keeps_a_place_with_empty_lines() -> None:
    received = b"\r\n" * 6
    assert length_of(received) == len(received)
    assert ask(received).status == 400
