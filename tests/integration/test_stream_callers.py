"""Logins, tokens, viewers and proxies over real sockets."""

from __future__ import annotations

import base64
import json
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from daemon_process import DaemonProcess
from live_feed import Feed, serving
from mjpeg_reader import MjpegReader
from small_proxy import SmallProxy
from waiting import wait_until

from pimotion.config.settings import Http, HttpToken, HttpUser
from pimotion.config.values import Secret
from pimotion.passwords import PasswordHash
from pimotion.stream import auth
from pimotion.stream.server import StreamServer

ANNA = HttpUser(name="anna", password=Secret(str(PasswordHash.of("correct horse"))), role="admin")
BODO = HttpUser(name="bodo", password=Secret("battery staple"))
ADMIN, VIEWER = "anna:correct horse", "bodo:battery staple"
TOKEN = "0123456789abcdef"
LAST_NOON_UTC_S = 1795521600.0  # 2026-11-24T12:00:00Z


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes
    url: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    url: str, *, method: str = "GET", login: str | None = ADMIN, body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:  # fmt: skip
    asked = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    if login is not None:
        asked.add_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return Answer(answer.status, answer.headers, answer.read(), answer.url)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read(), error.url or "")


@pytest.fixture
def server() -> Iterator[StreamServer]:
    door, garden = Feed("door"), Feed("garden")
    http = Http(port=0, users=(ANNA, BODO), max_viewers=6)
    with serving(door, garden, http=http) as server:
        door.run(20)
        garden.run(20)
        yield server


def watch(server: StreamServer, query: str = "", camera: str = "door") -> MjpegReader:
    return MjpegReader(f"{server.url}/{camera}/stream.mjpg?{query}", login=ADMIN)


def test_a_hashed_password_opens_everything_and_a_wrong_one_nothing(server: StreamServer) -> None:
    for path in ("/", "/api/state", "/api/viewers", "/door/snapshot.jpg"):
        assert call(server.url + path).status == 200
        assert call(server.url + path, login="anna:wrong").status == 401
    for wrong in ("anna:", f"anna:{ANNA.password.reveal()}"):
        assert call(server.url, login=wrong).status == 401
    with watch(server) as viewer:
        assert viewer.status == 200
        viewer.part()


def test_a_head_of_a_fifth_variant_is_refused_as_the_stream_would_be(server: StreamServer) -> None:
    stream = f"{server.url}/door/stream.mjpg"
    watching = [watch(server, f"quality={quality}") for quality in (10, 20, 30, 40)]
    try:
        for method in ("GET", "HEAD"):
            refused = call(f"{stream}?quality=50", method=method)
            assert refused.status == 503
            assert refused.headers["Retry-After"] == "5"
        assert call(f"{stream}?quality=40", method="HEAD").status == 200
        assert call(f"{server.url}/garden/stream.mjpg", method="HEAD").status == 200
        watching += [watch(server, "quality=10") for _ in range(2)]
        assert call(f"{stream}?quality=10", method="HEAD").status == 503, "max_viewers"
    finally:
        for viewer in watching:
            viewer.close()
    wait_until(lambda: call(f"{stream}?quality=50", method="HEAD").status == 200)


def test_the_head_of_a_stream_is_what_proxies_and_browsers_need(server: StreamServer) -> None:
    with watch(server) as viewer:
        viewer.part()
        headers = viewer.headers
    assert headers["Content-Type"] == "multipart/x-mixed-replace; boundary=pimotion"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Pragma"] == "no-cache"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Connection"] == "close"
    assert "Content-Length" not in headers
    assert "Transfer-Encoding" not in headers


def test_a_still_and_its_head_say_the_same(server: StreamServer) -> None:
    head = call(f"{server.url}/door/snapshot.jpg", method="HEAD")
    assert int(head.headers["Content-Length"]) > 1000
    assert head.body == b""
    names = set(call(f"{server.url}/door/snapshot.jpg").headers)
    assert set(head.headers) == names
    assert {"ETag", "Last-Modified", "Content-Type", "X-Timestamp"} <= {
        "ETag" if name == "Etag" else name for name in names
    }


def test_what_has_no_body_tells_no_length() -> None:
    feed = Feed()
    with serving(feed) as server:
        feed.show()
        still = f"{server.url}/door/snapshot.jpg"
        tag = call(still, login=None).headers["ETag"]
        same = call(still, login=None, headers={"If-None-Match": tag})
        options = call(still, login=None, method="OPTIONS")
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
    assert (options.status, options.body) == (204, b"")
    assert options.headers["Allow"] == "GET, HEAD, OPTIONS"
    for answer in (same, options):
        assert "Content-Length" not in answer.headers


