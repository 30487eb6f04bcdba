"""Between the daemon and its broker nothing passes, or slowly: nothing stale, nothing lost."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from bad_link import BadLink
from broker import HOST, Broker
from cameras.steerable_camera import SteerableCamera
from free_ports import find_free_port
from waiting import passes, wait_until
from watched_door import TOPIC, Scene

Measured = Callable[[str, object], None]

SUSPECTED_S = 12.5
"""A heartbeat is due every 10 s; 2 s after it nothing more is put into a pipe that may be dead."""

_FLAPS_S = 32
"""Four visits, and sixteen breaks."""

MQTT_CONNECT = bytes.fromhex("100d00044d5154540402003c000162")
"""MQTT 3.1.1, clean session, keep-alive 60 s, client id b."""
MQTT_SUBSCRIBE = bytes.fromhex("8206000100012300")
"""To everything."""


class Outage(Scene):
    """A watched door whose way to the broker can be broken."""

    broker: Broker
    link: BadLink


@pytest.fixture
def scene(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[Outage]:
    with ExitStack() as stack:
        camera = stack.enter_context(SteerableCamera(find_free_port()))
        broker = stack.enter_context(Broker(tmp_path, unused_port))
        link = stack.enter_context(BadLink(find_free_port(), broker.port))
        made = Outage(tmp_path, free_port, camera, broker, link_port=link.port)
        made.broker, made.link = broker, link
        stack.callback(made.close)
        made.daemon.wait_for(lambda: made.daemon.healthz() is not None, "the page")
        yield made


def set_fault(scene: Outage, fault: str, *, is_on: bool) -> None:
    if fault == "black hole":
        scene.link.is_stalled = is_on
    elif is_on:
        scene.broker.freeze()
    else:
        scene.broker.thaw()


@pytest.mark.parametrize("fault", ["black hole", "frozen broker"])
def test_motion_that_comes_and_goes_while_nobody_answers_is_history(
    scene: Outage, fault: str, measured: Measured
) -> None:
    scene.visit()
    passes(1)  # until the broker's word for its end is there; else that is rightly sent once more
    rss_bytes = scene.rss_bytes()
    scene.listener.forget()
    set_fault(scene, fault, is_on=True)
    began_s = time.monotonic()
    passes(SUSPECTED_S)
    scene.mood.is_walking = True
    wait_until(lambda: not scene.is_connected(), "it is noticed", 20)
    noticed_s = time.monotonic() - began_s
    wait_until(lambda: len(motions(scene)) >= 2, "motion is seen", 20)
    fps = scene.door["fps"]
    scene.mood.is_walking = False
    wait_until(lambda: scene.daemon.log.count("motion ended") >= 2, "and its end", 20)
    passes(3)
    grown_bytes = scene.rss_bytes() - rss_bytes
    set_fault(scene, fault, is_on=False)
    back_s = wait_until(scene.is_connected, "it is back", 20)
    late = json.loads(scene.listener.wait_for(f"{TOPIC}/history").payload)

    measured("noticed_s", round(noticed_s, 1))
    measured("back_s", round(back_s, 1))
    measured("rss_mb", round(grown_bytes / 2**20, 1))
    assert noticed_s < 21, "10 s until the heartbeat, 10 s for the answer to it"
    assert back_s < 16
    assert grown_bytes < 10 << 20
    assert fps > 20, "detection does not notice"
    assert (late["id"], late["late"]) == (motions(scene)[-1], True)
    scene.listener.wait_for(f"{TOPIC}/motion", b"OFF")
    assert b"ON" not in scene.listener.payloads(f"{TOPIC}/motion")
    assert scene.events() == [], "nothing of it is told as if it were now"


def test_over_a_link_that_breaks_every_two_seconds_no_event_is_lost(
    scene: Outage, measured: Measured
) -> None:
    scene.visit()
    scene.listener.forget()
    for second in range(_FLAPS_S):
        scene.mood.is_walking = second // 4 % 2 == 0  # somebody for 4 s, nobody for 4 s
        if second % 2:
            scene.link.cut()
        passes(1)
    scene.mood.is_walking = False
    seen = set(motions(scene)[1:])
    wait_until(lambda: seen <= set(stops(scene)), f"all of {seen} are told", 40)

    late = sum(each.get("late", False) for each in stops(scene).values())
    measured("events", len(seen))
    measured("late", late)
    assert len(seen) >= 3
    scene.listener.wait_for(f"{TOPIC}/motion", b"OFF")


def stops(scene: Scene) -> dict[str, dict[str, Any]]:
    """Return the last that was said of each event that has ended, now or late."""
    told = scene.listener.payloads(f"{TOPIC}/event") + scene.listener.payloads(f"{TOPIC}/history")
    every = (json.loads(each) for each in told)
    return {each["id"]: each for each in every if each["event_type"] == "stop"}


def motions(scene: Scene) -> list[str]:
    """Return the events that the daemon saw, by its log."""
    return re.findall(r"motion started .*event=(\S+)", scene.daemon.log)


@pytest.mark.parametrize("fault", ["5 kB a second", "4 s there and back"])
def test_over_a_bad_link_motion_is_told_in_time(
    scene: Outage, fault: str, measured: Measured
) -> None:
    scene.visit()
    if fault == "5 kB a second":
        scene.link.bytes_per_s = 5000
    else:
        scene.link.latency_s = 2.0
    delays_s = []
    for number in range(2, 4):
        scene.listener.forget()
        wait_until(scene.learnt, "the scene is learnt", 20)
        scene.mood.is_walking = True
        wait_until(lambda: len(motions(scene)) == number, "motion is seen", 20)  # noqa: B023
        began_s = time.monotonic()
        scene.listener.wait_for(f"{TOPIC}/motion", b"ON", deadline_s=20)
        scene.listener.wait_for(f"{TOPIC}/event", deadline_s=20)
        delays_s.append(time.monotonic() - began_s)
        scene.mood.is_walking = False
        wait_until(lambda: b"OFF" in scene.listener.payloads(f"{TOPIC}/motion"), "OFF", 30)

    measured("delay_s", [round(each, 1) for each in delays_s])
    assert max(delays_s) < 5
    assert "no broker" not in scene.daemon.log, "the link holds"


def test_a_subscriber_who_never_reads_is_the_brokers_trouble(
    scene: Outage, measured: Measured
) -> None:
    scene.visit()
    rss_bytes = scene.rss_bytes()
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stalled.connect((HOST, scene.broker.port))
        stalled.sendall(MQTT_CONNECT + MQTT_SUBSCRIBE)
        for _ in range(2):
            scene.visit()
    grown_bytes = scene.rss_bytes() - rss_bytes

    measured("rss_mb", round(grown_bytes / 2**20, 1))
    assert grown_bytes < 2 << 20
    assert scene.is_connected()
