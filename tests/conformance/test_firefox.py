"""A real Firefox shows numbered pictures: the right ones, and each as soon as it has come."""

from __future__ import annotations

import time

import barcode
import pytest
from firefox import Firefox

from conformance.house import House
from conformance.numbered_camera import SIZE

pytestmark = pytest.mark.browser

NEW_S = 2.5
SLOW_FPS = 0.5
"""So slow that a picture which is painted only when the next one comes is seen to be late."""
DEADLINE_S = 20.0


def ages_s(firefox: Firefox, house: House, count: int) -> dict[int, float]:
    """How old so many pictures were when each was first seen on the screen, by their numbers."""
    width, height = SIZE
    ages_s: dict[int, float] = {}
    deadline_s = time.monotonic() + DEADLINE_S
    while len(ages_s) < count:
        assert time.monotonic() < deadline_s, f"only {len(ages_s)} pictures were shown"
        number = barcode.read(firefox.look_at(0, 0, width, height))
        if number is not None and number not in ages_s:
            ages_s[number] = house.camera.age_s(number)
    return ages_s


def show(firefox: Firefox, house: House, url: str) -> None:
    """Show a stream in an image on an otherwise empty page of ours, logged in."""
    # A token opens pictures alone, so then it is the one page that everyone may see.
    firefox.visit(house.url_with_login("/api/state" if house.access.login else "/healthz"))
    style = "position: absolute; left: 0; top: 0"
    image = f"<img style='{style}' width={SIZE[0]} height={SIZE[1]} src='{url}'>"
    firefox.evaluate(f'document.body.innerHTML = "{image}"')


@pytest.mark.parametrize("query", [{}, {"advance": 1}], ids=["usual", "advance"])
def test_firefox_shows_it_in_an_image(
    firefox: Firefox, house: House, query: dict[str, int]
) -> None:
    show(firefox, house, house.url("/door/stream.mjpg", **query))
    seen = ages_s(firefox, house, 8)
    assert list(seen) == sorted(seen)
    assert list(seen.values())[-1] < NEW_S


def test_firefox_paints_each_picture_without_waiting_for_the_next(
    firefox: Firefox, house: House
) -> None:
    """However one is let in, so once is enough."""
    if house.access.name != "basic":
        return
    show(firefox, house, house.url("/door/stream.mjpg", fps=SLOW_FPS))
    seen = ages_s(firefox, house, 5)
    assert max(seen.values()) < 0.9 / SLOW_FPS
