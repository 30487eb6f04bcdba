"""Nobody answers at the broker for ten minutes, while somebody walks past all the time."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import pytest
from bad_link import BadLink
from broker import Broker
from cameras.steerable_camera import SteerableCamera, Walker
from free_ports import find_free_port
from waiting import wait_until
from watched_door import TOPIC, Scene

pytestmark = pytest.mark.soak

MINUTES = float(os.environ.get("PIMOTION_OUTAGE_MINUTES", "10"))
WALK_S, REST_S = 2.0, 3.0
MOST_TOLD = 100


@pytest.fixture
def scene(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[tuple[Scene, BadLink]]:
    with ExitStack() as stack:
        camera = stack.enter_context(SteerableCamera(find_free_port()))
        broker = stack.enter_context(Broker(tmp_path, unused_port))
        link = stack.enter_context(BadLink(find_free_port(), broker.port))
        quick = {"events": {"event_gap_s": 1}, "detect": {"hold_s": 0.5}}
        settings = {"cameras": {"door": {"source": camera.url, "fps": 25, **quick}}}
        made = Scene(tmp_path, free_port, camera, broker, link_port=link.port, settings=settings)
        stack.callback(made.close)
        made.daemon.wait_for(lambda: made.daemon.healthz() is not None, "the page")
        yield made, link


@pytest.mark.timeout(MINUTES * 60 + 300)
def test_after_ten_minutes_of_nothing_what_was_missed_is_history(
    scene: tuple[Scene, BadLink],
) -> None:
    door, link = scene
    door.visit()
    before = count(door, "ended")
    rss_bytes = door.rss_bytes()
    link.is_stalled = True
    wait_until(lambda: not door.is_connected(), "it is noticed", 25)
    door.listener.forget()
    analysed_fps = []
    walker = Walker(door.camera, WALK_S, REST_S)
    sent, began_s = door.mood.sent, time.monotonic()
    while time.monotonic() < began_s + MINUTES * 60:
        time.sleep(5)
        analysed_fps.append(door.door["fps"])
    sent_fps = (door.mood.sent - sent) / (time.monotonic() - began_s)
    walker.close()
    wait_until(lambda: count(door, "started") == count(door, "ended"), "the last one has gone", 20)
    ended = re.findall(r"motion ended .*event=(\S+)", door.daemon.log)[before:]
    link.is_stalled = False
    back_s = wait_until(door.is_connected, "it is back", 20)
    kept = ended[-MOST_TOLD:]
    wait_until(lambda: set(kept) <= set(told(door)), "what was kept is told", 60)

    grown_mb = (door.rss_bytes() - rss_bytes) / 2**20
    print(  # noqa: T201  the figures are what this is for
        f"\n{len(ended)} events ended, {len(told(door))} told late; back after {back_s:.1f} s; "
        f"{median(analysed_fps):.1f} of {sent_fps:.1f} frames a second; {grown_mb:+.1f} MB"
    )
    assert back_s < 16
    assert median(analysed_fps) >= 0.95 * sent_fps
    assert len(told(door)) <= MOST_TOLD
    assert len(ended) > MOST_TOLD * MINUTES / 10
    assert grown_mb < 10
    assert b"ON" not in door.listener.payloads(f"{TOPIC}/motion")
    assert door.events() == [], "nothing of it is told as if it were now"


def count(door: Scene, what: str) -> int:
    return door.daemon.log.count(f"motion {what}")


def told(door: Scene) -> list[str]:
    """Return the events that were told late."""
    late = [json.loads(each) for each in door.listener.payloads(f"{TOPIC}/history")]
    assert all(each["late"] for each in late)
    return [each["id"] for each in late]
