"""All cameras in one stream, on a real port."""

from __future__ import annotations

import base64
import itertools
import threading
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import barcode
import cv2
import numpy as np
import pytest
from live_feed import Feed, serving
from mjpeg_reader import MjpegReader
from waiting import wait_until

from pimotion.config.settings import Http
from pimotion.render import Mosaic
from pimotion.stream.grid import GridScene
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant

PLAIN = "/all/stream.mjpg?overlay=none"
LOGINS = {"users": [{"name": "bodo", "password": "battery staple"}]}
TOKENS = [
    {"name": "wall", "token": "0123456789abcdef", "cameras": ["cam0", "cam1"]},
    {"name": "door", "token": "fedcba9876543210", "cameras": ["cam0"]},
]


def numbers_in(jpeg: bytes, count: int) -> list[int | None]:
    """The numbers of the pictures in the tiles."""
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).view(np.uint8)
    cells = Mosaic(count, grey.shape[1], 16 / 9).cells
    return [
        barcode.read(grey[cell.top : cell.bottom, cell.left : cell.right].copy()) for cell in cells
    ]


def composing() -> bool:
    return any(thread.name == "encode-all" for thread in threading.enumerate())


def running_feeds(count: int, fps: float) -> list[Feed]:
    feeds = [Feed(f"cam{n}") for n in range(count)]
    for feed in feeds:
        feed.show()
        feed.run(fps)
    return feeds


def patient_viewer(url: str) -> MjpegReader:
    """TimeoutError when he gets nothing new: what has been said again is silent for 4 s."""
    return MjpegReader(url, timeout_s=3.0)


def test_every_camera_lives_in_the_one_stream_and_a_dead_one_is_a_card() -> None:
    feeds = running_feeds(5, 15)
    with serving(*feeds) as server, MjpegReader(server.url + PLAIN) as viewer:
        seen = [numbers_in(viewer.part().jpeg, 5) for _ in range(12)]
        for n, feed in enumerate(feeds):
            numbers = [number for shown in seen if (number := shown[n]) is not None]
            assert numbers == sorted(numbers)
            assert len(set(numbers)) > 6
            assert feed.number - numbers[-1] <= 5
        feeds[3].stop()
        feeds[3].lose("no route to host")
        wait_until(lambda: numbers_in(viewer.part().jpeg, 5)[3] is None)


def test_it_is_put_together_once_for_all_and_only_while_someone_watches() -> None:
    feeds = running_feeds(3, 15)
    with serving(*feeds) as server:
        wait_until(lambda: not composing())  # that of the test before has ended
        with MjpegReader(server.url + PLAIN) as one, MjpegReader(server.url + PLAIN) as other:
            first = [one.part().jpeg for _ in range(8)]
            second = [other.part().jpeg for _ in range(8)]
            assert composing()
            assert set(first) & set(second)
            assert all(server.viewers(feed.camera.id) == 2 for feed in feeds)
        wait_until(lambda: not composing())


def test_a_wall_that_stands_still_is_not_encoded_again() -> None:
    feeds = [Feed("a"), Feed("b")]
    for feed in feeds:
        feed.show()
    with serving(*feeds) as server, MjpegReader(server.url + PLAIN) as viewer:
        assert len({viewer.part().jpeg for _ in range(3)}) == 1  # the same, said again
        feeds[1].show()
        wait_until(lambda: numbers_in(viewer.part().jpeg, 2) == [1, 2])


def test_the_last_change_before_a_standstill_is_shown_however_slow_the_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mosaic that took long was followed by a quick one, which came too early for the rate."""
    feeds = [Feed("a"), Feed("b")]
    for feed in feeds:
        feed.show()
    pauses_s = itertools.cycle([0.15, 0.15, 0.0])
    paint = GridScene.paint

    def slowly(scene: GridScene, variant: Variant) -> Part:
        time.sleep(next(pauses_s))
        return paint(scene, variant)

    monkeypatch.setattr(GridScene, "paint", slowly)
    with serving(*feeds) as server, patient_viewer(server.url + PLAIN) as viewer:
        for _ in range(8):
            for feed in feeds:
                feed.show()
                time.sleep(0.06)  # so that the second is in the next mosaic
            while numbers_in(viewer.part().jpeg, 2) != [feed.number for feed in feeds]:
                pass


def test_a_camera_that_stands_still_is_not_one_frame_behind() -> None:
    """As those that give a frame only when something changes."""
    feed = Feed()
    feed.show()
    url = "/door/stream.mjpg?overlay=none&fps=2"
    with serving(feed) as server, patient_viewer(server.url + url) as viewer:
        viewer.part()
        for _ in range(3):
            feed.show()
        while barcode.read_jpeg(viewer.part().jpeg) != feed.number:
            pass


def test_fps_limits_how_often_it_is_put_together() -> None:
    feeds = running_feeds(2, 20)
    with serving(*feeds) as server, MjpegReader(f"{server.url}{PLAIN}&fps=2") as viewer:
        viewer.part()
        began_s, pictures = time.monotonic(), set[bytes]()
        while time.monotonic() - began_s < 2.2:
            pictures.add(viewer.part().jpeg)
        assert 3 <= len(pictures) <= 7


def test_the_still_of_all_cameras_has_a_width_and_a_quality() -> None:
    feeds = [Feed("a"), Feed("b")]
    for feed in feeds:
        feed.show()
    with serving(*feeds) as server:
        sizes = {}
        for query in ("overlay=none", "overlay=none&width=640", "overlay=none&width=640&quality=5"):
            with urlopen(f"{server.url}/all/snapshot.jpg?{query}") as answer:
                assert answer.headers["Content-Type"] == "image/jpeg"
                jpeg = answer.read()
            assert numbers_in(jpeg, 2) == [1, 1]
            sizes[query] = len(jpeg)
        assert sorted(sizes.values(), reverse=True) == list(sizes.values())


@pytest.mark.parametrize("path", ["/all/stream.mjpg", "/all/snapshot.jpg"])
def test_a_token_must_open_every_camera(path: str) -> None:
    """Who may see the door must not see the garden because both stand in one picture."""
    feeds = [Feed("cam0"), Feed("cam1")]
    for feed in feeds:
        feed.show()
    http = Http.model_validate({"port": 0, "tokens": TOKENS, **LOGINS})
    with serving(*feeds, http=http) as server:
        assert status(f"{server.url}{path}") == 401
        assert status(f"{server.url}{path}?token=fedcba9876543210") == 401
        assert status(f"{server.url}{path}?token=0123456789abcdef") == 200
        assert status(f"{server.url}{path}", login="bodo:battery staple") == 200


def status(url: str, login: str | None = None) -> int:
    request = Request(url, method="HEAD")
    if login is not None:
        request.add_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
    try:
        with urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
