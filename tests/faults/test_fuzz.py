"""Ten thousand broken requests and ten thousand broken commands: nothing breaks, nothing grows."""

from __future__ import annotations

import base64
import json
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import psutil
import pytest
from broker import HOST, Broker, Listener
from daemon_process import DaemonProcess
from paho.mqtt.enums import CallbackAPIVersion
from waiting import wait_until

REQUESTS = COMMANDS = 10_000
FPS = 10
SETTINGS = ("detection", "sensitivity", "recalibrate", "inhibit", "snapshot", "nonsense", "")
METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "get", "", "G\0T", "A" * 300)
PATHS = (
    "/", "/healthz", "/metrics", "/api/state", "/api/events", "/api/viewers", "/api/rules",
    "/door/snapshot.jpg", "/door/stream.mjpg", "/snapshot.jpg", "/all/stream.mjpg",
    "/static/a.js",
    "/api/events/../../etc/passwd/snapshot.jpg", "/static/../../auth.py", "//", "*",
    "/%2e%2e/%2e%2e/etc/passwd", "http://evil.example/", "/\xff\xfe", "/door/" + "a" * 5000,
    "/api/cameras/door/detection",
)  # fmt: skip
QUERIES = (
    "", "?fps=0", "?fps=nan", "?width=999999999999", "?width=-1", "?quality=x", "?overlay=boxes,,",
    "?token=%00", "?fps=1&fps=2", "?" + "a=1&" * 500, "?overlay=mask", "?width=320", "?advance=7",
    "?%zz",
)  # fmt: skip
HEADERS = (
    "Host: localhost", "Host: evil.example", "Host: ", "Authorization: Basic Og==",
    "Authorization: Basic !!!", "Authorization: Basic " + "A" * 9000, "Content-Length: 5",
    "Content-Length: -1", "Content-Length: 99999999999999999999",
    "Content-Length: 5\r\nContent-Length: 6",
    "Transfer-Encoding: chunked", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Prefix: //evil\r\nX: y",
    "Range: bytes=0-1", "If-None-Match: *", "Connection: keep-alive, Upgrade", "Upgrade: websocket",
    "Cookie: " + "c" * 3000, "Origin: null", "no colon here", ": empty", "\xe4: \xf6",
    "Expect: 100-continue", "User-Agent: Caf\xe9", "If-None-Match: \xe9", "Origin: \xe9",
)  # fmt: skip

LOGIN = "Authorization: Basic " + base64.b64encode(b"eve:a long password").decode()


def request_of(luck: random.Random) -> bytes:
    """A request that is wrong in some way, most of the time."""
    line = (
        f"{luck.choice(METHODS)} {luck.choice(PATHS)}{luck.choice(QUERIES)} "
        f"{luck.choice(('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', 'HTTP/x', ''))}"
    )
    lines = [line, *luck.choices(HEADERS, k=luck.randrange(5))]
    if luck.random() < 0.7:  # else most would end at the door
        lines.insert(1, LOGIN)
        # From everywhere: broken logins of one address would soon keep the right ones out as well.
        lines.insert(1, f"X-Forwarded-For: 10.{luck.randrange(256)}.{luck.randrange(256)}.1")
    raw = "\r\n".join([*lines, "", luck.choice(("", "{}", "{" * 200, "\0" * 20))])
    data = bytearray(raw.encode("latin-1"))
    for _ in range(luck.choice((0, 0, 0, 1, 5))):
        data[luck.randrange(len(data))] = luck.randrange(256)
    return bytes(data)


def answer_to(port: int, request: bytes) -> bytes:
    """Send a request, and nothing more; return how the answer begins."""
    with socket.create_connection((HOST, port), 5) as connection:
        connection.settimeout(20)
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(200)
        except ConnectionError:
            return b""


