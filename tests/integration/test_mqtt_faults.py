"""What a subscriber sees when broker, link or process fail: late or nothing, but never a lie."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker import Broker, Listener, retained
from publish_messages import MANY, event, everywhere, health, motion, still
from publishing import BASE, DOOR, STATUS, Daemon, running
from waiting import passes, wait_until

from pimotion.types import CameraState

DISCOVERED = "homeassistant/device/pimotion_garden-pi_front_door/config"


@pytest.fixture
def broker(tmp_path: Path, free_port: int) -> Iterator[Broker]:
    with Broker(tmp_path, free_port) as started:
        yield started


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    with Listener(broker.port) as connected:
        yield connected


def begin_event(daemon: Daemon, event_id: str = "e1") -> None:
    for message in (still(event_id), motion(True), event(event_id=event_id)):
        daemon.publisher.put(message)


def end_event(daemon: Daemon, event_id: str = "e1", seq: int = 1) -> None:
    daemon.publisher.put(event("stop", event_id=event_id, seq=seq))
    daemon.publisher.put(motion(False))


def told(listener: Listener) -> list[tuple[str, str, int]]:
    payloads = [json.loads(each) for each in listener.payloads(f"{DOOR}/event")]
    return [(each["id"], each["event_type"], each["seq"]) for each in payloads]


def wait_until_lost(daemon: Daemon) -> str:
    wait_until(lambda: not daemon.publisher.status().connected, "the loss is noticed", 15)
    return daemon.publisher.status().reason or ""


@pytest.mark.parametrize("persistence", ["true", "false"])
def test_a_restarted_broker_is_told_everything_again(
    tmp_path: Path, free_port: int, persistence: str
) -> None:
    """Also one that keeps nothing: Home Assistant must not stay without devices and states."""
    lines = [f"persistence {persistence}", f"persistence_location {tmp_path}/"]
    with Broker(tmp_path, free_port, lines) as broker, running(tmp_path, free_port) as daemon:
        daemon.connected()
        daemon.publisher.put(health(CameraState.OK))
        begin_event(daemon)
        wait_until(lambda: DISCOVERED in retained(free_port), "discovery is kept")
        broker.kill()
        reason = wait_until_lost(daemon)
        end_event(daemon)
        broker.start()
        daemon.connected(5)
        with Listener(free_port) as listener:
            listener.wait_for(STATUS, b"online")
            listener.wait_for(f"{DOOR}/snapshot")
        kept = retained(free_port)
    assert "broke" in reason or "refused" in reason
    assert DISCOVERED in kept
    assert kept[f"{DOOR}/motion"].payload == b"OFF"
    assert kept[f"{DOOR}/status"].payload == b"online"
    assert kept[f"{DOOR}/snapshot"].payload == still().jpeg


def test_motion_during_an_outage_is_no_news_afterwards(tmp_path: Path, broker: Broker) -> None:
    """Nobody wants to be called to the door for what was there ten minutes ago."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        broker.stop()
        wait_until_lost(daemon)
        begin_event(daemon, "missed")
        end_event(daemon, "missed")
        begin_event(daemon, "running")
        broker.start()
        with Listener(broker.port) as listener:
            listener.wait_for(f"{DOOR}/event")
            listener.wait_for(f"{DOOR}/last_motion")
            end_event(daemon, "running")
            listener.wait_for(f"{DOOR}/motion", b"OFF")
    assert told(listener) == [("running", "start", 0), ("running", "stop", 1)]
    topics = [each.topic for each in listener.heard]
    assert topics.index(f"{DOOR}/last_motion") < topics.index(f"{DOOR}/event")


