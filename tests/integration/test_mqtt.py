"""What a subscriber sees, with a real mosquitto between."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from authority import Authority
from broker import HOST, Broker, Listener, retained
from mqtt_old_broker import OldBroker
from publish_messages import event, health, motion, settings, still
from publishing import BASE, DOOR, STATUS, running
from waiting import wait_until

from pimotion.config.settings import MqttTls
from pimotion.publish.link import Link
from pimotion.publish.reasons import LinkLost
from pimotion.publish.wake import Waker
from pimotion.types import CameraState, CameraStats, Command, SettingState


@pytest.fixture
def broker(tmp_path: Path, free_port: int) -> Iterator[Broker]:
    with Broker(tmp_path, free_port) as started:
        yield started


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    with Listener(broker.port) as connected:
        yield connected


def test_an_event_arrives_in_the_order_of_the_contract(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """Home Assistant shows the right attributes and picture the moment it reacts."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        listener.forget()
        for message in (still("e1"), motion(True, zone=True), event()):
            daemon.publisher.put(message)
        for message in (event("update", seq=1), event("stop", seq=2), motion(False)):
            daemon.publisher.put(message)
        listener.wait_for(f"{DOOR}/motion", b"OFF")
        listener.wait_for(f"{DOOR}/zone/drive-way/motion", b"OFF")
    # The machine's own figures come when they are due, also in between.
    heard = [each.topic for each in listener.heard if each.topic.startswith(f"{DOOR}/")]
    topics = [topic.removeprefix(f"{DOOR}/") for topic in heard]
    assert topics[:12] == [
        "attributes",
        "motion",
        "zone/drive-way/motion",
        "snapshot",
        "last_motion",
        "event",
        "attributes",
        "event",
        "attributes",
        "event",
        "motion",
        "zone/drive-way/motion",
    ]
    told = [json.loads(each) for each in listener.payloads(f"{DOOR}/event")]
    assert [(each["event_type"], each["seq"]) for each in told] == [
        ("start", 0),
        ("update", 1),
        ("stop", 2),
    ]
    assert {each["snapshot"] for each in told} == {f"{DOOR}/last_motion"}
    assert all(each["published_at"] for each in told)


