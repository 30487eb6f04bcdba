"""ImageZMQ senders of all kinds, well and unwell, against one listening address."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import zmq
from cameras.pictures import SCENE, jpeg, number_of
from cameras.processes import imagezmq_sender
from free_ports import find_free_port

from pimotion.capture.imagezmq import ImageZmqSource
from pimotion.capture.imagezmq_hub import Meeting
from pimotion.errors import SourceLost

SHORT_S = 0.6
LIMIT_MS = 5000


@pytest.fixture
def address() -> str:
    return f"tcp://127.0.0.1:{find_free_port()}"


@contextmanager
def opened(
    address: str, sender: str | None = None, timeout_s: float = 5, *, subscribes: bool = False
) -> Iterator[ImageZmqSource]:
    source = ImageZmqSource(Meeting(address, subscribes), sender, read_timeout_s=timeout_s)
    source.open()
    try:
        yield source
    finally:
        source.close()


@contextmanager
def requester(address: str) -> Iterator[zmq.Socket[bytes]]:
    """What an imagezmq sender is underneath; gives up after 5 s where that one would hang."""
    with zmq.Context() as context, context.socket(zmq.REQ) as request:
        request.setsockopt(zmq.LINGER, 0)
        request.setsockopt(zmq.RCVTIMEO, LIMIT_MS)
        request.connect(address)
        yield request


def _jpg_parts(name: str, number: int) -> list[bytes]:
    return [json.dumps({"msg": name}).encode(), jpeg(number)]


def test_two_cameras_share_an_address_and_get_their_own_pictures(address: str) -> None:
    with (
        imagezmq_sender(address, "porch", "jpg"),
        imagezmq_sender(address, "garden", "image"),
        opened(address, "porch") as porch,
        opened(address, "garden") as garden,
        opened(address) as both,
    ):
        assert porch.read().picture.camera_jpeg is not None
        assert garden.read().picture.camera_jpeg is None
        assert {both.read().picture.camera_jpeg is None for _ in range(20)} == {True, False}


def test_rubbish_gets_a_reply_and_does_not_disturb_others(address: str) -> None:
    """A sender without a reply hangs for ever, and imagezmq's own hub is wedged by the first."""
    rubbish: list[list[bytes]] = [
        [b""],
        [b"not JSON", b"x"],
        [b'{"msg": "a"}'],
        [b'{"msg": "a"}', b"", b""],
        [b'{"msg": "a"}', b"not a JPEG"],
        [b"[1, 2]", jpeg(0)],
        [b"[" * 5000, jpeg(0)],
        [b'{"dtype": "uint8"}', b""],
        [b'{"msg": "a", "dtype": "object", "shape": [1, 1, 3]}', b"xxx"],
        [b'{"msg": "a", "dtype": "uint8", "shape": [100, 100, 3]}', b"xxx"],
        [b'{"msg": "a", "dtype": "uint8", "shape": [-1, -3]}', b"xxx"],
        [b'{"msg": "a", "dtype": "uint8", "shape": [99999999, 99999999, 3]}', b"xxx"],
        [b'{"msg": "a", "dtype": "uint8", "shape": [true, 3]}', b"xxx"],
        [b'{"msg": "a", "dtype": "uint8", "shape": "3"}', b"xxx"],
    ]
    with opened(address) as source, requester(address) as sender:
        for number, parts in enumerate(rubbish):
            sender.send_multipart(parts)
            assert sender.recv().startswith(b"refused: "), parts
            sender.send_multipart(_jpg_parts("porch", number))
            assert sender.recv() == b"OK"
            assert number_of(source.read()) == number


def test_a_reader_that_was_busy_gets_the_newest_picture(address: str) -> None:
    with opened(address) as source, requester(address) as sender:
        for number in range(10):
            sender.send_multipart(_jpg_parts("porch", number))
            sender.recv()
        assert number_of(source.read()) == 9


def test_a_sender_that_falls_silent_is_a_lost_camera_until_it_comes_back(address: str) -> None:
    with opened(address, "porch", SHORT_S) as source:
        with imagezmq_sender(address, "porch", "jpg"):
            _read_patiently(source)
        began_s = time.monotonic()
        with pytest.raises(SourceLost, match=r"no picture from the sender porch for 0\.6 s$"):
            _read_for_ever(source)
        assert time.monotonic() - began_s < 2
        with imagezmq_sender(address, "porch", "jpg"):
            _read_patiently(source)