@contextmanager
def daemon(folder: Path, port: int, broker_port: int) -> Iterator[DaemonProcess]:
    camera = {"source": "synthetic", "width": 320, "height": 240, "fps": FPS}
    settings = {
        "node": "node",
        "mqtt": {"host": HOST, "port": broker_port},
        "http": {"users": [{"name": "eve", "password": "a long password", "role": "admin"}]},
        "cameras": {"door": camera},
    }
    with DaemonProcess(folder, settings, port=port) as running:
        yield running


def weight(process: psutil.Process) -> tuple[int, int, int]:
    """Memory in MB, descriptors and threads."""
    with process.oneshot():
        return process.memory_info().rss >> 20, process.num_fds(), process.num_threads()


def settled(process: psutil.Process, fds: int, threads: int) -> bool:
    _, fds_now, threads_now = weight(process)
    return fds_now <= fds + 2 and threads_now <= threads + 2


@pytest.mark.parametrize("seed", [1, 2])
def test_broken_requests(tmp_path: Path, free_port: int, unused_port: int, seed: int) -> None:
    luck = random.Random(seed)
    with daemon(tmp_path, free_port, unused_port) as running:
        process = psutil.Process(running.process.pid)
        for _ in range(500):
            answer_to(free_port, request_of(luck))
        wait_until(lambda: settled(process, 99, 99), "the first ones are over", 20)
        rss_mb, fds, threads = weight(process)
        for number in range(REQUESTS // 2):
            request = request_of(luck)
            answer = answer_to(free_port, request)
            status = answer[9:12]
            assert not answer or answer.startswith(b"HTTP/1."), (request, answer)
            assert not status.startswith(b"5") or status in (b"501", b"503", b"505"), (
                request,
                answer,
            )
            if number % 1000 == 0:
                assert running.healthz() is not None

        wait_until(lambda: settled(process, fds, threads), f"{weight(process)}", 20)
        assert weight(process)[0] - rss_mb < 10
        assert "Traceback" not in running.log
        assert "a long password" not in running.log


def test_broken_commands(
    tmp_path: Path, free_port: int, unused_port: int, measured: Callable[[str, object], None]
) -> None:
    luck = random.Random(3)
    folder = tmp_path / "broker"
    folder.mkdir()
    with (
        Broker(folder, unused_port) as broker,
        Listener(unused_port) as listener,
        daemon(tmp_path, free_port, broker.port) as running,
    ):
        running.wait_for(lambda: running.camera("door")["status"] == "online", "live")
        process = psutil.Process(running.process.pid)
        rss_mb, fds, threads = weight(process)
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect(HOST, broker.port)
        client.loop_start()
        for _ in range(COMMANDS):
            setting = luck.choice(SETTINGS)
            payload = luck.choice((b"ON", b"101", b"-1", b"NaN", b"1e999", b"", b"{}", b"\xff\xfe"))
            payload = luck.choice((payload, luck.randbytes(luck.randrange(400))))
            client.publish(f"pimotion/node/door/{setting}/set", payload, qos=0)
        client.publish("done", b"1", qos=1).wait_for_publish(30)
        client.disconnect()
        client.loop_stop()
        listener.wait_for("done", deadline_s=60)

        door = running.camera("door")
        measured("fps", door["fps"])
        assert door["status"] == "online"
        assert door["fps"] >= 0.95 * FPS, "the camera does not notice"
        listener.forget()
        wait_until(lambda: sensitivity_is(listener, 77), "a right command is obeyed", 30)
        assert "Traceback" not in running.log
        assert running.log.count("WARNING") < 30, "the log is not flooded"
        wait_until(lambda: settled(process, fds, threads), f"{weight(process)}", 20)
        assert weight(process)[0] - rss_mb < 15


def sensitivity_is(listener: Listener, value: int) -> bool:
    """Ask for a sensitivity; tell whether it was confirmed."""
    topic = "pimotion/node/door/sensitivity"
    listener.publish(f"{topic}/set", str(value))
    return any(json.loads(each) == value for each in listener.payloads(f"{topic}/state"))
