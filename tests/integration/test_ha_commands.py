"""``ha clean`` takes what a node left off a real broker; ``ha examples`` prints the pack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import HOST, Broker, Listener, retained
from everything import everything
from in_process import InProcess

from pimotion.publish.discovery import discovery
from pimotion.publish.topics import Topics

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def broker(tmp_path: Path, free_port: int) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Broker(folder, free_port) as started:
        yield started


def configured(folder: Path, port: int, **mqtt: Any) -> Path:
    """Write the configuration of a node `pi` on this broker."""
    config = folder / "pimotion.yml"
    values = {
        "node": "pi",
        "mqtt": {"host": HOST, "port": port, **mqtt},
        "cameras": {"door": {"source": "synthetic"}},
    }
    config.write_text(json.dumps(values))
    return config


def ha(folder: Path, port: int, *arguments: str, **mqtt: Any) -> subprocess.CompletedProcess[str]:
    """Run a command for a node `pi` on this broker."""
    config = configured(folder, port, **mqtt)
    return subprocess.run(
        [sys.executable, "-m", "pimotion", "ha", *arguments, "--config", str(config)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def without_broker(
    tmp_path: Path,
    unused_port: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> InProcess:
    """Obeys commands in a folder with a configuration whose broker is not there."""
    configured(tmp_path, unused_port)
    return InProcess(tmp_path, monkeypatch, capfd)


def leave(broker: Broker, node: str, *, status: bytes = b"offline") -> set[str]:
    """Leave on a broker what a node leaves; return the topics."""
    settings = everything(node=node)
    said = {topic: json.dumps(each) for topic, each in discovery(settings, version="1").items()}
    topics = Topics("pimotion", node)
    said |= {topics.snapshot("yard"): "jpeg", topics.zone_motion("front_door", "path"): "OFF"}
    with Listener(broker.port) as client:
        client.publish(topics.status, status, retain=True)
        for topic, payload in said.items():
            client.publish(topic, payload, retain=True)
    return {topics.status, *said}


@pytest.mark.parametrize("protocol", ["auto", "3.1.1"])
def test_what_a_node_left_is_gone_and_another_nodes_things_stay(
    tmp_path: Path, broker: Broker, protocol: str
) -> None:
    old = leave(broker, "pi")
    other = leave(broker, "pi-2")
    done = ha(tmp_path, broker.port, "clean", protocol=protocol)

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == old
    assert set(retained(broker.port)) == other
    again = ha(tmp_path, broker.port, "clean")
    assert (again.returncode, again.stdout) == (0, "")


def test_a_node_of_an_old_name_can_be_named(tmp_path: Path, broker: Broker) -> None:
    old, own = leave(broker, "shed"), leave(broker, "pi")
    done = ha(tmp_path, broker.port, "clean", "--node", "shed")

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == old
    assert set(retained(broker.port)) == own


def test_a_node_that_only_seems_to_run_is_cleaned(tmp_path: Path, broker: Broker) -> None:
    """After a power cut of both the broker still says `online`."""
    leave(broker, "pi", status=b"online")
    assert ha(tmp_path, broker.port, "clean").returncode == 0
    assert retained(broker.port) == {}


def test_a_node_that_runs_is_left_alone(tmp_path: Path, broker: Broker) -> None:
    left = leave(broker, "pi", status=b"online")
    config = [sys.executable, "-m", "pimotion", "--config", "run.yml", "--port", "0"]
    values = {
        "node": "pi",
        "state_dir": str(tmp_path / "state"),
        "mqtt": {"host": HOST, "port": broker.port, "discovery": False},
        "cameras": {"front_door": {"source": "synthetic"}, "yard": {"source": "synthetic"}},
    }
    (tmp_path / "run.yml").write_text(json.dumps(values))
    running = subprocess.Popen(
        config, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    try:
        with Listener(broker.port) as listener:
            listener.forget()
            listener.wait_for("pimotion/pi/yard/status", b"online", deadline_s=20)
        done = ha(tmp_path, broker.port, "clean")
    finally:
        running.terminate()
        running.wait(10)

    assert (done.returncode, done.stdout) == (1, "")
    assert "node pi is running" in done.stderr
    assert left & set(retained(broker.port))


def test_without_a_broker_it_says_so(tmp_path: Path, unused_port: int) -> None:
    done = ha(tmp_path, unused_port, "clean")
    assert done.returncode == 1
    assert done.stderr == "pimotion: connection refused: no broker listens there\n"


@pytest.mark.parametrize("name", ["Pi", "a/b", "#", ""])
def test_a_name_that_no_node_has_is_wrong_use(without_broker: InProcess, name: str) -> None:
    """A script whose variable was empty cleaned the configured node."""
    done = without_broker("ha", "clean", "--node", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--node must be lower-case letters")


def test_examples_are_printed_or_written(
    without_broker: InProcess, tmp_path: Path, unused_port: int
) -> None:
    printed = ha(tmp_path, unused_port, "examples")
    written = without_broker("ha", "examples", "--output", str(tmp_path / "out"))

    assert (printed.returncode, printed.stderr, written.returncode) == (0, "", 0)
    paths = [Path(line) for line in written.stdout.split()]
    assert len(paths) == 6
    assert all(path.read_text() in printed.stdout for path in paths)
    assert "inhibit_topic: pimotion/pi/door/inhibit/set" in printed.stdout


def test_examples_never_write_over_what_somebody_wrote(
    without_broker: InProcess, tmp_path: Path
) -> None:
    """`automations.yaml` is also the name of Home Assistant's own file."""
    folder = tmp_path / "homeassistant"
    folder.mkdir()
    (folder / "automations.yaml").write_text("# years of work\n")

    done = without_broker("ha", "examples", "--output", str(folder))

    assert (done.returncode, done.stdout) == (2, "")
    assert "automations.yaml is there already" in done.stderr
    assert [path.read_text() for path in folder.iterdir()] == ["# years of work\n"]
    (folder / "automations.yaml").unlink()
    for _ in range(2):  # the same again is no harm
        done = without_broker("ha", "examples", "--output", str(folder))
        assert (done.returncode, done.stderr) == (0, "")
