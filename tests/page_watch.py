"""Waits for what a page shows, and reads the numbers in the pictures on it."""

from __future__ import annotations

import time
from collections.abc import Callable

import barcode
import cv2
import numpy as np
from playwright.sync_api import Page


def wait(page: Page, condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for a condition; the page goes on meanwhile."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "the condition did not come true in time"
        page.wait_for_timeout(50)


def wait_true(page: Page, expression: str, within_s: float = 20.0) -> None:
    """Wait for a JavaScript expression; the page's policy forbids playwright's own way to."""
    wait(page, lambda: bool(page.evaluate(f"() => Boolean({expression})")), within_s)


def uncover(page: Page) -> None:
    """Take away what lies on the pictures."""
    page.evaluate(
        "for (const e of document.querySelectorAll('.badge, .enlarge')) e.style.opacity = 0"
    )


def seen(page: Page, selector: str) -> int | None:
    """The number of the picture that an element shows on the screen."""
    png = page.locator(selector).screenshot()
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    return barcode.read(image.view(np.uint8))


def hide(page: Page, hidden: bool) -> None:
    """Put the page's tab into the background, or bring it back."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )
