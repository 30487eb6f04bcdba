"""A page by https: certificates that are renewed or spoilt, and visitors who do not speak."""

from __future__ import annotations

import hashlib
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from authority import Authority
from daemon_process import DaemonProcess
from mjpeg_reader import MjpegReader
from waiting import wait_until

from pimotion.stream.connection import HEADER_S

Measured = Callable[[str, object], None]
HOST = "127.0.0.1"


class SafeDoor:
    """A daemon whose page is reached by https, and the files of its certificate."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.authority = Authority(folder / "authority")
        self.trusting = ssl.create_default_context(cafile=self.authority.ca)
        self.cert, self.key = folder / "page.pem", folder / "page.key"
        self.renew("first")
        self.daemon = DaemonProcess(
            folder,
            {
                "mqtt": {"host": HOST, "port": 1},
                "http": {"tls": {"cert": str(self.cert), "key": str(self.key)}},
                "cameras": {"door": {"source": "synthetic", "width": 640, "height": 480}},
            },
            port=port,
            tls=self.trusting,
        )

    def renew(self, name: str) -> str:
        """Write another certificate over the files; return what tells it from others."""
        cert, key = self.authority.issue(name, address=HOST)
        self.cert.write_bytes(cert.read_bytes())
        self.key.write_bytes(key.read_bytes())
        self.key.chmod(0o600)
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(cert.read_text())).hexdigest()

    def served(self) -> str | None:
        """Which certificate a client gets now; None while nothing answers."""
        try:
            with self.trusting.wrap_socket(self.connect(), server_hostname=HOST) as client:
                certificate = client.getpeercert(binary_form=True)
        except OSError:
            return None
        assert certificate is not None
        return hashlib.sha256(certificate).hexdigest()

    def connect(self) -> socket.socket:
        return socket.create_connection((HOST, self.port), 5)

    def stream(self, receive_bytes: int | None = None) -> MjpegReader:
        url = f"{self.daemon.url}/door/stream.mjpg?quality=100"
        return MjpegReader(url, tls=self.trusting, timeout_s=12, receive_bytes=receive_bytes)

    def probe(self) -> float:
        """How long somebody waits for an answer, s."""
        began_s = time.monotonic()
        assert self.daemon.get("/healthz")
        return time.monotonic() - began_s


@pytest.fixture
def door(tmp_path: Path, free_port: int) -> Iterator[SafeDoor]:
    door = SafeDoor(tmp_path, free_port)
    with door.daemon:
        yield door


def test_a_renewed_certificate_is_served_after_a_reload(door: SafeDoor) -> None:
    first, second = door.served(), door.renew("second")
    assert door.served() == first, "not before anybody says so"
    door.daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: door.served() == second, at_most_s=15)


def test_a_spoilt_certificate_at_a_reload_changes_nothing(door: SafeDoor) -> None:
    """A renewal that went wrong must not take the page away at night."""
    first = door.served()
    door.renew("second")
    door.key.write_text("half of a k")
    with door.stream() as viewer:
        viewer.part()
        door.daemon.process.send_signal(signal.SIGHUP)
        door.daemon.wait_for(lambda: "the old one stays in force" in door.daemon.log, "refused")
        assert f"http.tls.key ({door.key}) is no private key" in door.daemon.log
        for _ in range(20):
            assert viewer.part(), "and the stream goes on"
    assert door.served() == first


def test_tls_clients_who_say_nothing_hold_up_nobody(door: SafeDoor, measured: Measured) -> None:
    with ExitStack() as stack:
        for number in range(200):
            client = stack.enter_context(door.connect())
            client.sendall((b"", b"\x16\x03\x01\x02\x00")[number % 2])
        waited_s = max(door.probe() for _ in range(10))
        measured("probe_s", round(waited_s, 3))
        assert waited_s < HEADER_S / 2, "one of them was waited for"
        client.settimeout(15)
        assert client.recv(1) == b"", "cut, 5 s after it came"


def test_viewers_by_tls_who_never_read_are_cut(door: SafeDoor, measured: Measured) -> None:
    with ExitStack() as stack:
        began_s = time.monotonic()
        for _ in range(8):
            stack.enter_context(door.stream(receive_bytes=4096))
        reading = stack.enter_context(door.stream())
        while (
            'stalled_viewers_total{camera="door"} 8.0' not in door.daemon.get("/metrics").decode()
        ):
            assert reading.part(), "who reads gets his pictures"
            assert time.monotonic() - began_s < 15
        measured("cut_after_s", round(time.monotonic() - began_s, 1))
        assert door.probe() <= 0.2
