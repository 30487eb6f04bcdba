"""The broker that comes with pimotion where there is none."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from broker import HOST, MOSQUITTO, Listener
from waiting import wait_until

from pimotion.errors import StartError
from pimotion.publish import broker as broker_module
from pimotion.publish.broker import EmbeddedBroker, answers

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


def test_it_serves_this_machine_and_ends(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    host, port = broker.start()
    assert (host, broker.alive, answers(host, port)) == (HOST, True, True)
    listener = Listener(port)
    listener.publish("hello", b"there")
    listener.wait_for("hello", b"there")
    listener.close()
    broker.stop()
    assert not broker.alive
    assert not answers(host, port)


def test_a_port_in_use_is_left_alone(tmp_path: Path) -> None:
    """Home Assistant's own broker may be on the usual one."""
    first, second = EmbeddedBroker(tmp_path / "a"), EmbeddedBroker(tmp_path / "b")
    ports = [broker.start()[1] for broker in (first, second)]
    first.stop()
    second.stop()
    assert ports[0] < ports[1]


def test_another_that_is_quicker_keeps_its_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pimotions that were started together used one broker, and said that each had its own."""
    first, second = EmbeddedBroker(tmp_path / "a"), EmbeddedBroker(tmp_path / "b")
    _, port = first.start()
    free_port, asked = broker_module._free_port, [port]
    monkeypatch.setattr(
        broker_module,
        "_free_port",
        lambda from_port: asked.pop() if asked else free_port(from_port),
    )
    assert second.start()[1] > port
    assert second.alive
    first.stop()
    second.stop()


def test_it_begins_to_look_for_a_port_where_it_is_told(tmp_path: Path, free_port: int) -> None:
    broker = EmbeddedBroker(tmp_path, free_port)
    assert broker.start() == (HOST, free_port)
    broker.stop()


def test_a_machine_without_mosquitto_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pimotion.publish.broker.shutil.which", lambda *_, **__: None)
    with pytest.raises(StartError, match="sudo apt install mosquitto"):
        EmbeddedBroker(tmp_path).start()


def test_a_mosquitto_that_does_not_run_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "mosquitto"
    broken.write_text("#!/bin/sh\necho out of luck\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(StartError, match="mosquitto ended at once: out of luck"):
        EmbeddedBroker(tmp_path).start()


def test_it_dies_with_its_parent_even_by_kill(tmp_path: Path) -> None:
    """A broker left behind would hold the port and answer for a dead daemon."""
    script = (
        "from pathlib import Path\nfrom pimotion.publish.broker import EmbeddedBroker\n"
        f"broker = EmbeddedBroker(Path({str(tmp_path)!r}))\n"
        "print(broker.start()[1], flush=True)\ninput()\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    port = int(parent.stdout.readline())
    assert answers(HOST, port)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    parent.stdin.close()
    wait_until(lambda: not answers(HOST, port), "the broker has gone too")


def test_nobody_answers_on_a_closed_port() -> None:
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
        assert answers(HOST, port)
    assert not answers(HOST, port)
