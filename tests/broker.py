"""A real mosquitto for tests, that can be stopped, killed and frozen; and a listener beside it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from waiting import wait_until

HOST = "127.0.0.1"
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")


class Broker:
    """One mosquitto on one port of loopback; as a context it runs until the end of it."""

    def __init__(self, folder: Path, port: int, lines: Sequence[str] = ()) -> None:
        """``lines`` are added to its configuration."""
        if MOSQUITTO is None:
            pytest.skip("mosquitto is not installed")
        self.port = port
        self._folder = folder
        self._lines = list(lines)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        """Start it and wait until it answers."""
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text("\n".join(self._configuration()) + "\n")
        with (self._folder / "mosquitto.log").open("ab") as output:
            assert MOSQUITTO is not None
            self._process = subprocess.Popen(
                [MOSQUITTO, "-c", str(configuration)], stdout=output, stderr=output
            )
        wait_until(self._answers, "mosquitto opens its port")
        return self

    def __enter__(self) -> Broker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def stop(self) -> None:
        """End it as a service manager does; with `persistence` it keeps what is retained."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: its sockets stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """End `freeze`."""
        self._signal(signal.SIGCONT)

    def reload(self) -> None:
        """Let it read its configuration again."""
        self._signal(signal.SIGHUP)

    def save(self) -> None:
        """Let it write what it keeps to the disk; it does so by itself every half hour."""
        stored = self._folder / "mosquitto.db"
        stored.unlink(missing_ok=True)
        self._signal(signal.SIGUSR1)
        wait_until(stored.exists, "it is saved")

    def log(self) -> str:
        """What it said."""
        return (self._folder / "mosquitto.log").read_text(errors="replace")

    def _configuration(self) -> list[str]:
        base = [f"listener {self.port} {HOST}", "log_dest stderr", "log_type all"]
        if not any(line.startswith("allow_anonymous") for line in self._lines):
            base.append("allow_anonymous true")
        if os.geteuid() == 0:
            base.append("user root")
        return base + self._lines

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            socket.create_connection((HOST, self.port), 0.5).close()
        except OSError:
            return False
        return True

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            process.wait(30)


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as a subscriber got it."""

    topic: str
    payload: bytes
    retained: bool
    at_s: float
    properties: Any


class Listener:
    """Another client of the broker: hears every topic and can publish."""

    def __init__(self, port: int, *, tls: Any = None, login: tuple[str, str] | None = None) -> None:
        self.heard: list[Heard] = []
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        if tls is not None:
            self._client.tls_set_context(tls)
        if login is not None:
            self._client.username_pw_set(*login)
        self._client.connect(HOST, port)
        self._client.loop_start()
        assert self._subscribed.wait(20), "the listener is subscribed"

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Publish and wait until the broker has it."""
        self._client.publish(topic, payload, 1, retain).wait_for_publish(20)

    def payloads(self, topic: str, *, live: bool = False) -> list[bytes]:
        """What was heard on a topic; ``live``: without what the broker had kept."""
        return [
            each.payload
            for each in list(self.heard)
            if each.topic == topic and not (live and each.retained)
        ]

    def wait_for(
        self, topic: str, payload: bytes | None = None, *, deadline_s: float = 30.0
    ) -> Heard:
        """Wait for a message, heard before or not yet; return the first."""

        def match() -> Heard | None:
            for each in list(self.heard):
                if each.topic == topic and payload in (None, each.payload):
                    return each
            return None

        topics = "unheard"
        end_s = time.monotonic() + deadline_s
        while (found := match()) is None:
            topics = ", ".join(f"{each.topic}={each.payload[:20]!r}" for each in self.heard[-20:])
            if time.monotonic() > end_s:
                pytest.fail(f"{topic} {payload!r} did not come within {deadline_s:g} s: {topics}")
            time.sleep(0.01)
        return found

    def forget(self) -> None:
        """Start anew: what was heard is of no more interest."""
        self.heard.clear()

    def close(self) -> None:
        """Go away."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        properties: Properties | None = message.properties
        self.heard.append(
            Heard(
                message.topic,
                bytes(message.payload),
                message.retain,
                time.monotonic(),
                properties,
            )
        )


def retained(port: int) -> dict[str, Heard]:
    """Return what the broker keeps now, by topic."""
    listener = Listener(port)
    listener.publish("marker", b"", retain=False)
    listener.wait_for("marker")
    listener.close()
    return {each.topic: each for each in listener.heard if each.retained}
