"""Programs that people watch with, each shown numbered pictures: they must show the right ones."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import barcode
import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from programs import MUST_HAVE, program

from conformance.house import House
from conformance.numbered_camera import SIZE

NEW_S = 2.5
"""A player's own start and buffering come on top of ours."""
DEADLINE_S = 20.0
GSTREAMER = Path(__file__).parent / "gstreamer_player.py"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def assert_right(house: House, numbers: Sequence[int | None]) -> None:
    """The pictures have numbers, never go back, and are not of a while ago."""
    assert None not in numbers
    shown = [number for number in numbers if number is not None]
    assert shown == sorted(shown)
    assert len(set(shown)) > len(shown) // 2
    assert house.camera.age_s(shown[-1]) < NEW_S


@pytest.mark.parametrize("query", [{}, {"advance": 1}], ids=["usual", "advance"])
def test_ffmpeg(house: House, query: dict[str, int]) -> None:
    """With its strict reading of the boundary, which others that build on it use."""
    url = house.url_with_login("/door/stream.mjpg", overlay="none", **query)
    output = subprocess.run(
        [program("ffmpeg"), "-v", "error", "-nostdin", "-strict_mime_boundary", "1",
         "-f", "mpjpeg", "-i", url, "-frames:v", "20", "-vsync", "passthrough",
         "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert output.stderr == b""
    pictures = np.frombuffer(output.stdout, np.uint8).reshape(-1, SIZE[1], SIZE[0])
    assert len(pictures) == 20
    assert_right(house, [barcode.read(picture) for picture in pictures])


def test_ffprobe_finds_out_by_itself_what_it_is(house: House) -> None:
    """As a recorder does that is given nothing but the URL."""
    output = subprocess.run(
        [program("ffprobe"), "-v", "error", "-show_entries", "format=format_name:stream=codec_name",
         "-of", "csv=p=0", house.url_with_login("/door/stream.mjpg")],
        capture_output=True, timeout=30, text=True, check=True,
    )  # fmt: skip
    assert output.stdout.split() == ["mjpeg", "mpjpeg"]


@pytest.mark.parametrize("query", [{}, {"advance": 1}], ids=["usual", "advance"])
def test_opencv(house: House, query: dict[str, int]) -> None:
    video = cv2.VideoCapture(house.url_with_login("/door/stream.mjpg", overlay="none", **query))
    try:
        assert video.isOpened()
        numbers = []
        for _ in range(20):
            more, image = video.read()
            assert more
            numbers.append(barcode.read(np.asarray(image[..., 1], np.uint8)))
    finally:
        video.release()
    assert_right(house, numbers)


def test_gstreamer(house: House, tmp_path: Path) -> None:
    """Whose multipart reader is a strict one of its own."""
    login = house.access.login.split(":") if house.access.login else []
    url = house.url("/door/stream.mjpg", overlay="none")
    player = subprocess.run(
        ["/usr/bin/python3", str(GSTREAMER), url, str(tmp_path), "21", *login],
        capture_output=True, timeout=30, text=True, check=False,
    )  # fmt: skip
    if "is missing" in player.stderr:
        assert not MUST_HAVE, player.stderr
        pytest.skip(player.stderr)
    assert player.returncode == 0, player.stderr
    numbers = [barcode.read_jpeg(path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    assert len(numbers) == 20
    assert_right(house, numbers)


@pytest.mark.parametrize("query", [{}, {"advance": 1}], ids=["usual", "advance"])
def test_vlc(house: House, query: dict[str, int]) -> None:
    """What VLC reads, passed on as it is. It refuses to be run as root."""
    command = [program("vlc"), "--intf", "dummy", "--quiet", "--sout",
               "#standard{access=file,mux=mpjpeg,dst=-}",
               house.url_with_login("/door/stream.mjpg", overlay="none", **query)]  # fmt: skip
    player = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": "/nonexistent"},
        user="nobody" if os.geteuid() == 0 else None,
    )
    assert player.stdout is not None
    try:
        assert_right(house, [barcode.read_jpeg(_next_jpeg(player.stdout)) for _ in range(20)])
    finally:
        player.kill()
        player.communicate()


def _next_jpeg(output: IO[bytes]) -> bytes:
    """Return the next picture of a multipart stream whose parts have a length."""
    while not (line := output.readline()).startswith(b"Content-Length:"):
        assert line, "the player has ended"
    output.readline()
    return output.read(int(line.split(b":")[1]))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program(*CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, house: House) -> Iterator[Page]:
    """An empty page of the daemon's own origin, logged in."""
    user, _, password = (house.access.login or "").partition(":")
    context = chromium.new_context(
        http_credentials={"username": user, "password": password} if user else None
    )
    page = context.new_page()
    page.goto(house.daemon.url + "/healthz")
    yield page
    context.close()


def numbers_shown(page: Page, count: int) -> list[int]:
    """What the picture on the page shows on the screen, until so many pictures have been seen."""
    shown: list[int] = []
    deadline_s = time.monotonic() + DEADLINE_S
    while len(shown) < count:
        assert time.monotonic() < deadline_s, f"only {len(shown)} pictures were shown"
        png = np.frombuffer(page.locator("img").screenshot(), np.uint8)
        image = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
        number = None if image is None else barcode.read(image.view(np.uint8))
        if number is not None and number not in shown:
            shown.append(number)
    return shown


@pytest.mark.browser
@pytest.mark.parametrize("query", [{}, {"advance": 1}], ids=["usual", "advance"])
def test_chromium_shows_it_in_an_image(page: Page, house: House, query: dict[str, int]) -> None:
    width, height = SIZE
    url = house.url("/door/stream.mjpg", **query)
    page.set_content(f'<img src="{url}" width="{width}" height="{height}">', wait_until="commit")
    shown = numbers_shown(page, 6)
    assert shown == sorted(shown)
    assert house.camera.age_s(shown[-1]) < NEW_S