def test_what_ended_during_an_outage_is_told_as_history(tmp_path: Path, broker: Broker) -> None:
    """A list of events is complete, and no automation runs for what is over."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        broker.stop()
        wait_until_lost(daemon)
        for missed in ("first", "second"):
            begin_event(daemon, missed)
            end_event(daemon, missed)
        broker.start()
        with Listener(broker.port) as listener:
            wait_until(lambda: len(listener.payloads(f"{DOOR}/history")) == 2, "the history")
            # Told once: the broker has confirmed it, and another outage changes nothing.
            listener.forget()
            broker.stop()
            wait_until_lost(daemon)
            broker.start()
            daemon.connected(16)
        with Listener(broker.port) as after:
            after.wait_for(STATUS, b"online")
            begin_event(daemon, "third")
            after.wait_for(f"{DOOR}/event")
            again = after.payloads(f"{DOOR}/history")
    assert again == []
    assert told(listener) == []


def test_history_says_that_it_is_late_and_has_no_picture(tmp_path: Path, broker: Broker) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        broker.stop()
        wait_until_lost(daemon)
        begin_event(daemon, "missed")
        end_event(daemon, "missed")
        broker.start()
        with Listener(broker.port) as listener:
            heard = listener.wait_for(f"{DOOR}/history")
    said = json.loads(heard.payload)
    assert (said["id"], said["event_type"], said["late"]) == ("missed", "stop", True)
    assert said["snapshot"] is None
    assert not heard.retained
    assert retained(broker.port).get(f"{DOOR}/history") is None


def test_a_frozen_broker_is_noticed_and_costs_no_running_event(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        begin_event(daemon, "before")
        end_event(daemon, "before")
        listener.wait_for(f"{DOOR}/motion", b"OFF")
        broker.freeze()
        began_s = time.monotonic()
        begin_event(daemon, "during")
        reason = wait_until_lost(daemon)
        noticed_s = time.monotonic() - began_s
        broker.thaw()
        daemon.connected(16)
        daemon.publisher.put(event("update", event_id="during", seq=1))
        end_event(daemon, "during", seq=2)
        wait_until(lambda: ("during", "stop", 2) in told(listener), "the event ends")
        wait_until(lambda: listener.payloads(f"{DOOR}/motion")[-1] == b"OFF", "motion ends")
    assert reason == "the broker stopped answering for 10 s"
    assert 9 < noticed_s < 13
    once = list(dict.fromkeys(told(listener)))
    assert once == [
        ("before", "start", 0),
        ("before", "stop", 1),
        ("during", "start", 0),
        ("during", "update", 1),
        ("during", "stop", 2),
    ]


def test_a_short_freeze_delays_but_loses_nothing(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """An SD card that stalls the broker for two seconds."""
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        broker.freeze()
        for number in range(6):
            begin_event(daemon, f"e{number}")
            end_event(daemon, f"e{number}")
        passes(2.5)
        broker.thaw()
        wait_until(lambda: ("e5", "stop", 1) in told(listener), "the last event arrives")
        counts = daemon.counts()
    assert told(listener) == [
        (f"e{number}", kind, seq)
        for number in range(6)
        for kind, seq in (("start", 0), ("stop", 1))
    ]
    assert counts["connected"] == 1
    starts = [json.loads(each) for each in listener.payloads(f"{DOOR}/event")]
    late = [each for each in starts if each["event_type"] == "start" and not each["snapshot"]]
    assert late, "pictures that were 2 s late are left out, and their events say so"


def test_everything_moves_while_the_broker_stalls_and_then_we_are_stopped(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """With over 64 topics some stayed ON, and some events had no end."""
    with running(tmp_path, broker.port, cameras=MANY) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        broker.freeze()
        for camera in MANY:
            daemon.publisher.put(everywhere(camera, True))
            daemon.publisher.put(event(event_id=camera, camera=camera))
        passes(2.5)
        broker.thaw()
        for camera in MANY:
            daemon.publisher.put(event("stop", event_id=camera, seq=1, camera=camera))
            daemon.publisher.put(everywhere(camera, False))
        daemon.stop()
        listener.wait_for(STATUS, b"offline")
        kept = retained(broker.port)
    assert [topic for topic, each in kept.items() if each.payload == b"ON"] == []
    said = [json.loads(each) for name in MANY for each in listener.payloads(f"{BASE}/{name}/event")]
    assert [(each["id"], each["event_type"]) for each in said] == [
        (camera, kind) for camera in MANY for kind in ("start", "stop")
    ]


def test_nothing_is_pushed_into_a_link_that_may_be_dead(
    tmp_path: Path, broker: Broker, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would come out of the pipe whenever the broker wakes, however old by then."""
    monkeypatch.setattr("pimotion.publish.link.SUSPICIOUS_S", 0.2)
    monkeypatch.setattr("pimotion.publish.camera_voice.PICTURE_DEADLINE_S", 0.2)
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        listener.wait_for(STATUS, b"online")
        broker.freeze()
        daemon.publisher.put(health(CameraState.OK))
        passes(0.5)
        begin_event(daemon)
        passes(0.5)
        broker.thaw()
        payload = json.loads(listener.wait_for(f"{DOOR}/event").payload)
    assert payload["snapshot"] is None
    assert listener.payloads(f"{DOOR}/last_motion") == []


