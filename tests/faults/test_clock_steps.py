"""Somebody sets the clock while something moves: nothing but the times that are shown changes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from broker import Broker
from cameras.steerable_camera import SteerableCamera
from free_ports import find_free_port
from hooked import Hook
from waiting import wait_until
from watched_door import TOPIC, Scene

YEAR_S = 365 * 86_400
STEPS_S = (-7200, YEAR_S)


@pytest.fixture
def hook(tmp_path: Path) -> Hook:
    return Hook(tmp_path)


@pytest.fixture
def scene(tmp_path: Path, free_port: int, unused_port: int, hook: Hook) -> Iterator[Scene]:
    with (
        SteerableCamera(find_free_port()) as camera,
        Broker(tmp_path, unused_port) as broker,
    ):
        made = Scene(tmp_path, free_port, camera, broker, environment=hook.environment)
        try:
            made.daemon.wait_for(lambda: made.daemon.healthz() is not None, "the page")
            yield made
        finally:
            made.close()


def test_a_step_of_the_clock_is_noted_and_changes_nothing(scene: Scene, hook: Hook) -> None:
    scene.walk()
    scene.listener.wait_for(f"{TOPIC}/event")
    for step, ahead_s in enumerate(STEPS_S, start=1):
        told = len(scene.events())
        hook.do(f"clock wall {ahead_s}")
        wait_until(lambda: len(scene.events()) > told + 2, "the event goes on", 20)  # noqa: B023
        noted = scene.daemon.log.count("the clock was set")
        assert noted == step, "once each time"
    scene.mood.is_walking = False
    scene.wait_for_off()
    wait_until(lambda: scene.events()[-1]["event_type"] == "stop", "the event ends", 10)

    events = scene.events()
    assert len({each["id"] for each in events}) == 1
    for earlier, later in pairwise(events[:-1]):
        passed_s = later["time_s"] - earlier["time_s"]
        assert later["duration_s"] - earlier["duration_s"] == pytest.approx(passed_s, abs=0.2)
    heard = [each for each in list(scene.listener.heard) if each.topic == f"{TOPIC}/event"]
    lasted_s = heard[-2].at_s - heard[0].at_s
    assert events[-2]["duration_s"] - events[0]["duration_s"] == pytest.approx(lasted_s, abs=1)
    said = scene.listener.payloads(f"{TOPIC}/motion", live=True)
    changes = [said[0], *(b for a, b in pairwise(said) if a != b)]
    assert changes[-2:] == [b"ON", b"OFF"]
    assert changes.count(b"ON") == 1
    assert set(scene.states()) <= {"starting", "ok"}, "nothing looked stale"
    kept = [each["id"] for each in scene.remembered()]
    assert kept == [events[0]["id"]], "a wrong year makes nobody forget his events"


def test_since_when_a_camera_is_live_is_told_by_the_clock_of_now(scene: Scene, hook: Hook) -> None:
    """A Pi without a battery starts with an old time, and gets the right one after a while."""
    scene.wait_for_state("ok", 20)
    hook.do(f"clock wall {YEAR_S}")
    wait_until(lambda: "the clock was set" in scene.daemon.log, "it is noted", 10)
    state = json.loads(scene.daemon.get("/api/state"))
    since_s = datetime.fromisoformat(state["cameras"][0]["since"]).timestamp()
    assert 0 < time.time() + YEAR_S - since_s < 60
