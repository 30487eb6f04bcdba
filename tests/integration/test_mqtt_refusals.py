"""A broker that does not let us in, or not say what we want to say: a reason, and no storm."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from authority import Authority
from broker import HOST, Broker, Listener
from publish_messages import event, motion, settings, still
from publishing import DOOR, running
from waiting import passes, wait_until

from pimotion.publish.link import MOST_RECEIVED_BYTES, Link
from pimotion.publish.wake import Waker


def test_a_wrong_password_is_tried_less_and_less_often(tmp_path: Path, free_port: int) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "cam", "right"], check=True)
    lines = ["allow_anonymous false", f"password_file {passwords}"]
    with (
        Broker(tmp_path, free_port, lines) as broker,
        running(tmp_path, free_port, username="cam", password="wrong") as daemon,
    ):
        assert "Not authorized; check mqtt.username" in daemon.reason()
        passes(12)
        tries = broker.log().count("not authorised")
    assert 2 <= tries <= 6


def test_a_broker_that_forbids_our_topics_is_no_broker_that_is_well(
    tmp_path: Path, free_port: int
) -> None:
    """Connected, and yet nobody hears a word: status and log must say so."""
    forbidding = tmp_path / "acl"
    forbidding.write_text("topic read #\ntopic write homeassistant/#\n")
    with (
        Broker(tmp_path, free_port, [f"acl_file {forbidding}"]),
        running(tmp_path, free_port) as daemon,
    ):
        daemon.connected()
        for message in (motion(True), event()):
            daemon.publisher.put(message)
        reason = daemon.reason(not_="")
        wait_until(lambda: daemon.counts()["refused_by_broker"] > 3, "all is refused")
        counts = daemon.counts()
        assert "the broker refuses what we publish: Not authorized" in reason
        assert daemon.publisher.status().connected
    assert (counts["connected"], counts.get("link_lost", 0)) == (1, 0), "no reason to hang up"


def test_an_event_does_not_name_a_picture_that_the_broker_refused(
    tmp_path: Path, free_port: int
) -> None:
    forbidding = tmp_path / "acl"
    forbidding.write_text(f"topic readwrite #\ntopic deny {DOOR}/last_motion\n")
    with (
        Broker(tmp_path, free_port, [f"acl_file {forbidding}"]),
        Listener(free_port) as listener,
        running(tmp_path, free_port) as daemon,
    ):
        daemon.connected()
        for event_id in ("e1", "e2"):  # the first start is on its way before the answer comes
            for message in (still(event_id), motion(True), event(event_id=event_id)):
                daemon.publisher.put(message)
            wait_until(lambda: daemon.publisher.status().reason, "the refusal")
            daemon.publisher.put(event("stop", event_id=event_id, seq=1))
        wait_until(lambda: len(listener.payloads(f"{DOOR}/event")) == 4, "all four")
        said = [json.loads(each)["snapshot"] for each in listener.payloads(f"{DOOR}/event")]
    assert said == [f"{DOOR}/last_motion", None, None, None]


def test_a_refusal_that_is_over_is_forgotten(tmp_path: Path, free_port: int) -> None:
    forbidding = tmp_path / "acl"
    forbidding.write_text(f"topic readwrite #\ntopic deny {DOOR}/motion\n")
    with (
        Broker(tmp_path, free_port, [f"acl_file {forbidding}"]) as broker,
        running(tmp_path, free_port) as daemon,
    ):
        daemon.connected()
        wait_until(lambda: daemon.publisher.status().reason, "it is told")
        forbidding.write_text("topic readwrite #\n")
        broker.reload()
        with Listener(free_port) as listener:
            daemon.publisher.put(motion(True))
            listener.wait_for(f"{DOOR}/motion", b"ON")
        wait_until(lambda: daemon.publisher.status().reason is None, "all is well")


def test_a_certificate_of_the_past_is_refused_with_the_reason(
    tmp_path: Path, free_port: int
) -> None:
    ours = Authority(tmp_path / "ours")
    lines = ours.broker_lines(HOST, has_expired=True)
    tls = {"enabled": True, "ca": str(ours.ca)}
    with Broker(tmp_path, free_port, lines), running(tmp_path, free_port, tls=tls) as daemon:
        assert "certificate has expired" in daemon.reason(deadline_s=6)


@pytest.mark.parametrize("tls", [{"enabled": True, "insecure": True}, {"enabled": False}])
def test_who_accepts_and_says_nothing_is_told_from_a_broker(
    tmp_path: Path, free_port: int, tls: dict[str, object]
) -> None:
    with socket.create_server((HOST, free_port)), running(tmp_path, free_port, tls=tls) as daemon:
        began_s = time.monotonic()
        reason = daemon.reason(deadline_s=12)
        took_s = time.monotonic() - began_s
    assert "answer" in reason
    assert took_s < (6 if tls["enabled"] else 11)


@pytest.mark.parametrize("mqtt5", [True, False])
def test_what_is_far_too_long_for_us_is_not_taken_in(
    tmp_path: Path, free_port: int, mqtt5: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody at the broker can publish a hundred megabytes where we listen."""
    reached = []
    take_in = Link._on_message

    def look(link: Link, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        reached.append(message.topic)
        take_in(link, client, data, message)

    monkeypatch.setattr(Link, "_on_message", look)
    mqtt = settings(mqtt={"port": free_port, "host": HOST}).mqtt
    waker = Waker()
    with Broker(tmp_path, free_port), Listener(free_port) as other:
        link = Link(mqtt, waker, client_id="x", will_topic="x", mqtt5=mqtt5)
        link.open()
        wait_until(lambda: turned(link).is_ready, "connected")
        link.subscribe(["told/#"], [])
        for topic, size in (("told/much", MOST_RECEIVED_BYTES + 1), ("told/enough", 10)):
            other.publish(topic, b"x" * size, retain=True)
        wait_until(lambda: turned(link).received, "the short one is heard")
        heard = {each.topic for each in link.received}
        link.close(politely=True)
    waker.close()
    assert heard == {"told/enough"}
    assert ("told/much" in reached) is not mqtt5, "a broker of MQTT 5 does not even send it"


def turned(link: Link) -> Link:
    link.turn()
    return link