def test_the_end_does_not_wait_for_a_frozen_broker(tmp_path: Path, broker: Broker) -> None:
    with running(tmp_path, broker.port) as daemon:
        daemon.connected()
        broker.freeze()
        assert 1.5 < daemon.stop() < 2.5
        broker.thaw()


def test_the_end_is_at_once_without_a_broker(tmp_path: Path, free_port: int) -> None:
    with running(tmp_path, free_port) as daemon:
        daemon.reason()
        assert daemon.stop() < 0.5


def test_a_killed_process_is_offline_at_once(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    """The broker says our last will."""
    here = Path(__file__).parent
    script = (
        f"import sys; sys.path[:0] = {[str(here), str(here.parent), str(here.parent.parent)]!r}\n"
        "from pathlib import Path\nfrom publishing import Daemon\nimport time\n"
        f"Daemon(Path({str(tmp_path)!r}), {broker.port}).start().connected(); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script])
    listener.wait_for(STATUS, b"online")
    child.send_signal(signal.SIGKILL)
    child.wait()
    listener.wait_for(STATUS, b"offline", deadline_s=2)
    assert retained(broker.port)[STATUS].payload == b"offline"


def test_a_broker_that_hangs_up_on_pictures_does_not_stop_events(
    tmp_path: Path, free_port: int
) -> None:
    """MQTT 3.1.1 does not tell the limit: after two lost links pictures pause, events go on."""
    with (
        Broker(tmp_path, free_port, ["max_packet_size 20000"]),
        Listener(free_port) as listener,
        running(tmp_path, free_port, protocol="3.1.1") as daemon,
    ):
        daemon.connected()
        for message in (still("e1", jpeg=b"x" * 30_000), motion(True), event()):
            daemon.publisher.put(message)
        wait_until(lambda: daemon.counts().get("picture_link_too_slow", 0), "pictures pause", 15)
        listener.wait_for(f"{DOOR}/event")
        daemon.connected()
        listener.forget()
        end_event(daemon)
        listener.wait_for(f"{DOOR}/motion", b"OFF")
        assert daemon.counts()["link_lost"] <= 3
    assert told(listener) == [("e1", "stop", 1)]


def test_pictures_that_are_too_large_pause_while_another_cameras_are_not(
    tmp_path: Path, free_port: int
) -> None:
    """mosquitto refuses them with a code that is none, and paho hangs up on it: for ever, else."""
    with (
        Broker(tmp_path, free_port, ["message_size_limit 20000"]),
        Listener(free_port) as listener,
        running(tmp_path, free_port) as daemon,
    ):
        daemon.connected()
        daemon.publisher.put(still(jpeg=b"x" * 10_000))
        daemon.publisher.put(still(jpeg=b"x" * 30_000, camera="yard"))
        wait_until(lambda: daemon.counts().get("picture_link_too_slow", 0), "pictures pause", 15)
        daemon.connected()
        begin_event(daemon)
        end_event(daemon)
        listener.wait_for(f"{DOOR}/motion", b"ON")
        wait_until(lambda: told(listener) == [("e1", "start", 0), ("e1", "stop", 1)], "the event")
        assert daemon.counts()["link_lost"] <= 3


def test_two_clients_of_one_id_slow_down_and_say_why(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """A copied SD card: each would throw the other out, once a second for ever."""
    with running(tmp_path, broker.port) as one, running(tmp_path, broker.port) as other:
        one.connected()
        wait_until(lambda: "connections never last" in caplog.text, "the cause is named", 25)
        connects = one.counts()["connected"] + other.counts()["connected"]
    assert connects <= 14
    assert "another client with our id" in caplog.text


def test_a_machine_from_a_copied_card_with_a_name_of_its_own_is_another_client(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """They threw each other out as long as both ran."""
    folders = (tmp_path / "one", tmp_path / "copy")
    with running(folders[0], broker.port) as first:
        first.connected()
        first.publisher.save()
    shutil.copytree(*folders)
    with (
        running(folders[0], broker.port) as one,
        running(folders[1], broker.port, node="shed-pi") as other,
    ):
        for machine in (one, other):
            machine.connected()
        passes(1.0)
        assert [each.counts()["connected"] for each in (one, other)] == [1, 1]
        assert not any(each.counts().get("link_lost") for each in (one, other))
    assert caplog.text.count("this was node garden-pi before") == 1


def test_nobody_answering_at_all_is_given_up(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pimotion.publish.link.ANSWER_S", 2.0)
    broker.freeze()
    with running(tmp_path, broker.port) as daemon:
        assert daemon.reason(deadline_s=5) == "the broker does not answer within 2 s"
    broker.thaw()