def test_what_was_refused_once_is_not_why_a_sender_is_silent_later(address: str) -> None:
    with opened(address, "porch", SHORT_S) as source, requester(address) as sender:
        for parts in ([b"no JSON", b""], _jpg_parts("porch", 1)):
            sender.send_multipart(parts)
            sender.recv()
        source.read()
        with pytest.raises(SourceLost, match=r"no picture from the sender porch for 0\.6 s$"):
            source.read()
        sender.send_multipart([b"no JSON", b""])
        sender.recv()
        with pytest.raises(SourceLost, match="a message was refused: the header"):
            source.read()


def test_a_wrong_name_is_told_from_silence(address: str) -> None:
    with opened(address, "porch", SHORT_S) as source, requester(address) as sender:
        sender.send_multipart(_jpg_parts("Porch 2", 0))
        sender.recv()
        with pytest.raises(SourceLost, match="there were some from Porch 2"):
            source.read()


def test_a_sender_survives_that_the_camera_is_closed_and_opened(address: str) -> None:
    """Each close meets a message on its way; not one may go without its reply."""
    stopping = threading.Event()
    replies: list[bytes] = []

    def send() -> None:
        with requester(address) as sender, suppress(zmq.Again):
            while not stopping.is_set():
                sender.send_multipart(_jpg_parts("porch", 1))
                replies.append(sender.recv())

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for _ in range(10):
            with opened(address) as source:
                source.read()
            _wait_for_more(replies)
    finally:
        stopping.set()
        thread.join()


def _wait_for_more(replies: list[bytes]) -> None:
    wanted = len(replies) + 20
    deadline_s = time.monotonic() + 3
    while len(replies) < wanted:
        assert time.monotonic() < deadline_s, "the sender is stuck: its message had no reply"
        time.sleep(0.005)


def test_the_last_camera_to_close_frees_the_address(address: str) -> None:
    with opened(address, "a"):
        with opened(address, "b"):
            pass
        assert not _can_bind(address)
    with zmq.Context() as context, context.socket(zmq.REP) as other:
        other.bind(address)
        source = ImageZmqSource(Meeting(address), None)
        with pytest.raises(SourceLost, match="cannot listen on tcp"):
            source.open()


def test_colour_and_grey_arrays_arrive_as_they_were(address: str) -> None:
    image = SCENE.image(3)
    with opened(address) as source, requester(address) as sender:
        for pixels in (image, image[:, :, 0].copy()):
            head = {"msg": "a", "dtype": "uint8", "shape": list(pixels.shape)}
            sender.send_multipart([json.dumps(head).encode(), pixels.tobytes()])
            sender.recv()
            picture = source.read().picture
            if pixels.ndim == 3:
                assert (picture.bgr() == pixels).all()
            else:
                assert (picture.luma() == pixels).all()


def test_a_sender_that_publishes_is_asked_and_found_again_after_its_restart(address: str) -> None:
    """It owns the port here, and waits for nobody."""
    with opened(address, "porch", SHORT_S, subscribes=True) as source:
        for _ in range(2):
            with imagezmq_sender(address, "porch", "publish"):
                _read_patiently(source)
            with pytest.raises(SourceLost, match="no picture from the sender porch"):
                _read_for_ever(source)


def test_two_cameras_share_a_sender_that_publishes(address: str) -> None:
    with (
        opened(address, "porch", subscribes=True) as porch,
        opened(address, None, subscribes=True) as both,
        imagezmq_sender(address, "porch", "publish"),
    ):
        _read_patiently(porch)
        _read_patiently(both)


def test_rubbish_that_is_published_does_no_harm(address: str) -> None:
    with (
        zmq.Context() as context,
        context.socket(zmq.PUB) as publisher,
        opened(address, subscribes=True) as source,
    ):
        publisher.setsockopt(zmq.LINGER, 0)
        publisher.bind(address)
        ending = threading.Event()

        def publish() -> None:
            while not ending.wait(0.02):
                publisher.send_multipart([b"not JSON", b"x"])
                publisher.send_multipart([b""])
                publisher.send_multipart(_jpg_parts("porch", 5))

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            assert number_of(source.read()) == 5
        finally:
            ending.set()
            thread.join()


def test_an_address_that_is_none_is_a_reason_in_words() -> None:
    source = ImageZmqSource(Meeting("tcp://no such host:5555", subscribes=True), None)
    with pytest.raises(SourceLost, match="cannot connect to tcp://no such host:5555"):
        source.open()


def _can_bind(address: str) -> bool:
    with zmq.Context() as context, context.socket(zmq.REP) as other:
        try:
            other.bind(address)
        except zmq.ZMQError:
            return False
        return True


def _read_patiently(source: ImageZmqSource) -> None:
    """A new sender takes longer to start than a silence may last."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        with suppress(SourceLost):
            source.read()
            return
    pytest.fail("no picture within 10 s")


def _read_for_ever(source: ImageZmqSource) -> None:
    while True:
        source.read()