def test_an_event_without_a_picture_says_so(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        daemon.publisher.put(still("e0"))
        daemon.publisher.put(motion(True))
        daemon.publisher.put(event(event_id="e1"))
        told = json.loads(listener.wait_for(f"{DOOR}/event").payload)
    assert told["snapshot"] is None


def test_the_broker_keeps_what_is_true_and_forgets_motion_in_time(
    tmp_path: Path, broker: Broker
) -> None:
    """Who subscribes later sees the state at once; a power cut leaves no motion for ever."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        daemon.publisher.put(health(CameraState.OK))
        daemon.publisher.put(SettingState("front_door", "detection", True))
        daemon.publisher.put(CameraStats("front_door", 14.96, 10, 0, 3.14, 80, 1, None, {}))
        for message in (still("e1"), motion(True), event()):
            daemon.publisher.put(message)
        wait_until(lambda: f"{DOOR}/attributes" in retained(broker.port), "attributes are kept")
        kept = retained(broker.port)
    assert kept[f"{DOOR}/motion"].payload == b"ON"
    assert 50 <= kept[f"{DOOR}/motion"].properties.MessageExpiryInterval <= 60
    assert kept[f"{DOOR}/zone/drive-way/motion"].payload == b"OFF"
    assert not hasattr(kept[STATUS].properties, "MessageExpiryInterval")
    assert kept[STATUS].payload == b"online"
    assert kept[f"{DOOR}/status"].payload == b"online"
    assert kept[f"{DOOR}/detection/state"].payload == b"ON"
    assert json.loads(kept[f"{DOOR}/stats"].payload)["fps"] == 15.0
    assert kept[f"{DOOR}/snapshot"].payload == still().jpeg
    assert f"{DOOR}/event" not in kept
    assert f"{DOOR}/last_motion" not in kept
    assert "homeassistant/device/pimotion_garden-pi_front_door/config" in kept


def test_home_assistants_restart_makes_us_say_everything_again(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        assert daemon.publisher.status().birth_s is None
        listener.forget()
        listener.publish("homeassistant/status", "online")
        listener.wait_for(STATUS, b"online", deadline_s=4.5)
        # The machine's own figures come when they are due, also in between.
        said = [each.topic for each in listener.heard if not each.topic.endswith("/stats")]
        assert daemon.publisher.status().birth_s is not None
    said = said[said.index("homeassistant/status") + 1 :]
    assert said[0] == "homeassistant/device/pimotion_garden-pi/config"
    assert said.index(f"{DOOR}/motion") < said.index(STATUS)


def test_a_command_reaches_the_camera_and_junk_does_not(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        daemon.publisher.put(SettingState("front_door", "detection", True))
        listener.wait_for(f"{DOOR}/detection/state", b"ON")
        listener.forget()
        listener.publish(f"{DOOR}/detection/set", "perhaps")
        listener.wait_for(f"{DOOR}/detection/state", b"ON")
        assert daemon.commands == []
        listener.publish(f"{DOOR}/detection/set", "OFF")
        wait_until(lambda: daemon.commands, "the command arrives")
        assert daemon.commands == [Command("front_door", "detection", False)]
        assert daemon.counts()["command_bad"] == 1


def test_a_retained_command_does_nothing_while_we_listen_either(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """Or it would be obeyed now, and ignored after the next start."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.publish(f"{DOOR}/detection/set", b"OFF", retain=True)
        wait_until(lambda: daemon.counts().get("command_retained"), "it is ignored")
        listener.publish(f"{DOOR}/detection/set", b"ON")
        wait_until(lambda: daemon.commands, "the next command")

        assert [command.value for command in daemon.commands] == [True]


def test_a_retained_command_of_the_past_does_nothing(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """It would switch detection off at every start, without a trace."""
    listener.publish(f"{DOOR}/detection/set", "OFF", retain=True)
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.publish(f"{BASE}/yard/detection/set", "OFF")
        wait_until(lambda: daemon.commands, "a live command arrives")
        assert daemon.commands == [Command("yard", "detection", False)]
        assert daemon.counts()["command_retained"] == 1


def test_a_flood_of_commands_is_cut(tmp_path: Path, broker: Broker, listener: Listener) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        for number in range(50):
            listener.publish(f"{DOOR}/detection/set", "ON" if number % 2 else "OFF")
        wait_until(
            lambda: len(daemon.commands) + daemon.counts().get("command_flood", 0) == 50,
            "all commands are seen",
        )
        assert 5 <= len(daemon.commands) <= 15


def test_without_commands_nothing_is_obeyed(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port, commands=False) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        listener.publish(f"{DOOR}/detection/set", "OFF")
        listener.forget()
        listener.publish("homeassistant/status", "online")
        listener.wait_for(STATUS, b"online", deadline_s=4.5)
        assert daemon.commands == []


def test_a_second_machine_of_the_same_name_is_noticed(
    tmp_path: Path, broker: Broker, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """Two fresh Pis are both called raspberrypi, and would speak for each other."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        assert daemon.publisher.status().reason is None
        listener.publish(STATUS, "online")
        wait_until(lambda: daemon.publisher.status().reason, "the twin is noticed")
        assert daemon.publisher.status().connected
    assert "another machine says it is this node" in caplog.text


def test_a_clean_end_says_offline_and_is_quick(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        daemon.publisher.put(health(CameraState.OK))
        for message in (motion(True), event()):
            daemon.publisher.put(message)
        listener.wait_for(f"{DOOR}/event")
        for message in (event("stop", seq=1), motion(False)):
            daemon.publisher.put(message)
        assert daemon.stop() < 0.5
        listener.wait_for(STATUS, b"offline")
        kept = retained(broker.port)
    assert kept[f"{DOOR}/motion"].payload == b"OFF"
    assert kept[f"{DOOR}/status"].payload == b"offline"
    assert kept[STATUS].payload == b"offline"
    assert [each.payload for each in listener.heard if each.topic == STATUS][-1] == b"offline"


def test_a_picture_larger_than_the_broker_takes_is_refused_here(
    tmp_path: Path, free_port: int
) -> None:
    """Sent, it would make the broker hang up, again and again."""
    with (
        Broker(tmp_path, free_port, ["max_packet_size 20000"]),
        Listener(free_port) as listener,
        running(tmp_path, free_port) as daemon,
    ):
        daemon.connected()
        for message in (still("e1", jpeg=b"x" * 30_000), motion(True), event()):
            daemon.publisher.put(message)
        told = json.loads(listener.wait_for(f"{DOOR}/event").payload)
        counts = daemon.counts()
    assert told["snapshot"] is None
    assert (counts["connected"], counts["picture_over_broker_limit"]) == (1, 2)


@pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="mosquitto is not installed")
def test_the_right_password_gets_in_and_the_wrong_one_learns_why(
    tmp_path: Path, free_port: int
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "cam", "right"], check=True)
    lines = ["allow_anonymous false", f"password_file {passwords}"]
    with Broker(tmp_path, free_port, lines):
        with running(tmp_path, free_port, username="cam", password="right") as daemon:
            daemon.connected()
        with running(tmp_path, free_port, username="cam", password="wrong") as daemon:
            reason = daemon.reason()
    assert reason == "the broker refuses us: Not authorized; check mqtt.username and mqtt.password"


def test_nobody_there_is_said_in_words(tmp_path: Path, free_port: int) -> None:
    with running(tmp_path, free_port) as daemon:
        assert daemon.reason() == "connection refused: no broker listens there"


@pytest.mark.parametrize("version", ["auto", "3.1.1"])
def test_a_broker_of_the_old_version_gets_its_language(
    tmp_path: Path, broker: Broker, listener: Listener, version: str
) -> None:
    """And an ON that it could not forget is not retained there."""
    with OldBroker(broker.port) as old, running(tmp_path, old.port, protocol=version) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        for message in (motion(True), event()):
            daemon.publisher.put(message)
        listener.wait_for(f"{DOOR}/motion", b"ON")
        assert retained(broker.port)[f"{DOOR}/motion"].payload == b"OFF"


def test_mqtt_5_alone_does_not_fall_back(tmp_path: Path, broker: Broker) -> None:
    with OldBroker(broker.port) as old, running(tmp_path, old.port, protocol="5") as daemon:
        reason = daemon.reason()
    assert reason == (
        "the broker refuses us: Unsupported protocol version; set mqtt.protocol to 3.1.1"
    )


def test_tls_with_the_right_authority_works_and_others_are_refused(
    tmp_path: Path, free_port: int
) -> None:
    """Nobody in between may read or forge, and a wrong certificate is no mystery."""
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    right, wrong = ({"enabled": True, "ca": str(each.ca)} for each in (ours, other))
    trust = ssl.create_default_context(cafile=str(ours.ca))
    with (
        Broker(tmp_path, free_port, ours.broker_lines(HOST)),
        Listener(free_port, tls=trust) as listener,
    ):
        with running(tmp_path, free_port, tls=right) as daemon:
            daemon.connected()
            listener.wait_for(STATUS, b"online")
        with running(tmp_path, free_port, tls=wrong) as daemon:
            reason = daemon.reason()
        with running(tmp_path, free_port, tls={"enabled": True, "insecure": True}) as daemon:
            daemon.connected()
        with running(tmp_path, free_port) as daemon:
            assert "does this port want TLS" in daemon.reason()
    assert reason.startswith("the broker's certificate is not accepted: ")
    assert reason.endswith("; see mqtt.tls.ca")


def test_refused_certificates_leave_nothing_open(tmp_path: Path, free_port: int) -> None:
    """A night of attempts must not use up the process's descriptors."""
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    mqtt = settings(mqtt={"port": free_port, "host": HOST}).mqtt
    mqtt = mqtt.model_copy(update={"tls": MqttTls(enabled=True, ca=str(other.ca))})
    waker = Waker()
    with Broker(tmp_path, free_port, ours.broker_lines(HOST)):
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            link = Link(mqtt, waker, client_id="x", will_topic="x", mqtt5=True)
            with pytest.raises(LinkLost):
                link.open()
            link.close(politely=False)
        del link
        assert len(list(Path("/proc/self/fd").iterdir())) <= before
    waker.close()


def test_a_certificate_for_another_name_is_refused(tmp_path: Path, free_port: int) -> None:
    ours = Authority(tmp_path / "ours")
    with (
        Broker(tmp_path, free_port, ours.broker_lines("192.0.2.1")),
        running(tmp_path, free_port, tls={"enabled": True, "ca": str(ours.ca)}) as daemon,
    ):
        assert "certificate is not valid for '127.0.0.1'" in daemon.reason()


def test_our_own_certificate_opens_a_broker_that_asks_for_one(
    tmp_path: Path, free_port: int
) -> None:
    ours = Authority(tmp_path / "ours")
    lines = [*ours.broker_lines(HOST), "require_certificate true"]
    cert, key = ours.issue("client")
    tls = {"enabled": True, "ca": str(ours.ca), "cert": str(cert), "key": str(key)}
    with Broker(tmp_path, free_port, lines), running(tmp_path, free_port, tls=tls) as daemon:
        daemon.connected()


def test_a_missing_certificate_file_is_named(tmp_path: Path, broker: Broker) -> None:
    with running(tmp_path, broker.port, tls={"enabled": True, "ca": "/no/ca.pem"}) as daemon:
        assert daemon.reason() == "mqtt.tls.ca (/no/ca.pem) does not exist"


def test_tls_to_a_plain_port_is_said_in_words(tmp_path: Path, broker: Broker) -> None:
    with running(tmp_path, broker.port, tls={"enabled": True}) as daemon:
        assert "does this port speak TLS?" in daemon.reason()


def test_the_client_id_stays_the_same_after_a_restart(tmp_path: Path, broker: Broker) -> None:
    """Else the broker would take us for a stranger each time."""
    for _ in range(2):
        with running(tmp_path, broker.port) as daemon:
            daemon.connected()
    state = json.loads((tmp_path / "state.json").read_text())
    assert broker.log().count(f"as pimotion-{state['mqtt_client_suffix']} ") == 2
