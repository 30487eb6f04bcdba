"""A phone on a weak Wi-Fi: fewer pictures, none of them old, and nobody else sees fewer for it."""

from __future__ import annotations

import threading
import time
from http.client import HTTPResponse

import barcode
from mjpeg_reader import MjpegReader

from conformance.clients import opened
from conformance.house import House

RATE = 200_000
"""Bytes a second: about 5 of the camera's 12 pictures of 40 kB."""
TICK_S = 0.02
SECONDS = 6.0
"""After this, a server that leaves the rest to the kernel's buffers is 3 s behind, and falling."""
FRESH_S = 1.5
"""What is in the viewer's own buffer, the picture on the way, and a busy machine."""


def read_slowly(house: House, answer: HTTPResponse) -> list[float]:
    """Read for some time; return how old each picture was when its last byte had been read."""
    began_s, taken, data = time.monotonic(), 0, b""
    ages_s = []
    while time.monotonic() < began_s + SECONDS:
        threading.Event().wait(TICK_S)
        piece = answer.read1(max(1, int((time.monotonic() - began_s) * RATE) - taken))
        assert piece, "the stream ended"
        taken += len(piece)
        data += piece
        while (end := data.find(b"\xff\xd9")) >= 0:
            number = barcode.read_jpeg(data[data.find(b"\xff\xd8") : end + 2])
            assert number is not None, "a torn picture"
            ages_s.append(house.camera.age_s(number))
            data = data[end + 2 :]
    return ages_s


def test_a_slow_viewer_sees_new_pictures_and_others_all_of_them(house: House) -> None:
    shown: list[int | None] = []
    stop = threading.Event()

    def watch_beside() -> None:
        with MjpegReader(house.url("/door/stream.mjpg"), login=house.access.login) as viewer:
            while not stop.is_set():
                shown.append(barcode.read_jpeg(viewer.part().jpeg))

    beside = threading.Thread(target=watch_beside)
    beside.start()
    try:
        with opened(house.url("/door/stream.mjpg"), login=house.access.login) as answer:
            ages_s = read_slowly(house, answer)
    finally:
        stop.set()
        beside.join()
    assert len(ages_s) > SECONDS
    assert max(ages_s) < FRESH_S
    numbers = [number for number in shown if number is not None]
    assert len(numbers) == len(shown)
    assert numbers[-1] - numbers[0] > SECONDS, "the camera gave next to nothing"
    assert len(set(numbers)) > 0.8 * (numbers[-1] - numbers[0]), "of what the camera gave meanwhile"
