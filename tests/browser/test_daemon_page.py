"""The page on the real program: the daemon as a process, a real recording, a real Chromium."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import barcode
import cv2
import numpy as np
import pytest
from cameras.recording_camera import STRIP_RATIO, RecordingCamera, people_in
from daemon_process import DaemonProcess
from mjpeg_reader import MjpegReader
from playwright.sync_api import Page, expect

from pimotion.pixels import Pixels, as_pixels

pytestmark = pytest.mark.browser

STRIP = [[0, 0], [1, 0], [1, STRIP_RATIO], [0, STRIP_RATIO]]
GRAB = """() => {
  const live = document.querySelector('.live');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [live.naturalWidth, live.naturalHeight];
  canvas.getContext('2d').drawImage(live, 0, 0);
  return canvas.toDataURL('image/png').split(',')[1];
}"""


@pytest.fixture
def daemon(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[DaemonProcess]:
    with RecordingCamera(repeat=True) as camera:
        settings = {
            "mqtt": {"host": "127.0.0.1", "port": unused_port},
            "cameras": {
                "door": {
                    "source": camera.url,
                    "fps": 20,
                    "detect": {"fps": 20, "masks": [STRIP]},
                    "events": {"event_gap_s": 2},
                }
            },
        }
        with DaemonProcess(tmp_path, settings, port=free_port) as running:
            yield running


def live_pixels(page: Page) -> Pixels:
    """What the live picture shows now, shape (240, 448, 3), blue-green-red."""
    png = np.frombuffer(base64.b64decode(page.evaluate(GRAB)), np.uint8)
    image = cv2.imdecode(png, cv2.IMREAD_COLOR)
    assert image is not None
    return as_pixels(image)


class Plain:
    """A viewer of the stream without an overlay, who keeps each picture by its number."""

    def __init__(self, url: str) -> None:
        self.pictures: dict[int, Pixels] = {}
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(url,))
        self._thread.start()

    def finish(self) -> None:
        """Leave."""
        self._leaving.set()
        self._thread.join(10)

    def _watch(self, url: str) -> None:
        with MjpegReader(url) as reader:
            while not self._leaving.is_set():
                data = np.frombuffer(reader.part().jpeg, np.uint8)
                image = cv2.imdecode(data, cv2.IMREAD_COLOR)
                if image is not None:
                    self._keep(as_pixels(image))

    def _keep(self, image: Pixels) -> None:
        number = barcode.read(as_pixels(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)))
        if number is not None:
            self.pictures[number] = image


def test_the_live_picture_changes_and_shows_boxes_around_people(
    page: Page, daemon: DaemonProcess
) -> None:
    daemon.wait_for(lambda: daemon.camera("door")["status"] == "online", "the camera is live")
    plain = Plain(f"{daemon.url}/door/stream.mjpg?overlay=none")
    try:
        page.goto(daemon.url)
        wait_for_size(page)
        assert_changes(page)
        expect(page.locator(".badge")).to_have_text("Motion", timeout=30_000)
        assert_boxes(page, plain)
    finally:
        plain.finish()


def wait_for_size(page: Page) -> None:
    deadline_s = time.monotonic() + 30
    while page.evaluate("document.querySelector('.live')?.naturalWidth ?? 0") != 448:
        assert time.monotonic() < deadline_s, "the live picture has no size"
        page.wait_for_timeout(50)


def assert_changes(page: Page) -> None:
    first = live_pixels(page)
    deadline_s = time.monotonic() + 20
    while (live_pixels(page) == first).all():
        assert time.monotonic() < deadline_s, "the live picture stands still"
        page.wait_for_timeout(50)


def assert_boxes(page: Page, plain: Plain) -> None:
    """Compare with the same picture without an overlay: it must differ, in red, around people."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        shown = live_pixels(page)
        number = barcode.read(as_pixels(cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY)))
        if number is None or number not in plain.pictures or not people_in(number).any():
            page.wait_for_timeout(20)
            continue
        drawn = cv2.absdiff(shown, plain.pictures[number]).max(axis=2) > 60
        drawn[int(0.9 * drawn.shape[0]) :] = False  # the caption
        if drawn.sum() < 200:
            continue
        rows, columns = np.nonzero(drawn)
        boxed = np.zeros_like(drawn)
        boxed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
        people = people_in(number) > 0
        assert people[boxed].sum() / people.sum() > 0.7, "the boxes are not around the people"
        redder = shown[drawn].astype(int) - plain.pictures[number][drawn]
        assert np.median(redder[:, 2] - redder[:, 1]) > 40, "the boxes are not red"
        return
    pytest.fail("no box was seen in the live picture")


def test_an_event_of_a_real_recording_appears_without_a_reload(
    page: Page, daemon: DaemonProcess
) -> None:
    page.goto(daemon.url)
    event = page.locator("#events .event").first
    expect(event).to_be_visible(timeout=30_000)
    deadline_s = time.monotonic() + 30
    while page.evaluate("document.querySelector('.event img')?.naturalWidth ?? 0") != 448:
        assert time.monotonic() < deadline_s, "the event has no still"
        page.wait_for_timeout(50)


def test_a_real_camera_answers_why_not(page: Page, daemon: DaemonProcess) -> None:
    """The strip with the picture's number changes all the time, in an area that is ignored."""
    page.goto(daemon.url)
    wait_for_size(page)
    page.locator(".why").click()
    ignored = page.locator(".rules li[data-rule=masked]")
    expect(ignored.locator(".rule")).to_have_text("ignored area")
    expect(ignored.locator(".count")).to_contain_text("frames")
    wait_for_look(page, lambda image: is_tinted(image) and has_insets(image))

    page.locator(".why").click()
    wait_for_look(page, lambda image: not is_tinted(image) and not has_insets(image))


def wait_for_look(page: Page, looks: Callable[[Pixels], bool]) -> None:
    """Wait until the live picture looks as wanted; while it is opened anew there is none."""
    deadline_s = time.monotonic() + 30
    is_open = "(document.querySelector('.live')?.naturalWidth ?? 0) === 448"
    while not (page.evaluate(is_open) and looks(live_pixels(page))):
        assert time.monotonic() < deadline_s, "the live picture does not look as it should"
        page.wait_for_timeout(50)


def is_tinted(image: Pixels) -> bool:
    """Whether the black and white strip has blue in it."""
    strip = image[: round(STRIP_RATIO * image.shape[0]), : image.shape[1] // 2].astype(int)
    return bool((strip[:, :, 0] - strip[:, :, 2] > 60).sum() > 50)


def has_insets(image: Pixels) -> bool:
    """Whether there is something grey at the lower right, where the lawn is green."""
    height, width = image.shape[:2]
    part = image[round(0.75 * height) : round(0.85 * height), round(0.82 * width) : -10].astype(int)
    return bool((part.max(axis=2) - part.min(axis=2)).mean() < 10)
