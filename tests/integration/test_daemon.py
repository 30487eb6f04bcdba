"""The daemon as a service: read again, switched, restarted, and ended by a bug."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
from broker import HOST, MOSQUITTO, Broker, Listener, retained
from daemon_process import ROOT, DaemonProcess
from free_ports import find_free_port

DOOR = {"source": "synthetic", "width": 320, "height": 240}


def settings(broker_port: int, **cameras: Any) -> dict[str, Any]:
    return {"node": "node", "mqtt": {"host": HOST, "port": broker_port}, "cameras": cameras}


def state(daemon: DaemonProcess) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(daemon.get("/api/state"))
    return found


def test_sighup_reads_the_file_again(tmp_path: Path, free_port: int, unused_port: int) -> None:
    config = tmp_path / "pimotion.yml"
    with DaemonProcess(tmp_path, settings(unused_port, door=DOOR), port=free_port) as daemon:
        wanted = json.loads(config.read_text())
        wanted["cameras"]["door"]["name"] = "Back door"
        wanted["cameras"]["shed"] = {**DOOR, "source": "synthetic"}
        config.write_text(json.dumps(wanted))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: len(cameras_of(daemon)) == 2, "the second camera")

        assert cameras_of(daemon) == ["Back door", "Shed"]
        daemon.wait_for(lambda: daemon.camera("shed")["status"] == "online", "it is live")


def test_a_reload_and_a_stop_do_not_wait_for_who_does_not_send(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    """Each took 1.6 s, and said that the camera had been left behind."""
    idle = {"source": f"imagezmq:tcp://127.0.0.1:{find_free_port()}#porch"}
    with DaemonProcess(tmp_path, settings(unused_port, porch=idle), port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.log.count("camera opened") == 1, "it is waited for")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.log.count("camera opened") == 2, "it is waited for anew")
        daemon.stop()

    assert "left behind" not in daemon.log


def cameras_of(daemon: DaemonProcess) -> list[str]:
    try:
        return [camera["name"] for camera in state(daemon)["cameras"]]
    except OSError:  # the server is on its way back
        return []


def test_sighup_with_a_mistake_changes_nothing(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    config = tmp_path / "pimotion.yml"
    with DaemonProcess(tmp_path, settings(unused_port, door=DOOR), port=free_port) as daemon:
        run = state(daemon)["run"]
        config.write_text("cameras: {door: {source: synthetic, fps: 1000}}\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: "the old one stays in force" in daemon.log, "the refusal")

        assert "cameras.door.fps must be between 0.2 and 60 fps, got 1000" in daemon.log
        assert state(daemon)["run"] == run, "nothing was started anew"


def test_sighup_with_a_file_that_cannot_be_used_goes_back(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    config = tmp_path / "pimotion.yml"
    with DaemonProcess(tmp_path, settings(unused_port, door=DOOR), port=free_port) as daemon:
        wanted = json.loads(config.read_text())
        wanted["state_dir"] = "/proc/pimotion"
        wanted["cameras"]["shed"] = {**DOOR, "source": "synthetic"}
        config.write_text(json.dumps(wanted))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: "the old one goes on" in daemon.log, "the way back")
        daemon.wait_for(lambda: cameras_of(daemon) == ["Door"], "the one camera")

        daemon.wait_for(lambda: daemon.camera("door")["status"] == "online", "it is live")
        assert "the state folder /proc/pimotion cannot be made" in daemon.log


def test_detection_that_was_switched_off_stays_off_after_a_restart(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Broker(folder, unused_port), Listener(unused_port) as listener:
        topic = "pimotion/node/door/detection"
        with DaemonProcess(tmp_path, settings(unused_port, door=DOOR), port=free_port) as daemon:
            listener.wait_for(f"{topic}/state", b"ON")
            listener.publish(f"{topic}/set", b"OFF")
            listener.wait_for(f"{topic}/state", b"OFF")
            daemon.stop()
        listener.forget()
        with DaemonProcess(tmp_path, settings(unused_port, door=DOOR), port=free_port) as daemon:
            listener.wait_for(f"{topic}/state")
            assert listener.payloads(f"{topic}/state", live=True)[0] == b"OFF"
            daemon.wait_for(lambda: state(daemon)["cameras"][0]["detection"] is not None, "known")
            assert state(daemon)["cameras"][0]["detection"] is False


def test_a_sensitivity_holds_until_the_configuration_names_another(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    plain = settings(unused_port, door=DOOR)
    changed = settings(unused_port, door={**DOOR, "detect": {"sensitivity": 40}})
    topic = "pimotion/node/door/sensitivity"
    with Broker(folder, unused_port), Listener(unused_port) as listener:
        with DaemonProcess(tmp_path, plain, port=free_port) as daemon:
            listener.wait_for(f"{topic}/state", b"50")
            listener.publish(f"{topic}/set", b"70")
            listener.wait_for(f"{topic}/state", b"70")
            listener.forget()
            listener.publish(f"{topic}/set", b"lots")
            listener.wait_for(f"{topic}/state", b"70")
            assert "must be a whole number from 1 to 100" in daemon.log
            daemon.stop()
        for configured, wanted in ((plain, b"70"), (changed, b"40"), (plain, b"50")):
            listener.forget()
            with DaemonProcess(tmp_path, configured, port=free_port) as daemon:
                listener.wait_for(f"{topic}/state")
                assert listener.payloads(f"{topic}/state", live=True)[0] == wanted
                daemon.stop()
            assert ("wins over what was set" in daemon.log) == (wanted == b"40")


def test_the_page_switches_detection(tmp_path: Path, free_port: int, unused_port: int) -> None:
    with DaemonProcess(tmp_path, settings(unused_port, door=DOOR), port=free_port) as daemon:
        request = urllib.request.Request(
            f"{daemon.url}/api/cameras/door/detection",
            data=b'{"value": false}',
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 202
        daemon.wait_for(lambda: state(daemon)["cameras"][0]["detection"] is False, "it is off")


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_the_broker_of_our_own_is_started_again_when_it_dies(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    # On the usual ports a broker of another test may take this one's while it is dead.
    broker = {"host": "embedded", "port": unused_port}
    embedded = {"node": "node", "cameras": {"door": DOOR}, "mqtt": broker}
    with DaemonProcess(tmp_path, embedded, port=free_port) as daemon:
        daemon.wait_for(lambda: connected(daemon), "the broker")
        (mosquitto,) = psutil.Process(daemon.process.pid).children()
        mosquitto.kill()
        daemon.wait_for(lambda: not connected(daemon), "the loss is noticed")
        daemon.wait_for(lambda: connected(daemon), "the broker is back")
        (successor,) = psutil.Process(daemon.process.pid).children()

        assert successor.pid != mosquitto.pid
        daemon.stop()
        assert not successor.is_running()


@pytest.mark.parametrize("how", ["reload", "restart"])
def test_a_camera_that_is_taken_out_is_gone_at_once(
    tmp_path: Path, free_port: int, unused_port: int, how: str
) -> None:
    """It takes 25 s to be sure of what nobody knows to be ours; this we announced ourselves."""
    shed = "homeassistant/device/pimotion_node_shed/config"
    both = settings(unused_port, door=DOOR, shed=DOOR) | {"state_dir": str(tmp_path / "state")}
    without = both | {"cameras": {"door": DOOR}}
    with Broker(tmp_path, unused_port) as broker:
        with DaemonProcess(tmp_path, both, port=free_port) as daemon:
            daemon.wait_for(lambda: shed in retained(broker.port), "both are announced")
            if how == "reload":
                (tmp_path / "pimotion.yml").write_text(json.dumps(without))
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait_for(lambda: shed not in retained(broker.port), "gone", timeout_s=15)
                return
            daemon.stop()
        with DaemonProcess(tmp_path, without, port=free_port) as daemon:
            daemon.wait_for(lambda: shed not in retained(broker.port), "gone", timeout_s=15)


def connected(daemon: DaemonProcess) -> bool:
    health = daemon.healthz()
    return health is not None and bool(health["mqtt"]["connected"])


def run_to_its_end(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, in a folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_second_daemon_on_the_same_state_folder_is_refused(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    """Two of one id would throw each other off the broker for ever."""
    with DaemonProcess(tmp_path, settings(unused_port, door=DOOR), port=free_port):
        config = str(tmp_path / "pimotion.yml")
        done = run_to_its_end(tmp_path, "-m", "pimotion", "-c", config, "--port", "0")

    assert done.returncode == 1
    assert "another pimotion runs with the state folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_in_place_of_the_state_folder_is_all_that_is_told(tmp_path: Path) -> None:
    """The log spoke of a damaged state, and of cameras that start in privacy."""
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    config = tmp_path / "pimotion.yml"
    config.write_text(json.dumps({"state_dir": str(in_the_way), "cameras": {"door": DOOR}}))
    done = run_to_its_end(tmp_path, "-m", "pimotion", "--config", str(config), "--port", "0")
    assert done.returncode == 1
    assert "privacy" not in done.stderr
    assert done.stderr.splitlines()[1:] == [
        f"pimotion: the state folder {in_the_way} cannot be made: File exists; set state_dir "
        "(without a configuration: $STATE_DIRECTORY) to a folder that can be written"
    ]


def test_a_bug_in_a_thread_ends_the_process_with_70(tmp_path: Path, free_port: int) -> None:
    """systemd then starts it again; a daemon that lives on half dead would say nothing for ever."""
    program = (
        "import sys; from pimotion.detect.detector import Detector\n"
        "def detect(self, frame): raise RuntimeError('a bug')\n"
        "Detector.detect = detect\n"
        "from pimotion.cli import main; sys.exit(main(sys.argv[1:]))\n"
    )
    arguments = ("-c", program, "--source", "synthetic", "--port", str(free_port))
    done = run_to_its_end(tmp_path, *arguments, HOME=str(tmp_path))

    assert done.returncode == 70
    assert "thread died name=detect-" in done.stderr
    assert "RuntimeError: a bug" in done.stderr
