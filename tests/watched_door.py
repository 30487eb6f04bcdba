"""A door that a daemon watches, with a real broker and a camera that can be steered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from broker import HOST, Broker, Listener
from cameras.steerable_camera import SteerableCamera
from daemon_process import DaemonProcess
from waiting import wait_until

TOPIC = "pimotion/node/door"
FROZEN_S = 3
DARK_S = 5


class Scene:
    """A daemon, its broker, its camera, and somebody who listens."""

    def __init__(
        self,
        folder: Path,
        port: int,
        camera: SteerableCamera,
        broker: Broker,
        *,
        link_port: int | None = None,
        settings: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it.

        Args:
            link_port: Where the daemon reaches the broker, if not directly.
            settings: Sections that replace those of the configuration.
        """
        self.camera = camera
        self.mood = camera.mood
        self.listener = Listener(broker.port)
        self._folder, self._port, self._broker_port = folder, port, link_port or broker.port
        self._settings, self._environment = settings or {}, environment
        self.start_daemon()

    def start_daemon(self) -> None:
        """Start it, or start it again after it was killed."""
        self.daemon = DaemonProcess(
            self._folder,
            {
                "node": "node",
                "mqtt": {"host": HOST, "port": self._broker_port},
                "cameras": {
                    "door": {
                        "source": self.camera.url,
                        "fps": 25,
                        "health": {"stale_s": 3, "frozen_s": FROZEN_S, "dark_s": DARK_S},
                        "events": {"event_gap_s": 1},
                    }
                },
                **self._settings,
            },
            port=self._port,
            environment=self._environment,
        )

    @property
    def door(self) -> dict[str, Any]:
        return self.daemon.camera("door")

    def wait_for_state(self, state: str, at_most_s: float) -> float:
        """Wait until the camera is so, and until that was heard; return how long it took to be."""
        took_s = wait_until(lambda: self.door["state"] == state, f"{state}: {self.door}", at_most_s)
        wait_until(lambda: self.states()[-1:] in ([], [state]), f"{state} is said")
        return took_s

    def events(self) -> list[dict[str, Any]]:
        """What was said on the event topic so far."""
        return [json.loads(each) for each in self.listener.payloads(f"{TOPIC}/event")]

    def states(self) -> list[str]:
        return [json.loads(each)["state"] for each in self.listener.payloads(f"{TOPIC}/health")]

    def walk(self) -> None:
        """Let somebody walk through the picture until that is an event."""
        self.daemon.wait_for(lambda: self.door["state"] == "ok", "live")
        wait_until(self.learnt, "the scene is learnt", 20)
        self.mood.is_walking = True
        self.listener.wait_for(f"{TOPIC}/motion", b"ON", deadline_s=20)

    def visit(self) -> str:
        """Let somebody walk past; return the id of the event once its end, and OFF, were told."""
        self.listener.forget()
        self.walk()
        self.mood.is_walking = False
        wait_until(lambda: "stop" in {each["event_type"] for each in self.events()}, "its end", 20)
        self.wait_for_off()
        event_id: str = self.events()[-1]["id"]
        return event_id

    def wait_for_off(self, at_most_s: float = 20) -> None:
        """Wait until OFF was said after ON: at its start the daemon says OFF, too."""
        said = f"{TOPIC}/motion"
        wait_until(
            lambda: self.listener.payloads(said)[-1:] == [b"OFF"], "OFF, the last word", at_most_s
        )

    def remembered(self) -> list[dict[str, Any]]:
        """Return the events on the disk, newest first, ended or not; none while it fails."""
        told = self.daemon.get("/api/events")
        events: list[dict[str, Any]] = json.loads(told) if told.startswith(b"[") else []
        return events

    def learnt(self) -> bool:
        state = json.loads(self.daemon.get("/api/state"))
        return state["cameras"][0]["learning"] is False

    def order_of_end(self) -> list[bytes]:
        """What the camera said last of its motion and of itself."""
        topics = (f"{TOPIC}/motion", f"{TOPIC}/status")
        return [each.payload for each in list(self.listener.heard) if each.topic in topics]

    def stop_reason(self) -> str:
        stops = (each for each in self.events() if each["event_type"] == "stop")
        reason: str = next(stops)["reason"]
        return reason

    def rss_bytes(self) -> int:
        found: int = psutil.Process(self.daemon.process.pid).memory_info().rss
        return found

    def forget_peak(self) -> None:
        """From now on `peak_bytes` is that of what follows (proc(5), clear_refs)."""
        Path(f"/proc/{self.daemon.process.pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """The most memory that it had at any moment, as RSS."""
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        line = next(each for each in status.splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def is_connected(self) -> bool:
        """Tell whether the daemon says that it has a broker."""
        health = self.daemon.healthz()
        assert health is not None
        connected: bool = health["mqtt"]["connected"]
        return connected

    def close(self) -> None:
        self.daemon.close()
        self.listener.close()
