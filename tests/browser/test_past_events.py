"""The list of past events in a real browser, over hours and over bad connections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from live_feed import Events, Feed, numbered_jpeg, serving
from page_watch import seen, wait
from playwright.sync_api import Page, Route, expect

from pimotion.stream.server import StreamServer

pytestmark = pytest.mark.browser

STARTED_AT = "2026-11-24T10:15:30.123+00:00"


class House:
    """A running server with a door camera and the events that it remembers, newest first."""

    def __init__(self, server: StreamServer, events: Events) -> None:
        self.url = server.url
        self.events = events

    def remember(self, number: int, *, reason: str | None = "quiet", snapshot: bool = False) -> str:
        """Remember an event, the newest one; return its id."""
        event_id = f"e{number:04}"
        row: dict[str, Any] = {
            "id": event_id, "camera": "door", "started_at": STARTED_AT, "ended_at": None,
            "duration_s": 3.2, "frame": {"width": 640, "height": 360}, "zones": [], "boxes": [],
            "score": 0.9, "reason": reason, "snapshot": snapshot,
        }  # fmt: skip
        if snapshot:
            self.events.stills[event_id] = numbered_jpeg(number)
        self.events.rows.insert(0, row)
        return event_id


@pytest.fixture
def house() -> Iterator[House]:
    feed, events = Feed(), Events()
    feed.show()
    feed.run(5)
    with serving(feed, events=events) as server:
        yield House(server, events)


def ids_on(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('#events .event')].map((item) => item.dataset.id)"
    )
    return found


def test_no_event_falls_out_of_the_list_when_new_ones_come_after_older_were_shown(
    page: Page, house: House
) -> None:
    known = [house.remember(number) for number in range(70)]
    page.goto(house.url)
    events = page.locator("#events .event")
    expect(events).to_have_count(30)
    page.locator("#more").click()
    expect(events).to_have_count(60)

    known += [house.remember(number) for number in range(70, 75)]
    expect(events.first).to_have_attribute("data-id", known[-1])
    shown = ids_on(page)
    assert shown == known[::-1][: len(shown)]

    page.locator("#more").click()
    expect(events).to_have_count(75)
    assert ids_on(page) == known[::-1]
    expect(page.locator("#more")).to_be_hidden()


def test_an_event_among_the_older_ones_ends_and_is_forgotten_in_the_list_too(
    page: Page, house: House
) -> None:
    house.remember(0)
    running = house.remember(1, reason=None)
    for number in range(2, 40):
        house.remember(number)
    page.goto(house.url)
    page.locator("#more").click()
    item = page.locator(f"#events [data-id={running}]")
    expect(item.locator(".length")).to_have_text("now")

    house.events.rows[-2] |= {"reason": "quiet", "duration_s": 12.34}
    expect(item.locator(".length")).to_have_text("12.3 s")
    house.events.rows.pop()
    expect(page.locator("#events .event")).to_have_count(39)


def test_more_events_than_the_server_gives_at_once_can_be_shown(page: Page, house: House) -> None:
    known = [house.remember(number) for number in range(250)]
    page.goto(house.url)
    for shown in (30, 60, 90, 120, 150, 180, 210, 240):
        expect(page.locator("#events .event")).to_have_count(shown)
        page.locator("#more").click()
    expect(page.locator("#events .event")).to_have_count(250)
    assert ids_on(page) == known[::-1]


def test_an_event_of_yesterday_says_its_day_once_midnight_is_over(page: Page, house: House) -> None:
    house.remember(1)
    page.clock.install(time="2026-11-24T22:00:00")
    page.goto(house.url)
    moment = page.locator("#events time")
    expect(moment).to_contain_text(":15:30")
    expect(moment).not_to_contain_text("Nov")

    page.clock.fast_forward("03:00:00")
    expect(moment).to_contain_text("Nov")


def test_a_picture_that_could_not_be_fetched_is_asked_for_again(page: Page, house: House) -> None:
    """A phone that is between two networks for a moment."""
    event_id = house.remember(1, snapshot=True)
    page.goto(house.url)
    still = page.locator(f"#events [data-id={event_id}] .still")
    expect(still).to_be_enabled()

    pictures = "**/api/events/*/snapshot.jpg*"
    page.route(pictures, lambda route: route.abort())
    with page.expect_event("requestfailed", lambda asked: "e0002" in asked.url):
        missed = house.remember(2, snapshot=True)
    still = page.locator(f"#events [data-id={missed}] .still")
    expect(still).to_be_disabled()
    page.unroute(pictures)
    expect(still).to_be_enabled()


def test_the_picture_of_another_event_is_never_shown_under_the_words_of_this_one(
    page: Page, house: House
) -> None:
    first, second = (house.remember(number, snapshot=True) for number in (1, 2))
    page.goto(house.url)
    for event_id in (first, second):
        expect(page.locator(f"[data-id={event_id}] .still")).to_be_enabled()
    page.locator(f"[data-id={first}] .still").click()
    wait(page, lambda: seen(page, "#viewer-picture") == 1)
    page.keyboard.press("Escape")

    held: list[Route] = []
    pictures = f"**/api/events/{second}/snapshot.jpg*"
    page.route(pictures, lambda route: held.append(route))  # noqa: PLW0108
    page.locator(f"[data-id={second}] .still").click()
    wait(page, lambda: len(held) > 0)
    height = page.evaluate("document.querySelector('#viewer-picture').height")
    assert height < 50, "there is a picture"
    held[0].continue_()
    wait(page, lambda: seen(page, "#viewer-picture") == 2)


def test_events_that_cannot_be_read_are_not_shown_as_none(page: Page, house: House) -> None:
    """A card that fails: the live pictures go on, and nobody believes that nothing has moved."""
    house.events.trouble = "the events cannot be read now; the log says why"
    page.goto(house.url)
    trouble = page.locator("#events-trouble")
    expect(trouble).to_have_text("The events cannot be read now; pimotion's log says why.")
    expect(page.locator(".badge")).to_have_text("Clear")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#no-events")).to_be_hidden()

    house.events.trouble = None
    expect(page.locator("#no-events")).to_be_visible(timeout=10_000)
    expect(trouble).to_be_hidden()
    known = house.remember(1)
    wait(page, lambda: ids_on(page) == [known])
    house.events.trouble = "the events cannot be read now; the log says why"
    expect(trouble).to_be_visible(timeout=10_000)
    assert ids_on(page) == [known], "what was read stays"


def test_a_disk_that_hangs_holds_up_the_list_of_events_and_nothing_else(
    page: Page, house: House
) -> None:
    """A worn card may stop for a minute; what the cameras see goes on, and is shown."""
    page.goto(house.url)
    expect(page.locator(".badge")).to_have_text("Clear")
    page.route("**/api/events?*", lambda route: None)
    with page.expect_request("**/api/events?*", timeout=10_000):
        pass
    polls: list[str] = []
    page.on("request", lambda asked: polls.append(asked.url))
    wait(page, lambda: sum(url.endswith("/api/state") for url in polls) >= 3, within_s=6)
    expect(page.locator("#events-trouble")).to_be_visible(timeout=15_000)
    expect(page.locator("#trouble")).to_be_hidden()
    page.unroute("**/api/events?*")
    expect(page.locator("#events-trouble")).to_be_hidden(timeout=10_000)


def test_a_machine_that_does_not_answer_any_more_is_no_contact(page: Page, house: House) -> None:
    """A frozen machine, or one behind a router that has lost it: no connection is refused."""
    page.goto(house.url)
    expect(page.locator(".badge")).to_have_text("Clear")
    page.route("**/api/state", lambda route: None)
    expect(page.locator("#trouble")).to_contain_text("No contact with pimotion")
    page.unroute("**/api/state")
    expect(page.locator("#trouble")).to_be_hidden()