def test_an_admin_sees_who_watches_what(server: StreamServer) -> None:
    with watch(server, "fps=5&width=320&overlay=none"), watch(server, camera="all") as wall:
        for _ in range(15):
            wall.part()
        door, everything = call(f"{server.url}/api/viewers").json
        assert door["camera"] == "door"
        assert door["address"] == "127.0.0.1"
        assert (door["width"], door["quality"], door["overlay"]) == (320, None, [])
        assert door["max_fps"] == 5
        assert everything["camera"] == "all"
        assert everything["sent"] >= 5
        assert everything["fps"] is None or everything["fps"] > 0
        assert everything["age_s"] > 0
        rows = call(f"{server.url}/api/viewers", login=VIEWER).json
        assert [row["address"] for row in rows] == [None, None]
        metrics = call(f"{server.url}/metrics").body.decode()
        assert 'pimotion_stream_viewers{camera="door"} 1.0' in metrics
        assert 'pimotion_stream_viewers{camera="all"} 1.0' in metrics
    wait_until(lambda: call(f"{server.url}/api/viewers").json == [])


@pytest.mark.parametrize("strips", [True, False], ids=["takes its path off", "leaves its path"])
@pytest.mark.parametrize("host", [None, "cams.example.org"], ids=["our host", "its own host"])
def test_everything_works_behind_a_reverse_proxy(strips: bool, host: str | None) -> None:
    feed = Feed("door")
    http = Http(port=0, users=(ANNA, BODO), public_url="https://cams.example.org/pimotion/")
    with (
        serving(feed, http=http) as server,
        SmallProxy(server.url, path="/pimotion", strips=strips, host=host) as proxy,
    ):
        feed.run(20)
        page = call(f"{proxy.url}/")
        assert page.status == 200
        linked = re.findall(rb'(?:src|href)="([^"]+)"', page.body)
        assert linked
        for each in (*linked, b"api/state", b"api/events", b"door/snapshot.jpg"):
            assert call(f"{proxy.url}/{each.decode()}").status == 200, each
        assert call(f"{proxy.url}/door/snapshot.jpg", login=None).status == 401
        with MjpegReader(f"{proxy.url}/door/stream.mjpg", login=ADMIN) as viewer:
            # One that nobody followed in time comes twice.
            assert len({viewer.part().jpeg for _ in range(12)}) >= 3
            (row,) = call(f"{proxy.url}/api/viewers").json
            assert row["address"] == "192.0.2.7"
        switched = call(
            f"{proxy.url}/api/cameras/door/detection", method="POST", body=b'{"value": false}',
            headers={"Content-Type": "application/json", "Origin": "https://cams.example.org"},
        )  # fmt: skip
        assert switched.status == 202, "the page is ours, whatever the proxy calls us"


def test_the_page_behind_a_proxy_is_a_folder() -> None:
    feed = Feed("door")
    http = Http(port=0, public_url="http://127.0.0.1/pimotion")
    with (
        serving(feed, http=http) as server,
        SmallProxy(server.url, path="/pimotion", strips=False) as proxy,
    ):
        answer = call(proxy.url, login=None)
        assert (answer.status, answer.url) == (200, f"{proxy.url}/")


def _watch(viewer: MjpegReader, *, parts: int) -> None:
    for _ in range(parts):
        viewer.part()


def test_a_token_that_is_taken_out_of_the_configuration_opens_nothing(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    settings = {
        "state_dir": str(tmp_path / "state"),
        "mqtt": {"host": "127.0.0.1", "port": unused_port},
        "http": {"tokens": [{"name": "tv", "token": TOKEN, "cameras": ["door"]}]},
        "cameras": {
            "door": {"source": "synthetic", "width": 320, "height": 180},
            "garden": {"source": "synthetic", "width": 320, "height": 180},
        },
    }
    with DaemonProcess(tmp_path, settings, port=free_port) as daemon:
        stream = f"{daemon.url}/door/stream.mjpg?token={TOKEN}"
        assert call(stream.replace("door", "garden"), login=None).status == 401
        assert call(stream.replace("door", "all"), login=None).status == 401
        with MjpegReader(stream) as viewer:
            viewer.part()
            settings["http"] = {"tokens": [{"name": "tv", "token": TOKEN[::-1]}]}
            (tmp_path / "pimotion.yml").write_text(json.dumps(settings))
            daemon.process.send_signal(signal.SIGHUP)
            with pytest.raises((EOFError, ConnectionError)):  # who still watches with it is cut
                _watch(viewer, parts=1000)
        daemon.wait_for(lambda: daemon.healthz() is not None, "the page answers again")
        assert call(stream, login=None).status == 401
        assert TOKEN not in daemon.log


def test_who_watches_when_his_token_expires_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest who had left the picture open saw the home for weeks."""
    monkeypatch.setattr(auth, "utc_now_s", lambda: LAST_NOON_UTC_S)
    guest = HttpToken(name="guest", token=Secret(TOKEN), expires="2026-11-24")
    http = Http(port=0, users=(BODO,), tokens=(guest,))
    feed = Feed()
    with serving(feed, http=http) as server:
        feed.run(10)
        url = f"{server.url}/door/stream.mjpg"
        with (
            MjpegReader(f"{url}?token={TOKEN}") as leaver,
            MjpegReader(url, login=VIEWER) as stayer,
        ):
            leaver.part()
            monkeypatch.setattr(auth, "utc_now_s", lambda: LAST_NOON_UTC_S + 86400)
            with pytest.raises((EOFError, ConnectionError)):
                _watch(leaver, parts=100)
            wait_until(lambda: server.viewers("door") == 1)
            stayer.part()
