"""A camera that is missing, cut, stalled, frozen or hostile: what the daemon says and does."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from broker import Broker
from cameras.steerable_camera import SteerableCamera, bomb, huge_part
from free_ports import find_free_port
from waiting import passes, wait_until
from watched_door import FROZEN_S, TOPIC, Scene

Measured = Callable[[str, object], None]
VIEW_S = 20.0


@pytest.fixture
def scene(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[Scene]:
    camera = SteerableCamera(find_free_port())
    with Broker(tmp_path, unused_port) as broker:
        made = Scene(tmp_path, free_port, camera, broker)
        try:
            made.daemon.wait_for(
                lambda: made.daemon.healthz() is not None, "the page", timeout_s=10
            )
            yield made
        finally:
            made.close()
            camera.stop()


def test_a_camera_that_is_missing_at_the_start_is_waited_for(scene: Scene) -> None:
    scene.wait_for_state("lost", 10)
    assert "refuse" in scene.door["reason"]

    scene.camera.start()
    assert scene.wait_for_state("ok", 35) < 35


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_a_camera_that_goes_during_motion_ends_it_and_comes_back(scene: Scene, fault: str) -> None:
    """Unplugging the camera must not leave Home Assistant showing motion for ever."""
    scene.camera.start()
    scene.walk()
    scene.listener.forget()
    if fault == "cut":
        scene.camera.stop()
    else:
        scene.mood.is_stalled = True
    wait_until(lambda: scene.door["status"] == "offline", "offline", 10)
    scene.listener.wait_for(f"{TOPIC}/status", b"offline")

    assert scene.order_of_end() == [b"OFF", b"offline"]
    assert scene.stop_reason() == "source_lost"

    scene.listener.forget()
    scene.mood.view = "box"  # put there meanwhile
    scene.mood.is_stalled = scene.mood.is_walking = False
    if fault == "cut":
        scene.camera.start()
    assert scene.wait_for_state("ok", 35) < 35
    wait_until(scene.learnt, "learnt anew", 20)
    assert b"ON" not in scene.listener.payloads(f"{TOPIC}/motion"), "its return is no motion"


def test_a_frozen_picture_is_offline_and_its_thaw_is_no_motion(scene: Scene) -> None:
    scene.camera.start()
    scene.walk()
    scene.mood.is_frozen = True
    frozen_after_s = scene.wait_for_state("frozen", FROZEN_S + 10)
    assert frozen_after_s > FROZEN_S - 1.5
    wait_until(lambda: scene.order_of_end()[-2:] == [b"OFF", b"offline"], "OFF, offline", 10)
    scene.listener.forget()

    scene.mood.is_walking = scene.mood.is_frozen = False
    scene.wait_for_state("ok", 10)
    wait_until(scene.learnt, "learnt anew", 20)
    assert b"ON" not in scene.listener.payloads(f"{TOPIC}/motion")


@pytest.mark.parametrize("view", ["black", "noise"])
def test_a_picture_without_a_scene_does_not_flap(
    scene: Scene, view: str, measured: Measured
) -> None:
    """A cap on the lens, or a sensor that dies: one event is an alarm, ten are a nuisance."""
    scene.camera.start()
    scene.daemon.wait_for(lambda: scene.door["state"] == "ok", "live")
    wait_until(scene.learnt, "the scene is learnt", 20)
    scene.listener.forget()
    scene.mood.view = view
    passes(VIEW_S)
    events = {each["id"] for each in scene.events()}
    state, status = scene.door["state"], scene.door["status"]
    scene.mood.view = "scene"
    scene.wait_for_state("ok", 10)
    passes(10)

    said = scene.listener.payloads(f"{TOPIC}/motion", live=True)
    switched_on = sum(after == b"ON" != before for before, after in pairwise([b"OFF", *said]))
    measured("events", len(events))
    measured("on_in_half_a_minute", switched_on)
    assert (state, status) == ({"black": "dark", "noise": "ok"}[view], "online")
    assert len(events) <= 1
    assert switched_on <= 1
    assert set(scene.states()) <= {"ok", "dark"}


def test_every_other_picture_broken_leaves_the_camera_online(scene: Scene) -> None:
    scene.camera.start()
    scene.wait_for_state("ok", 15)
    scene.mood.broken_share = 0.5
    sent = scene.camera.connections
    wait_until(lambda: 0 < (scene.door["fps"] or 99) < 16, "the rate says it", 20)

    assert scene.states()[-1] == "ok"
    assert scene.camera.connections == sent, "no reason to connect anew"
    assert "Traceback" not in scene.daemon.log
    assert scene.daemon.log.count("WARNING") <= 4


@pytest.mark.parametrize(
    ("status", "words"), [(401, "login"), (500, "500"), (404, "404"), (200, "a web page")]
)
def test_a_refusal_is_a_reason_in_words(
    scene: Scene, status: int, words: str, measured: Measured
) -> None:
    scene.mood.status, scene.mood.is_html = status, status == 200
    scene.camera.start()
    scene.wait_for_state("lost", 10)
    wait_until(lambda: words in (scene.door["reason"] or ""), f"{words}: {scene.door}", 10)
    began = scene.camera.connections
    passes(10)

    measured("tries_in_10_s", scene.camera.connections - began)
    assert scene.camera.connections - began <= (2 if status == 401 else 4), "no storm"


@pytest.mark.parametrize("attack", ["bomb", "huge"])
def test_a_hostile_picture_costs_nothing(scene: Scene, attack: str, measured: Measured) -> None:
    scene.camera.start()
    scene.wait_for_state("ok", 15)
    with urllib.request.urlopen(f"{scene.daemon.url}/door/stream.mjpg", timeout=5) as who:
        assert who.read(10_000), "somebody watches, so what comes is decoded"
        send_hostile(scene, attack, measured)


def send_hostile(scene: Scene, attack: str, measured: Measured) -> None:
    before_bytes = scene.rss_bytes()
    scene.forget_peak()
    body = huge_part() if attack == "huge" else b"".join([b"--frame\r\n\r\n", bomb()])
    scene.mood.special.append(body)
    wait_until(lambda: not scene.mood.special, "sent", 10)
    sent = scene.mood.sent
    wait_until(lambda: scene.mood.sent > sent + 30, "it goes on, or is opened anew", 15)
    wait_until(lambda: (scene.door["age_s"] or 9) < 1 and scene.door["state"] == "ok", "live", 5)

    grown_bytes = scene.peak_bytes() - before_bytes
    measured("peak_mb", round(grown_bytes / 2**20, 1))
    assert grown_bytes < 20 << 20
    assert "Traceback" not in scene.daemon.log


def test_another_size_is_no_motion(scene: Scene) -> None:
    scene.camera.start()
    scene.wait_for_state("ok", 15)
    wait_until(scene.learnt, "learnt", 20)
    for size_px in ((640, 480), (160, 120), (320, 240)):
        scene.mood.size_px = size_px
        wait_until(scene.learnt, "learnt anew", 20)

    assert b"ON" not in scene.listener.payloads(f"{TOPIC}/motion")
    assert scene.door["state"] == "ok"


def test_a_camera_that_gets_slow_says_so_and_is_no_motion(scene: Scene, measured: Measured) -> None:
    scene.camera.start()
    scene.wait_for_state("ok", 15)
    wait_until(scene.learnt, "learnt", 20)
    scene.mood.fps = 1
    measured("slow_after_s", round(scene.wait_for_state("slow", 45), 1))
    assert scene.door["status"] == "online"
    said = json.loads(scene.listener.payloads(f"{TOPIC}/health")[-1])
    assert "a second" in said["reason"], said
    scene.mood.fps = 25
    measured("ok_after_s", round(scene.wait_for_state("ok", 45), 1))
    assert b"ON" not in scene.listener.payloads(f"{TOPIC}/motion")
    assert scene.states()[-2:] == ["slow", "ok"]


def test_an_event_that_a_crash_cut_off_is_told_at_the_next_start(scene: Scene) -> None:
    """ON must not stay, and a list of events must not have one without an end."""
    scene.camera.start()
    scene.walk()
    started = json.loads(scene.listener.wait_for(f"{TOPIC}/event").payload)
    wait_until(lambda: bool(scene.remembered()), "it is on the disk", 10)
    scene.daemon.close()  # by SIGKILL
    scene.listener.wait_for("pimotion/node/status", b"offline", deadline_s=5)
    scene.mood.is_walking = False
    scene.listener.forget()
    scene.start_daemon()
    late = json.loads(scene.listener.wait_for(f"{TOPIC}/history", deadline_s=20).payload)

    assert late["id"] == started["id"]
    assert (late["event_type"], late["reason"], late["late"]) == ("stop", "crash", True)
    scene.listener.wait_for(f"{TOPIC}/motion", b"OFF")
    assert scene.listener.payloads(f"{TOPIC}/event", live=True) == []
