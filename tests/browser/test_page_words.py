"""What the page says in words of what is wrong, and that names are read whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from live_feed import Events, Feed, health, serving
from playwright.sync_api import Page, expect

from pimotion.types import CameraState, LinkStatus

pytestmark = pytest.mark.browser

LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitaenskajuetentuer"


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    feed.show()
    return feed


def test_a_dark_camera_says_so_though_it_is_online(page: Page, feed: Feed) -> None:
    """Home Assistant shows the problem; "Clear" alone would be half of the truth."""
    with serving(feed) as server:
        page.goto(server.url)
        expect(page.locator(".badge")).to_have_text("Clear")
        expect(page.locator(".reason")).to_be_hidden()
        feed.tell(health("door", CameraState.DARK, "the picture has been black for 60 s"))
        reason = page.locator(".reason")
        expect(reason).to_contain_text("the picture has been black for 60 s · since ")
        expect(page.locator(".badge")).to_have_text("Clear")


def test_why_there_is_no_broker_is_said_without_a_mouse(page: Page, feed: Feed) -> None:
    link = LinkStatus("nas", 1883, False, "connection refused: no broker listens there")
    with serving(feed, link=lambda: link) as server:
        page.goto(server.url)
        expect(page.locator("#broker")).to_have_text("MQTT not connected")
        expect(page.locator("#broker-reason")).to_have_text(
            "MQTT, nas:1883: connection refused: no broker listens there"
        )
        link = LinkStatus("nas", 1883, True, None)
        expect(page.locator("#broker")).to_have_text("MQTT connected")
        expect(page.locator("#broker-reason")).to_be_hidden()


def test_a_screen_reader_tells_the_cameras_apart(page: Page) -> None:
    feeds = [Feed("door"), Feed("lawn")]
    for feed in feeds:
        feed.show()
    with serving(*feeds) as server:
        page.goto(server.url)
        lawn = page.get_by_role("article", name="Lawn")
        expect(lawn.get_by_role("button", name="Why not?")).to_have_count(1)
        expect(page.get_by_role("article", name="Door")).to_have_count(1)


@pytest.mark.parametrize("width", [320, 1280])
def test_names_are_read_whole_however_long(page: Page, feed: Feed, width: int) -> None:
    feed.camera = replace(feed.camera, name=LONG_WORD)
    events = Events()
    events.rows.append(
        {"id": "x", "camera": "door", "started_at": None, "duration_s": 1, "reason": "quiet",
         "zones": ["driveway", "path_to_the_garden_shed"], "snapshot": False}
    )  # fmt: skip
    link = LinkStatus("nas", 1883, False, "no")
    with serving(feed, events=events, link=lambda: link) as server:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(server.url)
        for selector in (".camera .name", ".event .title"):
            words = page.locator(selector)
            expect(words).to_contain_text(LONG_WORD)
            assert words.evaluate("words => words.scrollWidth <= words.clientWidth"), selector
        assert page.evaluate("document.documentElement.scrollWidth") <= width
