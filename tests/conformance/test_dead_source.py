"""What a viewer sees while the camera gives nothing: never silence, never an old picture as new."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import barcode
import pytest
from mjpeg_reader import MjpegReader

from conformance.house import ACCESSES, House, living_in
from conformance.numbered_camera import NumberedCamera

PROMISED_S = 5.0
"""A frame comes at least so often. Home Assistant's proxy gives up after 10 s of silence."""
SLACK_S = 0.7
"""What a busy machine may add to it."""
LOGIN = ACCESSES[1]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with NumberedCamera() as camera, living_in(tmp_path, camera, LOGIN) as house:
        yield house


def watch(viewer: MjpegReader, seconds: float, gaps_s: list[float], seen: list[int | None]) -> None:
    """Note what is shown and how long each picture let wait, for some time."""
    end_s = time.monotonic() + seconds
    while (began_s := time.monotonic()) < end_s:
        seen.append(barcode.read_jpeg(viewer.part().jpeg))
        gaps_s.append(time.monotonic() - began_s)


def test_a_dead_camera_is_shown_as_dead_and_nobody_waits_for_ever(house: House) -> None:
    """From its last picture over a card with the reason back to live pictures, in one stream."""
    usual = MjpegReader(house.url("/door/stream.mjpg"), login=LOGIN.login, timeout_s=15)
    seldom = MjpegReader(house.url("/door/stream.mjpg", fps=0.2), login=LOGIN.login, timeout_s=15)
    gaps_s: list[float] = []
    seldom_gaps_s: list[float] = []
    seen: list[int | None] = []
    cards: list[int | None] = []
    with usual, seldom:
        other = threading.Thread(target=watch, args=(seldom, 20, seldom_gaps_s, []))
        other.start()
        watch(usual, 1, gaps_s, seen)
        assert None not in seen
        house.camera.die()
        died_s = time.monotonic()
        while barcode.read_jpeg(usual.part().jpeg) is not None:
            assert time.monotonic() - died_s < PROMISED_S, "the last picture is still shown as live"
        watch(usual, 12, gaps_s, cards)
        assert set(cards) == {None}
        house.camera.revive()
        deadline_s = time.monotonic() + 15
        while barcode.read_jpeg(usual.part().jpeg) is None:
            assert time.monotonic() < deadline_s, "the card stayed though the camera came back"
        other.join()
    assert max(gaps_s) < PROMISED_S + SLACK_S
    assert max(seldom_gaps_s) < PROMISED_S + SLACK_S


def test_a_viewer_who_comes_to_a_dead_camera_sees_the_card_at_once(house: House) -> None:
    house.camera.die()
    house.daemon.wait_for(lambda: house.daemon.camera("door")["status"] == "offline", "it is dead")
    began_s = time.monotonic()
    with MjpegReader(house.url("/door/stream.mjpg"), login=LOGIN.login) as viewer:
        assert viewer.status == 200
        assert barcode.read_jpeg(viewer.part().jpeg) is None
    with MjpegReader(house.url("/door/snapshot.jpg"), login=LOGIN.login) as still:
        assert still.status == 200
        assert barcode.read_jpeg(still.rest()) is None
    assert time.monotonic() - began_s < 1.5
