"""The page in a real Firefox, which paints and copies endless pictures in ways of its own."""

from __future__ import annotations

import json
import time
import urllib.request
from functools import partial

import barcode
import pytest
from firefox import Firefox
from live_feed import Feed, serving
from waiting import wait_until

from pimotion.stream.server import StreamServer

pytestmark = pytest.mark.browser

FPS = 10
DEADLINE_S = 60.0
WATCHED_S = 8.0
"""Longer than the 3 s after which the page takes a picture that never changes for dead."""


def running(feed: Feed) -> Feed:
    feed.show()
    feed.run(FPS)
    return feed


def open_page(firefox: Firefox, server: StreamServer) -> None:
    firefox.visit(server.url)
    wait_until(lambda: seen(firefox, 0) is not None, at_most_s=DEADLINE_S)


def seen(firefox: Firefox, place: int) -> int | None:
    """The number that a camera's part of the page shows on the screen."""
    where = firefox.evaluate(
        f"""(() => {{
            for (const each of document.querySelectorAll(".badge, .enlarge"))
                each.style.opacity = 0;
            const screen = document.querySelectorAll(".screen")[{place}];
            if (!screen) return null;
            screen.scrollIntoView();
            const {{left, top, width, height}} = screen.getBoundingClientRect();
            return [left, top, width, height].join();
        }})()"""
    )
    if where is None:
        return None
    return barcode.read(firefox.look_at(*(float(each) for each in where.split(","))))


def test_the_live_picture_never_goes_back(firefox: Firefox) -> None:
    """Its last picture was taken for the newest, so that it seemed dead, and was opened anew."""
    with serving(running(Feed())) as server:
        open_page(firefox, server)
        numbers: list[int] = []
        began_s = time.monotonic()
        while time.monotonic() < began_s + WATCHED_S or len(set(numbers)) <= WATCHED_S:
            assert time.monotonic() < began_s + DEADLINE_S, numbers
            number = seen(firefox, 0)
            if number is not None:
                numbers.append(number)
        assert numbers == sorted(numbers)
        with urllib.request.urlopen(f"{server.url}/api/viewers") as answer:
            (viewer,) = json.load(answer)
        assert viewer["age_s"] > WATCHED_S, "the stream was opened anew"


def test_cameras_that_share_a_stream_are_live(firefox: Firefox) -> None:
    feeds = [running(Feed(f"camera-{number}")) for number in range(5)]
    with serving(*feeds) as server:
        open_page(firefox, server)
        for place, feed in enumerate(feeds):
            is_newer = partial(_is_newer, firefox, place, than=feed.number)
            wait_until(is_newer, at_most_s=DEADLINE_S)


def _is_newer(firefox: Firefox, place: int, *, than: int) -> bool:
    return (seen(firefox, place) or 0) > than
