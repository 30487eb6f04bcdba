"""The live pictures of the page: how fresh they are, and what ends and revives them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from live_feed import Feed, numbered_jpeg, serving
from mjpeg_reader import MjpegReader
from page_watch import hide, seen, uncover, wait, wait_true
from playwright.sync_api import Page, Request, Route, expect
from reverse_proxy import ReverseProxy

from pimotion.config.camera import Stream
from pimotion.config.settings import Http
from pimotion.picture import Picture
from pimotion.stream.server import StreamServer

pytestmark = pytest.mark.browser

READ_NUMBERS = """() => {
    const live = document.querySelector('.live');
    const canvas = document.createElement('canvas');
    const pixels = canvas.getContext('2d', {willReadFrequently: true});
    window.shown = [];
    setInterval(() => {
        if (!live.complete || live.naturalWidth !== 640) return;
        [canvas.width, canvas.height] = [640, 360];
        pixels.drawImage(live, 0, 0);
        const {data} = pixels.getImageData(0, 11, 640, 1); // the middle of the strip's first row
        let number = 0;
        for (let bit = 0; bit < 24; bit += 1) {
            const x = Math.round((bit + 0.5) * 640 / 24);
            if (data[4 * x + 1] > 127) number += 2 ** bit;
        }
        if (number !== window.shown.at(-1)?.[0]) window.shown.push([number, Date.now() / 1000]);
    }, 10);
}"""
"""Notes each number that is painted, with the time."""


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    feed.show()
    return feed


@pytest.fixture
def server(feed: Feed) -> Iterator[StreamServer]:
    with serving(feed) as server:
        yield server


def test_the_newest_picture_is_painted_at_once_even_at_2_fps(
    page: Page, server: StreamServer, feed: Feed
) -> None:
    """Without help Chrome paints a picture when the next one comes: half a second late."""
    page.goto(server.url)
    wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
    page.evaluate(READ_NUMBERS)
    lags_s: list[float] = []
    # Measured: 25 ms. A picture is sent once more after 150 ms, which is when others see it. On a
    # busy machine some are later than that, but without help not one is sooner.
    while len([lag_s for lag_s in lags_s if lag_s < 0.12]) < 5:
        assert len(lags_s) < 50, [round(1000 * lag_s) for lag_s in lags_s]
        page.wait_for_timeout(500)
        frame = feed.show()
        wait_true(page, f"window.shown.at(-1)?.[0] === {frame.index}", 3.0)  # not sent again yet
        lags_s.append(page.evaluate("window.shown.at(-1)[1]") - (frame.utc_s or 0.0))


def test_a_hidden_page_watches_nothing_and_keeps_its_last_picture(
    page: Page, server: StreamServer, feed: Feed
) -> None:
    page.goto(server.url)
    wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
    uncover(page)
    hide(page, True)
    wait(page, lambda: server.viewers("door") == 0)
    assert seen(page, ".screen") == feed.number
    hide(page, False)
    wait(page, lambda: server.viewers("door") == 1)
    feed.show()
    wait(page, lambda: seen(page, ".screen") == feed.number)


def test_a_page_opened_in_the_background_asks_for_nothing_until_it_is_looked_at(
    page: Page, server: StreamServer
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true})"
    )
    page.goto(server.url)
    page.wait_for_timeout(2500)
    assert [url for url in asked if "/api/" in url] == []

    hide(page, False)
    expect(page.locator(".badge")).to_have_text("Clear")
    wait(page, lambda: server.viewers("door") == 1)


def test_a_page_that_was_hidden_while_an_answer_was_late_asks_no_oftener(
    page: Page, server: StreamServer
) -> None:
    """Somebody without contact looks at his telephone again and again."""
    asked: list[Route] = []
    page.goto(server.url)
    expect(page.locator(".badge")).to_have_text("Clear")
    page.route("**/api/state", lambda route: asked.append(route))  # noqa: PLW0108  as it wants it
    for count in range(1, 6):
        wait(page, lambda count=count: len(asked) >= count)  # type: ignore[misc]
        hide(page, True)
        hide(page, False)
    wait(page, lambda: len(asked) >= 6)

    for route in asked:
        route.continue_()
    page.unroute("**/api/state")
    with page.expect_response("**/api/state"):
        pass
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108
    page.wait_for_timeout(5000)
    assert 2 <= len([each for each in requests if "/api/state" in each.url]) <= 7


def test_a_page_that_is_left_watches_nothing(page: Page, server: StreamServer) -> None:
    page.goto(server.url)
    wait(page, lambda: server.viewers("door") == 1)
    page.goto(f"{server.url}/static/icon.svg")
    wait(page, lambda: server.viewers("door") == 0)


def test_a_stream_that_is_refused_is_asked_for_again(page: Page, feed: Feed) -> None:
    """All places were taken; when one is free, nobody has to press reload."""
    with serving(feed, http=Http(port=0, max_viewers=1)) as server:
        with MjpegReader(f"{server.url}/stream.mjpg") as other:
            other.part()
            page.goto(server.url)
            expect(page.locator(".badge")).to_have_text("Clear")
            expect(page.locator(".reason")).to_have_text(
                "No live picture: all 1 places are taken; try again later"
            )
            assert page.evaluate("document.querySelector('.live').naturalWidth") != 640
        wait_true(page, "document.querySelector('.live').naturalWidth === 640")
        expect(page.locator(".reason")).to_be_hidden(timeout=3000)


def test_a_stream_that_falls_silent_is_opened_anew(page: Page, feed: Feed) -> None:
    """As when a proxy or a phone's network loses it without a word."""
    feed.run(10)
    with serving(feed) as server, ReverseProxy(server.url) as proxy:
        page.goto(proxy.url)
        wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
        uncover(page)
        proxy.silence()
        before, began_s = feed.number, time.monotonic()
        wait(page, lambda: (seen(page, ".screen") or 0) > before + 20, 30)
        assert time.monotonic() - began_s > 2.5
        assert proxy.streams == 2


