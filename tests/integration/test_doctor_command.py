"""`doctor` and `cameras` as commands: real brokers, real sources, a running pimotion."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from broker import Broker
from daemon_process import ROOT, DaemonProcess
from free_ports import has_ipv6
from in_process import InProcess
from live_feed import Feed, serving

from pimotion.config.camera import Camera
from pimotion.config.settings import Http, Settings
from pimotion.doctor.running import running

HOSTS = [("127.0.0.2", "127.0.0.2"), ("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")]
if has_ipv6():
    HOSTS += [(host, "[::1]") for host in ("::1", "[::1]", "::", "[::]")]

DOOR = {"source": "synthetic", "width": 320, "height": 240}


def examine(folder: Path, settings: dict[str, Any]) -> tuple[int, dict[str, dict[str, str]]]:
    """Run `doctor --json`; return its exit code and its checks by name."""
    config = folder / "doctor.yml"
    config.write_text(json.dumps({"state_dir": str(folder), **settings}))
    done = command("doctor", str(config), "--json")
    told = json.loads(done.stdout)
    assert told["passed"] is (done.returncode == 0)
    return done.returncode, {check["name"]: check for check in told["checks"]}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pimotion", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def another_program(port: int, words: bytes | None) -> Iterator[None]:
    """Let a program have a port that says the same to everyone, or nothing."""

    def talk() -> None:
        with suppress(OSError):  # closed: it is over
            while True:
                caller, _ = server.accept()
                with caller:
                    caller.recv(4096)
                    caller.sendall(words or b"")

    with socket.create_server(("127.0.0.1", port)) as server:
        talking = threading.Thread(target=talk, daemon=True)
        if words is not None:
            talking.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
    if words is not None:
        talking.join(5)


def test_all_is_well(tmp_path: Path, free_port: int, unused_port: int) -> None:
    with Broker(tmp_path, free_port):
        code, checks = examine(
            tmp_path,
            {
                "node": "pi",
                "cameras": {"door": DOOR},
                "mqtt": {"host": "127.0.0.1", "port": free_port},
                "http": {"port": unused_port},
            },
        )
    assert code == 0
    assert checks["camera door"]["found"].startswith("320x240 BGR, 1")
    assert checks["broker"]["found"].endswith("lets us in, MQTT 5")
    assert checks["page"]["found"] == f"port {unused_port} on 127.0.0.1 is free for it"
    assert checks["topics"]["found"].startswith("pimotion/pi/# can be written and read")
    assert checks["state folder"]["verdict"] == "ok"


def test_everything_that_fails_is_told_at_once(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    code, checks = examine(
        tmp_path,
        {
            "cameras": {"door": DOOR, "usb": {"source": "v4l2:/dev/v4l/by-id/none"}},
            "mqtt": {"host": "127.0.0.1", "port": free_port},
            "http": {"port": unused_port},
        },
    )
    assert code == 1
    failed = {name for name, check in checks.items() if check["verdict"] == "failed"}
    assert failed == {"camera usb", "broker"}
    assert "is not there; is the camera plugged in?" in checks["camera usb"]["found"]
    assert "connection refused" in checks["broker"]["found"]


def test_a_login_that_is_refused_says_what_to_do(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    with Broker(tmp_path, free_port, ["allow_anonymous false"]):
        code, checks = examine(
            tmp_path,
            {
                "cameras": {"door": DOOR},
                "mqtt": {"host": "127.0.0.1", "port": free_port},
                "http": {"port": unused_port},
            },
        )
    assert code == 1
    assert "Not authorized" in checks["broker"]["found"]
    assert "make a user for pimotion" in checks["broker"]["advice"]


def test_a_broker_that_keeps_our_topics_from_us_is_told_from_one_that_is_well(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    """The connection is there, and yet nothing would ever arrive in Home Assistant."""
    rights = tmp_path / "acl"
    rights.write_text("topic read #\n")
    rights.chmod(0o600)
    with Broker(tmp_path, free_port, [f"acl_file {rights}"]):
        code, checks = examine(
            tmp_path,
            {
                "node": "pi",
                "cameras": {"door": DOOR},
                "mqtt": {"host": "127.0.0.1", "port": free_port},
                "http": {"port": unused_port},
            },
        )
    assert code == 1
    assert checks["broker"]["verdict"] == "ok"
    assert checks["topics"]["verdict"] == "failed"
    assert "write and read pimotion/pi/#" in checks["topics"]["advice"]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(None, id="says nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_10.0\r\n", id="is no web server"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n{", id="breaks off"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 100_000, id="talks nonsense"),
    ],
)
def test_a_port_that_another_program_has_is_told(
    tmp_path: Path, free_port: int, unused_port: int, words: bytes | None
) -> None:
    """The daemon would not even start."""
    with another_program(free_port, words):
        code, checks = examine(
            tmp_path,
            {
                "cameras": {"door": DOOR},
                "mqtt": {"host": "127.0.0.1", "port": unused_port},
                "http": {"port": free_port},
            },
        )
    assert code == 1
    assert checks["page"]["verdict"] == "failed"
    assert f"port {free_port} is in use" in checks["page"]["found"]
    assert "ss -ltnp" in checks["page"]["advice"]


def test_a_camera_that_the_running_pimotion_has_is_asked_for_there(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    """Nobody else could open it."""
    running = {"node": "pi", "cameras": {"door": DOOR}, "mqtt": {"host": "127.0.0.1", "port": 1}}
    with DaemonProcess(tmp_path, running, port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["status"] == "online", "the camera is live")
        _, checks = examine(tmp_path, {**running, "http": {"port": free_port}})
        _, others = examine(tmp_path, {**running, "node": "x", "http": {"port": free_port}})
    assert checks["camera door"]["found"].startswith("the running pimotion has it: ok")
    assert "running" not in others["camera door"]["found"], "it is another node's"
    assert checks["page"]["verdict"] == "ok"
    assert others["page"]["found"].startswith("another pimotion, node pi, has port")


@pytest.mark.parametrize(("host", "named"), HOSTS)
def test_the_running_pimotion_is_found_where_its_page_is(host: str, named: str) -> None:
    http = Http(host=host, port=0, open=True)
    with serving(Feed(), http=http) as server:
        where, _, port = server.url.removeprefix("http://").rpartition(":")
        settings = Settings(
            node="garden-pi",
            http=http.model_copy(update={"port": int(port)}),
            cameras={"door": Camera(source="synthetic")},
        )
        other = running(settings)
    assert where == named
    assert other is not None
    assert other.is_ours


def test_the_running_pimotion_is_not_asked_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    """Which knows another machine by the name of this one."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(Feed()) as server:
        http = Http(port=int(server.url.rpartition(":")[2]))
        cameras = {"door": Camera(source="synthetic")}
        assert running(Settings(node="garden-pi", http=http, cameras=cameras)) is not None


@pytest.fixture
def obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> InProcess:
    return InProcess(tmp_path, monkeypatch, capfd)


def test_a_wrong_configuration_is_wrong_use(obeyed: InProcess, tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("cameras: {door: {}}\n")
    done = obeyed("doctor", "p.yml")
    assert done.returncode == 2
    assert "cameras.door.source is missing" in done.stderr


def test_a_list_of_cameras_is_a_list(obeyed: InProcess) -> None:
    done = obeyed("cameras", "--json")
    assert done.returncode == 0
    assert isinstance(json.loads(done.stdout), list)
