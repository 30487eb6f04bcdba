"""The page and the streams by https: as good as by http, and nobody is held up by who is silent."""

from __future__ import annotations

import json
import random
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import barcode
import pytest
from authority import Authority
from live_feed import Feed, serving
from mjpeg_reader import MjpegReader
from waiting import wait_until

from pimotion.config.settings import Http, HttpTls, HttpUser
from pimotion.config.values import Secret
from pimotion.stream import connection
from pimotion.stream.fanout import Fanout
from pimotion.stream.server import StreamServer

Measured = Callable[[str, object], None]
HOST = "127.0.0.1"
LOGIN = "anna:much too long"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def tls(authority: Authority) -> HttpTls:
    cert, key = authority.issue("page", address=HOST)
    return HttpTls(cert=str(cert), key=str(key))


@pytest.fixture
def trusting(authority: Authority) -> ssl.SSLContext:
    """What a client needs who trusts the authority, and looks at the name."""
    return ssl.create_default_context(cafile=authority.ca)


@pytest.fixture
def feed() -> Feed:
    feed = Feed(heavy=True)
    feed.show()
    return feed


@pytest.fixture
def server(feed: Feed, tls: HttpTls) -> Iterator[StreamServer]:
    with serving(feed, http=Http(port=0, tls=tls)) as server:
        yield server


def connect(server: StreamServer) -> socket.socket:
    """A plain connection to the port."""
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection((HOST, port), timeout=5)


