"""Programs that people watch with, each shown numbered pictures: they must show the right ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import barcode
import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from conformance.house import House
from conformance.numbered_camera import SIZE

NEW_S = 2.5
"""A player's own start and buffering come on top of ours."""
MUST_HAVE = os.environ.get("CI") == "true"
GSTREAMER = Path(__file__).parent / "gstreamer_player.py"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def program(*names: str) -> str:
    """Where a program is; without it the test is left out, never in CI."""
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None and MUST_HAVE:
        pytest.fail(f"CI needs {names[0]} on PATH")
    if path is None:
        pytest.skip(f"no {names[0]} on PATH")
    return path


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


def numbers_shown(page: Page, seconds: float) -> list[int]:
    """What the picture on the page shows on the screen, for some time."""
    shown: list[int] = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
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
    shown = numbers_shown(page, 3)
    assert len(shown) > 5
    assert shown == sorted(shown)
    assert house.camera.age_s(shown[-1]) < NEW_S
