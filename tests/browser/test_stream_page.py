"""The page in a real browser, fed with numbered pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_feed import Events, Feed, numbered_jpeg, serving
from page_watch import seen, uncover, wait, wait_true
from playwright.sync_api import Browser, Page, expect

from pimotion.config.settings import Http
from pimotion.stream.server import StreamServer
from pimotion.types import (
    Command,
    EventType,
    MotionEvent,
    MotionState,
    Reset,
    SettingState,
    Suppressed,
)
from pimotion.why_not import RULES

pytestmark = pytest.mark.browser

FPS = 10


class House:
    """A running server with a door camera and what its tests turn."""

    def __init__(self, server: StreamServer, feed: Feed, events: Events) -> None:
        self.server, self.feed, self.events = server, feed, events
        self.commands: list[Command | Reset] = []

    def event(self, event_id: str, *, reason: str | None = None) -> None:
        """Remember an event and say that it started."""
        row = {
            "id": event_id, "camera": "door", "started_at": "2026-11-24T10:15:30.123+00:00",
            "ended_at": None, "duration_s": 3.2, "frame": {"width": 640, "height": 360},
            "zones": ["path"], "boxes": [], "score": 0.9, "reason": reason, "snapshot": True,
        }  # fmt: skip
        self.events.stills[event_id] = numbered_jpeg(4711)
        self.events.rows.insert(0, row)
        self.server.put(
            MotionEvent(EventType.START, "door", event_id, 0, 1.0, 1.0, 0.0, 0.0, 640, 360,
                        (), ("path",), 0.1, 0.9)
        )  # fmt: skip


@pytest.fixture
def house() -> Iterator[House]:
    feed, events, commands = Feed(), Events(), list[Command | Reset]()
    feed.show()
    feed.run(FPS)
    with serving(feed, events=events, commands=commands) as server:
        house = House(server, feed, events)
        house.commands = commands
        yield house


def wait_for_viewers(page: Page, house: House, count: int) -> None:
    wait(page, lambda: house.server.viewers("door") == count)


def test_the_live_picture_lives(page: Page, house: House) -> None:
    page.goto(house.server.url)
    live = page.locator("article[data-camera=door] .live")
    expect(live).to_be_visible()
    wait_true(page, "document.querySelector('.live').naturalWidth === 640")
    uncover(page)
    first = seen(page, ".live")
    assert first is not None
    assert first <= house.feed.number
    assert house.server.viewers("door") == 1
    wait(page, lambda: (seen(page, ".live") or 0) > first)


def test_motion_is_shown_within_a_second_or_two(page: Page, house: House) -> None:
    page.goto(house.server.url)
    badge = page.locator("article[data-camera=door] .badge")
    expect(badge).to_have_text("Clear")
    house.server.put(MotionState("door", True, {"path": True}))
    expect(badge).to_have_text("Motion")
    expect(page.locator(".zones li.motion")).to_have_text("Path")
    expect(page).to_have_title("● Motion · garden-pi")
    house.server.put(MotionState("door", False, {"path": False}))
    expect(badge).to_have_text("Clear")


def test_an_event_appears_without_a_reload_and_its_picture_grows(page: Page, house: House) -> None:
    page.goto(house.server.url)
    expect(page.locator("#no-events")).to_be_visible()
    house.event("e1")
    event = page.locator("#events .event")
    expect(event).to_have_count(1)
    expect(event.locator(".title")).to_have_text("Door · Path")
    expect(event.locator(".length")).to_have_text("now")
    wait_true(page, "document.querySelector('.event img').naturalWidth > 0")
    event.locator(".still").click()
    expect(page.locator("#viewer")).to_be_visible()
    wait_true(page, "document.querySelector('#viewer-picture').naturalWidth === 640")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    house.events.rows[0] |= {"reason": "quiet", "duration_s": 12.34}
    expect(event.locator(".length")).to_have_text("12.3 s")
    house.event("e2")
    expect(page.locator("#events .event").first).to_have_attribute("data-id", "e2")


def test_a_better_still_of_an_event_replaces_the_first(page: Page, house: House) -> None:
    page.goto(house.server.url)
    house.event("e1")
    wait_true(page, "document.querySelector('.event img')?.naturalWidth === 640")
    house.events.stills["e1"] = numbered_jpeg(1, (320, 180))
    house.events.rows[0] |= {"reason": "quiet", "duration_s": 5}
    wait_true(page, "document.querySelector('.event img').naturalWidth === 320")


def test_a_lost_camera_says_why(page: Page, house: House) -> None:
    page.goto(house.server.url)
    house.feed.stop()
    house.feed.lose("no route to host")
    expect(page.locator(".badge")).to_have_text("Offline")
    expect(page.locator(".reason")).to_contain_text("no route to host · since ")
    house.feed.show()
    expect(page.locator(".badge")).to_have_text("Clear")
    expect(page.locator(".reason")).to_be_hidden()


def test_names_are_text_and_never_html(page: Page, house: House) -> None:
    house.events.rows.append(
        {"id": "x", "camera": "<img src=x onerror=alert(1)>", "started_at": None, "duration_s": 1,
         "zones": ["<b>bold</b>"], "reason": "quiet", "snapshot": False}
    )  # fmt: skip
    page.goto(house.server.url)
    expect(page.locator(".event .title")).to_have_text("<img src=x onerror=alert(1)> · <b>bold</b>")


def test_detection_is_switched_from_the_page(page: Page, house: House) -> None:
    house.server.put(SettingState("door", "detection", True))
    page.goto(house.server.url)
    switch = page.locator(".detection")
    expect(switch).to_be_checked()
    with page.expect_response("**/detection") as answer:
        switch.click()
    assert answer.value.status == 202
    assert house.commands == [Command("door", "detection", False)]
    house.server.put(SettingState("door", "detection", False))
    expect(page.locator(".badge")).to_have_text("Detection off")


def test_who_asks_why_not_gets_the_reasons_and_the_picture_of_them(
    page: Page, house: House
) -> None:
    page.goto(house.server.url)
    expect(page.locator(".why-not")).to_be_hidden()
    assert not house.server.shows_mask("door")

    page.locator(".why").click()
    expect(page.locator(".verdict")).to_have_text("Nothing was held back in the last minute.")
    wait(page, lambda: house.server.shows_mask("door"))
    house.feed.suppressed = Suppressed({"shadow": 90}, {"shadow": 1, "light": 7})
    rows = page.locator(".rules li")
    expect(rows).to_have_count(2)
    expect(rows.first.locator(".rule")).to_have_text("only light")
    expect(rows.first.locator(".count")).to_have_text("7 frames")
    expect(rows.first.locator(".meaning")).to_contain_text(RULES["light"].advice)
    expect(rows.last.locator(".count")).to_have_text("1 frame")
    house.feed.suppressed = Suppressed({"shadow": 91}, {"shadow": 2})
    expect(rows).to_have_count(1)
    expect(rows.first.locator(".count")).to_have_text("2 frames")

    page.locator(".why").click()
    expect(page.locator(".why-not")).to_be_hidden()
    wait(page, lambda: not house.server.shows_mask("door"))
    wait_for_viewers(page, house, 1)


def test_a_camera_that_still_learns_its_scene_says_so(page: Page, house: House) -> None:
    page.goto(house.server.url)
    page.locator(".why").click()
    house.feed.detect(house.feed.show(), learning=True)
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("still being learnt")
    house.feed.detect(house.feed.show())
    expect(verdict).to_have_text("Nothing was held back in the last minute.")
    house.server.put(SettingState("door", "detection", False))
    expect(verdict).to_contain_text("Detection is switched off")


def test_the_page_comes_back_with_its_server(page: Page, house: House, free_port: int) -> None:
    http = Http(port=free_port)
    with serving(house.feed, http=http) as server:
        page.goto(server.url)
        expect(page.locator(".badge")).to_have_text("Clear")
        url = server.url
    # serving has stopped the feed with its server: the second one has a feed of its own.
    expect(page.locator("#trouble")).to_contain_text("No contact with pimotion")
    feed = Feed()
    feed.show()
    with serving(feed, http=http) as server:
        assert server.url == url
        expect(page.locator("#trouble")).to_be_hidden(timeout=5000)
        wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")


def test_the_addresses_for_home_assistant_are_ready_to_paste(page: Page, house: House) -> None:
    page.goto(house.server.url)
    page.get_by_text("Add to Home Assistant").click()
    expect(page.locator(".mjpeg-url")).to_have_value(f"{house.server.url}/door/stream.mjpg")
    expect(page.locator(".still-url")).to_have_value(f"{house.server.url}/door/snapshot.jpg")
    expect(page.locator(".here-only")).to_be_visible()
    expect(page.locator(".here-only")).to_contain_text("set it to 0.0.0.0 and give http.users")


def test_behind_a_login_the_whole_page_works(chromium: Browser) -> None:
    feed = Feed()
    feed.show()
    http = Http.model_validate(
        {"port": 0, "users": [{"name": "bodo", "password": "battery staple"}]}
    )
    with serving(feed, http=http) as server:
        credentials = {"username": "bodo", "password": "battery staple"}
        context = chromium.new_context(http_credentials=credentials)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(server.url)
        wait_true(page, "document.querySelector('.live')?.naturalWidth === 640")
        expect(page.locator(".badge")).to_have_text("Clear")
        context.close()


def test_who_must_log_in_anew_is_told_so(page: Page, house: House) -> None:
    """His password was changed: nothing is wrong with the machine, and waiting does not help."""
    page.goto(house.server.url)
    expect(page.locator(".badge")).to_have_text("Clear")
    page.route("**/api/state", lambda route: route.fulfill(status=401, body="log in"))
    expect(page.locator("#trouble")).to_have_text("pimotion asks for a login: reload this page.")
    page.unroute("**/api/state")
    expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_hangs_over_the_edge(page: Page, house: House, width: int) -> None:
    house.event("e1")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(house.server.url)
    expect(page.locator(".event")).to_have_count(1)
    page.get_by_text("Add to Home Assistant").click()
    house.feed.suppressed = Suppressed({}, dict.fromkeys(RULES, 1000))
    page.locator(".why").click()
    expect(page.locator(".rules li")).to_have_count(len(RULES))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