def get(server: StreamServer, path: str, trusting: ssl.SSLContext) -> bytes:
    with urllib.request.urlopen(server.url + path, context=trusting, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def probe(server: StreamServer, trusting: ssl.SSLContext) -> float:
    """How long somebody else waits for an answer, his handshake included, s."""
    began_s = time.monotonic()
    assert get(server, "/healthz", trusting)
    return time.monotonic() - began_s


def test_page_still_and_api(server: StreamServer, trusting: ssl.SSLContext) -> None:
    assert server.url.startswith("https://127.0.0.1:")
    assert b"<html" in get(server, "/", trusting)
    assert barcode.read_jpeg(get(server, "/door/snapshot.jpg?overlay=none", trusting)) == 1
    assert json.loads(get(server, "/api/state", trusting))["node"] == "garden-pi"


def test_an_answer_ends_with_a_farewell(server: StreamServer, trusting: ssl.SSLContext) -> None:
    """So that a client can tell the end of it from somebody who cut it."""
    with trusting.wrap_socket(
        connect(server), server_hostname=HOST, suppress_ragged_eofs=False
    ) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        told = b""
        while part := client.recv(65536):
            told += part
    assert told.startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_stream(
    server: StreamServer, feed: Feed, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    trusting.minimum_version = trusting.maximum_version = version
    feed.run(20)
    with MjpegReader(f"{server.url}/door/stream.mjpg?overlay=none", tls=trusting) as viewer:
        assert isinstance(viewer.socket, ssl.SSLSocket)
        assert viewer.socket.version() == version.name.replace("_", ".")
        numbers = [barcode.read_jpeg(viewer.part().jpeg) or 0 for _ in range(15)]
    assert numbers == sorted(numbers)
    assert numbers[0] > 0
    assert len(set(numbers)) > 10


def test_many_viewers_each_get_whole_pictures_of_their_own(
    server: StreamServer, feed: Feed, trusting: ssl.SSLContext
) -> None:
    """So many that plain ones would get theirs from a file in memory, past any encryption."""
    feed.run(10)
    url = f"{server.url}/door/stream.mjpg?overlay=none"
    viewers = [MjpegReader(url, tls=trusting) for _ in range(12)]
    for viewer in viewers:
        assert all(barcode.read_jpeg(viewer.part().jpeg) for _ in range(5))
        viewer.close()


def test_a_slow_viewer_gets_whole_pictures_and_the_newest(
    server: StreamServer, feed: Feed, trusting: ssl.SSLContext
) -> None:
    url = f"{server.url}/door/stream.mjpg?overlay=none"
    with MjpegReader(url, tls=trusting, receive_bytes=4096) as viewer:
        feed.run(50)
        behind = []
        for _ in range(10):
            threading.Event().wait(0.1)
            shown = barcode.read_jpeg(viewer.part().jpeg)
            assert shown is not None
            behind.append(feed.number - shown)
    assert max(behind) < 15, "50 come in a second, and about 2 lie in the buffers of both ends"


def test_who_never_reads_is_cut_and_slows_nobody(
    feed: Feed, tls: HttpTls, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pimotion.stream.server.Fanout", partial(Fanout, stall_s=1.0))
    with serving(feed, http=Http(port=0, tls=tls)) as server:
        url = f"{server.url}/door/stream.mjpg?overlay=none"
        stuck = MjpegReader(url, tls=trusting, receive_bytes=4096)
        with MjpegReader(url, tls=trusting) as reading:
            feed.run(30)
            wait_until(lambda: server.viewers("door") == 2)
            while server.viewers("door") == 2:
                assert reading.part()
        stuck.close()


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"],
                         ids=["nothing", "one byte", "half a hello"])  # fmt: skip
def test_200_who_say_nothing_hold_up_nobody(
    server: StreamServer, trusting: ssl.SSLContext, said: bytes, measured: Measured
) -> None:
    threads = threading.active_count()
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connect(server)).sendall(said)
        waited_s = [probe(server, trusting) for _ in range(5)]
        measured("probe_s", round(max(waited_s), 3))
        assert max(waited_s) < connection.HEADER_S / 2, "one of them was waited for"
        assert threading.active_count() <= threads


def test_a_handshake_that_is_not_finished_is_cut(
    server: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEADER_S", 0.3)
    for said in (b"", b"\x16\x03\x01"):
        with connect(server) as client:
            client.sendall(said)
            assert client.recv(100) == b""


def test_after_the_handshake_a_request_is_cut_like_any_other(
    server: StreamServer, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEADER_S", 0.5)
    with trusting.wrap_socket(connect(server), server_hostname=HOST) as client:
        client.sendall(b"GET /healthz HT")
        assert client.recv(100) == b""


def test_who_speaks_plainly_is_told_to_say_https(server: StreamServer) -> None:
    with connect(server) as client, client.makefile("rb") as answer:
        client.sendall(b"GET / HTTP/1.1\r\nHost: pi\r\n\r\n")
        told = answer.read()
    assert told.startswith(b"HTTP/1.0 400 ")
    assert b"https://" in told


@pytest.mark.parametrize("seed", range(3))
def test_rubbish_ends_its_own_connection_only(
    server: StreamServer, trusting: ssl.SSLContext, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes of nothing, of a broken hello, of one that breaks off, and resets in between."""
    dice = random.Random(seed)
    hello = client_hello(trusting)
    for _ in range(100):
        broken = bytearray(hello[: dice.randrange(1, len(hello) + 1)])
        for _ in range(dice.randrange(4)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        broken += dice.randbytes(dice.choice((0, 0, 100)))
        with connect(server) as client:
            client.sendall(dice.choice((bytes(broken), b"\x16" + dice.randbytes(50))))
            if dice.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert probe(server, trusting) < 1
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []


def test_rubbish_behind_the_handshake_ends_its_own_connection_only(
    server: StreamServer, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        client = trusting.wrap_socket(connect(server), server_hostname=HOST)
        raw = socket.socket(fileno=client.detach())
        with raw:
            raw.settimeout(5)
            raw.sendall(b"\x17\x03\x03\x00\x20" + random.Random(1).randbytes(32))
            while raw.recv(4096):
                continue
    assert probe(server, trusting) < 1
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(server: StreamServer, trusting: ssl.SSLContext) -> None:
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    trusting.minimum_version = ssl.TLSVersion.TLSv1
    trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    with connect(server) as client, pytest.raises((ssl.SSLError, ConnectionError)):
        trusting.wrap_socket(client, server_hostname=HOST)


def test_nobody_may_negotiate_again(server: StreamServer, authority: Authority) -> None:
    """It costs us more than who asks for it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on PATH")
    target = server.url.removeprefix("https://")
    asked = subprocess.run(
        [openssl, "s_client", "-tls1_2", "-connect", target, "-CAfile", str(authority.ca)],
        input="R\n", capture_output=True, text=True, timeout=10, check=False,
    )  # fmt: skip
    assert "RENEGOTIATING" in asked.stderr + asked.stdout
    assert "no renegotiation" in asked.stderr


def test_a_login(feed: Feed, tls: HttpTls, trusting: ssl.SSLContext) -> None:
    name, _, password = LOGIN.partition(":")
    user = HttpUser(name=name, password=Secret(password))
    with serving(feed, http=Http(port=0, tls=tls, users=(user,))) as server:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(server, "/", trusting)
        with MjpegReader(f"{server.url}/stream.mjpg", tls=trusting, login=LOGIN) as viewer:
            assert viewer.part()
        request = urllib.request.Request(f"{server.url}/")
        request.add_header("Authorization", f"Basic {b64encode(LOGIN.encode()).decode()}")
        with urllib.request.urlopen(request, context=trusting, timeout=5) as answer:
            assert answer.status == 200


def test_ffmpeg_reads_the_stream_and_checks_the_certificate(
    server: StreamServer, feed: Feed, authority: Authority, tmp_path: Path
) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg on PATH")
    feed.run(20)
    read = subprocess.run(
        [ffmpeg, "-v", "error", "-nostdin", "-tls_verify", "1", "-ca_file", str(authority.ca),
         "-f", "mpjpeg", "-i", f"{server.url}/door/stream.mjpg?overlay=none", "-frames:v", "10",
         "-c", "copy", str(tmp_path / "%02d.jpg")],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert read.stderr == ""
    numbers = [barcode.read_jpeg(path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    assert len(numbers) == 10
    assert None not in numbers


def client_hello(trusting: ssl.SSLContext) -> bytes:
    """The first thing that a client says."""
    told = ssl.MemoryBIO()
    client = trusting.wrap_bio(ssl.MemoryBIO(), told, server_hostname="pi")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return told.read()
