"""Somebody guesses passwords: he gets ten tries a minute, and nobody else notices."""

from __future__ import annotations

import base64
import http.client
from pathlib import Path

from broker import HOST
from daemon_process import DaemonProcess

PASSWORD = "a long password"
TOKEN = "0123456789abcdef"


def login(password: str, name: str = "eve") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def ask(port: int, headers: dict[str, str], path: str = "/api/state") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    if not path.startswith("/door/stream"):
        answer.read()
        connection.close()
    return answer


def test_a_guesser_gets_ten_tries_a_minute_and_nobody_else_notices(
    tmp_path: Path, free_port: int
) -> None:
    settings = {
        "mqtt": {"host": HOST, "port": 1},
        "http": {
            "users": [{"name": "eve", "password": PASSWORD, "role": "admin"}],
            "tokens": [{"name": "tv", "token": TOKEN}],
        },
        "cameras": {"door": {"source": "synthetic", "width": 320, "height": 240}},
    }
    with DaemonProcess(tmp_path, settings, port=free_port) as daemon:
        stream = ask(free_port, login(PASSWORD), "/door/stream.mjpg")
        assert stream.status == 200
        for _ in range(50):
            assert ask(free_port, {"Authorization": "Basic Og=="}).status == 401, "no failure"
        answers = [ask(free_port, login(f"guess {number}")) for number in range(100)]

        assert [each.status for each in answers] == [401] * 10 + [429] * 90
        assert all(1 <= int(each.headers["Retry-After"]) <= 60 for each in answers[10:])
        assert ask(free_port, login(PASSWORD)).status == 429, "else it would tell a guess"
        assert ask(free_port, {}).status == 401, "the page still asks for a login"
        assert len(stream.read(200_000)) == 200_000, "who watches goes on watching"
        still = ask(free_port, {}, f"/door/snapshot.jpg?token={TOKEN}")
        assert still.status == 200
        elsewhere = login(PASSWORD) | {"X-Forwarded-For": "10.0.0.7"}
        assert ask(free_port, elsewhere).status == 200, "other addresses are not locked out"
        assert daemon.healthz() is not None
        lines = [line for line in daemon.log.splitlines() if "WARNING" in line]
        assert len([line for line in lines if "stream.auth" in line]) == 2, lines
        assert PASSWORD not in daemon.log
        assert "guess 1" not in daemon.log
        stream.close()