def test_a_scene_that_stands_still_is_not_opened_anew_for_ever(page: Page, feed: Feed) -> None:
    """Pictures come that are all alike: the page looks again after 3 s, then after 6, 12 ..."""
    asked: list[Request] = []
    page.on("response", lambda answer: asked.append(answer.request))
    alike = Picture.from_jpeg(numbered_jpeg(1))
    plain = Feed(settings=Stream(timestamp=False))
    plain.show(alike)
    with serving(plain) as server:
        page.goto(server.url)
        wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
        deadline_s = time.monotonic() + 40
        while len(streams := [each for each in asked if "stream.mjpg" in each.url]) < 3:
            assert time.monotonic() < deadline_s
            plain.show(alike)
            page.wait_for_timeout(100)
        began_s = [each.timing["startTime"] / 1000 for each in streams]
        assert began_s[1] - began_s[0] > 3
        assert began_s[2] - began_s[1] > 6


@pytest.mark.parametrize("away_s", [0.0, 0.5])
def test_the_stream_is_renewed_every_half_hour(
    page: Page, server: StreamServer, away_s: float
) -> None:
    """Chrome keeps more and more of a stream that never ends; over a slow network, too."""
    asked: list[str] = []

    def answer_late(route: Route) -> None:
        time.sleep(away_s)
        route.continue_()

    page.on("request", lambda request: asked.append(request.url))
    page.route("**/blank.svg", answer_late)
    page.clock.install()
    page.goto(server.url)
    wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
    before = sum("stream.mjpg" in url for url in asked)
    page.clock.fast_forward("31:00")
    wait(page, lambda: sum("stream.mjpg" in url for url in asked) > before)
    wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
    wait(page, lambda: server.viewers("door") == 1)


def test_the_page_works_under_a_path_of_a_reverse_proxy(page: Page, feed: Feed) -> None:
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    with serving(feed) as server, ReverseProxy(server.url) as proxy:
        page.goto(proxy.url)
        wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
        expect(page.locator(".badge")).to_have_text("Clear")
        page.get_by_text("Add to Home Assistant").click()
        expect(page.locator(".mjpeg-url")).to_have_value(f"{proxy.url}door/stream.mjpg")
        expect(page.locator(".still-url")).to_have_value(f"{proxy.url}door/snapshot.jpg")
        assert missing == []


def test_who_else_watches_is_shown(page: Page, server: StreamServer) -> None:
    page.goto(server.url)
    facts = page.locator(".facts")
    expect(facts).to_have_text("15 fps · 1 watching")
    with MjpegReader(f"{server.url}/stream.mjpg") as other:
        other.part()
        expect(facts).to_have_text("15 fps · 2 watching")


def wait_for_number(page: Page, selector: str, number: int) -> None:
    wait(page, lambda: seen(page, selector) == number)


class TestManyCameras:
    """A browser opens six connections to a host."""

    @pytest.fixture
    def feeds(self) -> list[Feed]:
        feeds = [Feed(f"cam{n}") for n in range(8)]
        for n, feed in enumerate(feeds):
            feed.number = 1000 * n
            feed.show()
        return feeds

    def test_all_are_live_over_one_connection(self, page: Page, feeds: list[Feed]) -> None:
        with serving(*feeds) as server:
            page.set_viewport_size({"width": 1280, "height": 1600})
            page.goto(server.url)
            wait(page, lambda: server.viewers("cam0") == 1)
            uncover(page)
            for feed in feeds:
                feed.show()
            for feed in feeds:
                wait_for_number(page, f"article[data-camera={feed.camera.id}] .screen", feed.number)
            assert page.evaluate("document.querySelectorAll('.live[src*=mjpg]').length") == 0

    def test_the_one_that_is_enlarged_comes_in_full_size(
        self, page: Page, feeds: list[Feed]
    ) -> None:
        with serving(*feeds) as server:
            page.goto(server.url)
            wait(page, lambda: server.viewers("cam1") == 1)
            tile = page.locator("article[data-camera=cam1]")
            tile.locator(".screen").hover()
            tile.locator(".enlarge").click()
            wait(page, lambda: server.viewers("cam1") == 2)
            assert server.viewers("cam2") == 1
            wait_true(page, "document.querySelector('article[data-camera=cam1] .live')"
                            ".naturalWidth === 640")  # fmt: skip
            page.evaluate("document.exitFullscreen()")
            wait(page, lambda: server.viewers("cam1") == 1)

    def test_why_not_is_asked_of_one_at_a_time(self, page: Page, feeds: list[Feed]) -> None:
        with serving(*feeds) as server:
            page.goto(server.url)
            page.locator("article[data-camera=cam1] .why").click()
            wait(page, lambda: server.shows_mask("cam1"))
            page.locator("article[data-camera=cam2] .why").click()
            wait(page, lambda: server.shows_mask("cam2"))
            wait(page, lambda: not server.shows_mask("cam1"))
            expect(page.locator("article[data-camera=cam1] .why-not")).to_be_hidden()

    def test_a_hidden_page_watches_none(self, page: Page, feeds: list[Feed]) -> None:
        with serving(*feeds) as server:
            page.goto(server.url)
            wait(page, lambda: server.viewers("cam7") == 1)
            hide(page, True)
            wait(page, lambda: server.viewers("cam7") == 0)
            hide(page, False)
            wait(page, lambda: server.viewers("cam7") == 1)
