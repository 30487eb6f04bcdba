"""How old the picture is that a real Chromium shows, at two pictures a second.

Blink paints a part of a stream only when it knows the header of the next one, so that with most
servers a viewer sees the picture before the newest: at a low rate that is half a second.
"""

from __future__ import annotations

import shutil
import threading
import time

from playwright.sync_api import sync_playwright

from benchmarks.stream.load import Crowd
from benchmarks.stream.pictures import COUNT
from pimotion.capture import frame_number

FPS = 2.0
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_LOAD_S = 3.0
"""What the browser and the page need before they are watched."""

_WATCH = """([selector, bits, across]) => {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', {willReadFrequently: true});
  window.shown = [];
  let last = -1;
  setInterval(() => {
    const live = document.querySelector(selector);
    if (!live || !live.naturalWidth) return;
    [canvas.width, canvas.height] = [live.naturalWidth, live.naturalHeight];
    const side = Math.max(4, Math.floor(canvas.width / across));
    context.drawImage(live, 0, 0);
    const row = context.getImageData(0, side >> 1, bits * side, 1).data;
    let number = 0;
    for (let bit = 0; bit < bits; bit++)
      if (row[4 * (bit * side + (side >> 1))] > 104) number += 1 << bit;
    if (number !== last) shown.push([number, Date.now()]);
    last = number;
  }, 10);
}"""
"""Notes each number that the picture shows, and when it was first seen. The numbers are those of
`pimotion.capture.frame_number`, which draws 64 blocks across a picture, of 94 or 114 grey."""
_BLOCKS_ACROSS = 64


def browser() -> str | None:
    """Return where a Chromium is; None without one."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def shown_ages_ms(page_url: str, selector: str, stream_url: str, seconds: float) -> list[float]:
    """Return the age of each picture at the moment when a browser first showed it.

    Args:
        page_url: What the browser opens.
        selector: Of the live picture in it.
        stream_url: A stream of the same server with marks, which tell when a picture was made.
        seconds: How long to watch.
    """
    with Crowd(stream_url, 1) as witness, sync_playwright() as playwright:
        watching = threading.Thread(target=witness.watch, args=(_LOAD_S + seconds + 1,))
        chromium = playwright.chromium.launch(executable_path=browser(), args=_ARGUMENTS)
        watching.start()
        page = chromium.new_page()
        page.goto(page_url, wait_until="commit")
        page.wait_for_timeout(_LOAD_S * 1000)
        page.evaluate(_WATCH, [selector, frame_number.BITS, _BLOCKS_ACROSS])
        page.wait_for_timeout(seconds * 1000)
        shown: list[tuple[int, int]] = page.evaluate("window.shown")
        chromium.close()
        watching.join()
        clocks_differ_ms = (time.time() - time.monotonic()) * 1000
        made_ms = {
            each.identity % COUNT: each.at_ns / 1e6 - each.age_ms + clocks_differ_ms
            for viewer in witness.viewers
            for each in viewer.seen
            if each.age_ms is not None
        }
    # The first was on the screen before anyone looked.
    return [at_ms - made_ms[number] for number, at_ms in shown[1:] if number in made_ms]
