"""`send` as a process, against hubs that go, come back, die without a word, and refuse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import imagezmq
import pytest
import zmq
from free_ports import find_free_port, has_ipv6

from pimotion.capture import frame_number
from pimotion.capture.factory import DEMO
from pimotion.capture.imagezmq import ImageZmqSource
from pimotion.capture.imagezmq_hub import Meeting
from pimotion.capture.source import Captured
from pimotion.errors import SourceLost
from pimotion.picture import Picture

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 20

LOOPBACKS = ["127.0.0.1", "localhost", *(["[::1]"] if has_ipv6() else [])]


@pytest.fixture
def address() -> str:
    return f"tcp://127.0.0.1:{find_free_port()}"


class Sending:
    """The command, its log and its end."""

    def __init__(self, *arguments: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pimotion", "send", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, text: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while text not in "".join(self.lines):
            assert time.monotonic() < deadline_s, f"not yet: {text}\n{''.join(self.lines)}"
            time.sleep(0.05)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)


@contextmanager
def sending(*arguments: str) -> Iterator[Sending]:
    process = Sending(*arguments)
    try:
        yield process
    finally:
        process.close()


@contextmanager
def hub(address: str, name: str | None = None) -> Iterator[ImageZmqSource]:
    source = ImageZmqSource(Meeting(address), name, read_timeout_s=1)
    source.open()
    try:
        yield source
    finally:
        source.close()


def _read_patiently(source: ImageZmqSource) -> Captured:
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        with suppress(SourceLost):
            return source.read()
    pytest.fail(f"no picture within {PATIENCE_S} s")


def test_pictures_go_on_arriving_when_the_hub_was_restarted(address: str) -> None:
    """The hub begins after the sender, ends, and begins again; nobody touches the sender."""
    with sending("--source", DEMO, "--to", address, "--name", "porch") as sender:
        sender.wait_for("the hub does not answer")
        for _ in range(3):
            with hub(address, "porch") as source:
                assert _read_patiently(source).picture.width == 448
        assert sender.process.poll() is None


@pytest.mark.parametrize("host", LOOPBACKS)
def test_pictures_arrive_by_every_kind_of_address(host: str) -> None:
    """ZeroMQ refuses an IPv6 address unless it is told."""
    address = f"tcp://{host}:{find_free_port()}"
    with sending("--source", DEMO, "--to", address, "--name", "porch"), hub(address) as source:
        assert _read_patiently(source).picture.width == 448


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "cam..local"])
def test_a_name_without_an_address_is_told_with_what_to_do(host: str) -> None:
    """It was only said that the hub does not answer."""
    with sending("--source", DEMO, "--to", f"tcp://{host}:5555", "--name", "porch") as sender:
        sender.wait_for("the hub's name has no address, trying on; check --to, or give its IP")
        assert sender.process.poll() is None, "its router may only be slower than this machine"


@pytest.mark.parametrize("host", LOOPBACKS)
def test_of_a_hub_that_is_only_not_there_no_name_is_blamed(host: str) -> None:
    address = f"tcp://{host}:{find_free_port()}"
    with sending("--source", DEMO, "--to", address, "--name", "porch") as sender:
        sender.wait_for("the hub does not answer")
        assert "no address" not in "".join(sender.lines)


def test_a_hub_that_dies_without_its_reply_does_not_hold_the_sender(address: str) -> None:
    """What ends every imagezmq sender: its picture was taken, and the reply never comes."""
    with sending("--source", DEMO, "--to", address, "--name", "porch"):
        with zmq.Context() as context, context.socket(zmq.REP) as dying:
            dying.setsockopt(zmq.LINGER, 0)
            dying.bind(address)
            assert dying.poll(PATIENCE_S * 1000)
            dying.recv_multipart()
        with hub(address) as source:
            for _ in range(3):
                _read_patiently(source)


def test_what_arrives_after_an_outage_is_of_now(address: str) -> None:
    """A picture that waited for the hub in a queue would be shown as live."""
    with sending("--source", "synthetic", "--to", address, "--name", "a", "--fps", "10") as sender:
        sender.wait_for("the hub does not answer")
        threading.Event().wait(2)  # the outage goes on: 20 pictures go nowhere
        with zmq.Context() as context, context.socket(zmq.REP) as taking:
            taking.setsockopt(zmq.LINGER, 0)
            taking.bind(address)
            numbers = [_number(taking) for _ in range(2)]
        assert numbers[1] - numbers[0] <= 3, "the first picture was an old one"


def _number(taking: zmq.Socket[bytes]) -> int:
    """Take a picture of the synthetic camera and read the number that it draws into each."""
    assert taking.poll(PATIENCE_S * 1000)
    _, jpeg = taking.recv_multipart()
    taking.send(b"OK")
    number = frame_number.read(Picture.from_jpeg(jpeg).luma())
    assert number is not None
    return number


def test_two_senders_are_two_cameras_of_one_port(address: str) -> None:
    with (
        hub(address, "porch") as porch,
        hub(address, "garden") as garden,
        sending("--source", DEMO, "--to", address, "--name", "porch"),
        sending("--source", "synthetic", "--to", address, "--name", "garden", "--width", "320"),
    ):
        assert _read_patiently(porch).picture.width == 448
        assert _read_patiently(garden).picture.width == 320


def test_imagezmq_s_own_hub_understands_it(address: str) -> None:
    receiver = imagezmq.ImageHub(open_port=address)
    try:
        with sending("--source", DEMO, "--to", address, "--name", "porch"):
            for _ in range(3):
                assert receiver.zmq_socket.poll(PATIENCE_S * 1000)
                name, jpeg = receiver.recv_jpg()
                receiver.send_reply(b"OK")
                assert name == "porch"
                assert Picture.from_jpeg(jpeg).height == 240
    finally:
        receiver.close()


def test_it_ends_at_once_when_told_to_also_without_a_hub(address: str) -> None:
    with sending("--source", DEMO, "--to", address, "--name", "porch") as sender:
        sender.wait_for("camera opened")
        sender.process.send_signal(signal.SIGTERM)
        assert sender.process.wait(3) == 0


def test_a_camera_that_is_not_there_is_said_and_tried_again(address: str) -> None:
    arguments = ("--source", "v4l2:/dev/no-camera", "--to", address, "--name", "porch")
    with sending(*arguments) as sender, hub(address):
        sender.wait_for("camera is lost reason=/dev/no-camera is not there")
        assert sender.process.poll() is None


def test_a_silent_hub_does_not_hide_a_lost_camera(address: str) -> None:
    """Whoever only hears of the hub looks for the mistake on the wrong machine."""
    with sending("--source", "file:/nope.mp4", "--to", address, "--name", "porch") as sender:
        sender.wait_for("camera is lost reason=/nope.mp4")


def test_every_wrong_option_is_told_at_once(address: str) -> None:
    wrong = ("--to", "http://hub", "--name", "", "--quality", "200")
    done = subprocess.run(
        [sys.executable, "-m", "pimotion", "send", *wrong],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "--to must be tcp://HOST:PORT, got 'http://hub'",
        "--name must be 1 to 64 letters, got ''",
        "--quality must be between 1 and 100, got 200",
        "3 problems; nothing was started.",
    ]
