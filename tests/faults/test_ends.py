"""It is told to stop, or the power goes, while something moves: nobody is left with an ON."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from broker import HOST, Broker, Listener, retained
from cameras.steerable_camera import SteerableCamera
from free_ports import find_free_port
from waiting import wait_until
from watched_door import TOPIC, Scene

Measured = Callable[[str, object], None]
STATUS = "pimotion/node/status"
EXPIRES_S = 60
KEEPALIVE_S = 15


class Power(Scene):
    """A watched door and its broker."""

    broker: Broker
    port: int


@pytest.fixture
def scene(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[Power]:
    kept = ["persistence true", f"persistence_location {tmp_path}/"]
    with ExitStack() as stack:
        camera = stack.enter_context(SteerableCamera(find_free_port()))
        broker = stack.enter_context(Broker(tmp_path, unused_port, kept))
        made = Power(tmp_path, free_port, camera, broker)
        made.broker, made.port = broker, free_port
        stack.callback(made.close)
        made.daemon.wait_for(lambda: made.daemon.healthz() is not None, "the page")
        yield made


def watch(stack: ExitStack, port: int) -> None:
    """Open a stream and do not read from it."""
    viewer = stack.enter_context(socket.create_connection((HOST, port), 5))
    viewer.sendall(b"GET /door/stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")


@pytest.mark.parametrize("is_frozen", [False, True], ids=["broker lives", "broker is frozen"])
def test_a_stop_during_motion_is_quick_with_viewers_and_says_all_there_is_to_say(
    scene: Power, is_frozen: bool, measured: Measured
) -> None:
    scene.walk()
    with ExitStack() as stack:
        for _ in range(8):
            watch(stack, scene.port)
        if is_frozen:
            scene.broker.freeze()
        took_s = scene.daemon.stop()
        if is_frozen:
            scene.broker.thaw()

    measured("took_s", round(took_s, 1))
    assert took_s < 5
    assert scene.daemon.process.returncode == 0
    scene.listener.wait_for(STATUS, b"offline")
    if not is_frozen:
        assert scene.order_of_end()[-2:] == [b"OFF", b"offline"]
        assert scene.stop_reason() == "shutdown"
        assert retained(scene.broker.port)[f"{TOPIC}/motion"].payload == b"OFF"


def late(scene: Power) -> list[tuple[str, str]]:
    """What was told on `history`: ids and reasons."""
    said = [json.loads(each) for each in scene.listener.payloads(f"{TOPIC}/history")]
    assert all(each["late"] and each["event_type"] == "stop" for each in said)
    return [(each["id"], each["reason"]) for each in said]


def attributes(scene: Power) -> dict[str, Any]:
    """What the broker keeps of the last event."""
    found: dict[str, Any] = json.loads(retained(scene.broker.port)[f"{TOPIC}/attributes"].payload)
    return found


def end(scene: Power) -> None:
    """Stop the daemon as systemd does."""
    assert scene.daemon.stop() < 5
    scene.daemon.close()


def hear_again(scene: Power) -> None:
    """Start the broker again and listen anew."""
    scene.broker.start()
    scene.listener.close()
    scene.listener = Listener(scene.broker.port)


def test_a_stop_while_the_broker_is_away_loses_no_end_of_an_event(scene: Power) -> None:
    """It stayed at `running: true` for ever, and a list of events had one without its end."""
    scene.walk()
    started = json.loads(scene.listener.wait_for(f"{TOPIC}/event").payload)["id"]
    wait_until(lambda: attributes(scene)["running"], "the broker keeps that it runs")
    scene.broker.stop()
    end(scene)
    scene.mood.is_walking = False
    hear_again(scene)
    assert attributes(scene)["running"], "that is what this is about"
    scene.start_daemon()
    scene.listener.wait_for(f"{TOPIC}/history", deadline_s=30)
    wait_until(lambda: not attributes(scene)["running"], "it is over", 5)

    assert late(scene) == [(started, "shutdown")]
    assert (attributes(scene)["id"], attributes(scene)["reason"]) == (started, "shutdown")
    end(scene)
    scene.listener.forget()
    scene.start_daemon()
    scene.daemon.wait_for(lambda: scene.daemon.healthz() is not None, "the page")
    scene.walk()  # by then a history would have been told
    assert late(scene) == [], "once told is told"


def test_a_reload_while_the_broker_is_away_loses_no_event(scene: Power) -> None:
    scene.broker.stop()
    scene.daemon.wait_for(lambda: not scene.is_connected(), "the loss is noticed")
    wait_until(scene.learnt, "the scene is learnt", 20)
    scene.mood.is_walking = True
    wait_until(scene.remembered, "an event", 20)
    scene.mood.is_walking = False
    wait_until(lambda: scene.remembered()[0]["reason"] == "quiet", "its end", 20)
    scene.daemon.process.send_signal(signal.SIGHUP)
    scene.daemon.wait_for(lambda: "everything starts anew" in scene.daemon.log, "the reload")
    scene.daemon.wait_for(lambda: scene.daemon.healthz() is not None, "the page")
    scene.daemon.process.send_signal(signal.SIGSTOP)  # nothing is told before somebody listens
    hear_again(scene)
    scene.daemon.process.send_signal(signal.SIGCONT)
    scene.listener.wait_for(f"{TOPIC}/history", deadline_s=40)

    assert late(scene) == [(scene.remembered()[0]["id"], "quiet")]
    scene.visit()
    assert late(scene) == [], "once told is told"


def test_a_process_that_stands_still_is_offline_at_the_broker_until_it_goes_on(
    scene: Power, measured: Measured
) -> None:
    scene.walk()
    scene.listener.forget()
    process = scene.daemon.process
    process.send_signal(signal.SIGSTOP)
    try:
        began_s = time.monotonic()
        scene.listener.wait_for(STATUS, b"offline", deadline_s=1.9 * KEEPALIVE_S)
        measured("offline_after_s", round(time.monotonic() - began_s, 1))
    finally:
        process.send_signal(signal.SIGCONT)
    scene.listener.wait_for(STATUS, b"online", deadline_s=20)
    scene.mood.is_walking = False
    scene.listener.wait_for(f"{TOPIC}/motion", b"OFF", deadline_s=20)
    assert scene.listener.payloads(STATUS) == [b"offline", b"online"]


def test_after_a_power_cut_of_all_the_on_is_forgotten_and_the_next_start_says_off(
    scene: Power, measured: Measured
) -> None:
    """Nobody is there to publish our last will, and the broker has kept what it was told."""
    scene.walk()
    wait_until(lambda: retained(scene.broker.port)[f"{TOPIC}/motion"].payload == b"ON", "kept", 5)
    scene.broker.save()
    scene.broker.freeze()
    scene.daemon.close()  # by SIGKILL
    scene.listener.close()
    scene.broker.kill()
    scene.broker.start()

    def motion() -> bytes | None:
        kept = retained(scene.broker.port).get(f"{TOPIC}/motion")
        return None if kept is None else kept.payload

    assert motion() == b"ON", "that is what this is about"
    gone_s = wait_until(lambda: motion() is None, "ON is forgotten", EXPIRES_S + 15)
    measured("gone_s", round(gone_s, 1))
    assert retained(scene.broker.port)[STATUS].payload == b"online", "nobody can know better"
    scene.mood.is_walking = False
    scene.start_daemon()
    wait_until(lambda: motion() == b"OFF", "the next start says OFF", 20)
