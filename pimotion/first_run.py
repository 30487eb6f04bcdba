"""Runs pimotion without a configuration: what it takes for granted, and how it says so."""

from __future__ import annotations

import json
import queue
import sys
from contextlib import suppress

from pimotion.called import command
from pimotion.capture.factory import DEMO, found_camera
from pimotion.clock import utc_now_s
from pimotion.config import file as config_file
from pimotion.config.nodes import quoted
from pimotion.config.settings import Settings
from pimotion.daemon import EMBEDDED, Daemon
from pimotion.log import without_secrets
from pimotion.publish.broker import answers
from pimotion.publish.payloads import event_payload
from pimotion.types import Message, MotionEvent

USUAL_BROKER_PORT = 1883
_MOST_WAITING = 100


def settings_without_file(*, has_source: bool = False) -> Settings:
    """Return embedded defaults with the first camera found, else the demo recording.

    With ``has_source`` the command line names the source, in the place of `auto`: nothing is looked
    for, and what it shows is not called the demo.
    """
    chosen = "auto" if has_source else found_camera() or DEMO
    cameras = {"camera": {"source": chosen}}
    if chosen == DEMO:
        cameras = {"demo": {"source": DEMO, "name": "Demo"}}
    return config_file.from_values({"cameras": cameras})


def broker_nearby(settings: Settings) -> bool:
    """Tell whether something already answers where a broker usually is."""
    return settings.mqtt.host == EMBEDDED and answers("127.0.0.1", USUAL_BROKER_PORT)


def banner(settings: Settings, daemon: Daemon, *, has_broker_nearby: bool) -> str:
    """Return what a person should know who started pimotion without a configuration."""
    camera_id, camera = next(iter(settings.cameras.items()))
    what = "the demo recording, looped (no camera was found)"
    link = daemon.link()
    lines = [
        "pimotion runs without a configuration, on these defaults:",
        f"  camera   {what if camera.source == DEMO else without_secrets(camera.source)}",
        f"  page     {daemon.url}",
    ]
    lines += _broker_lines(settings, link.host, link.port, link.reason)
    if has_broker_nearby:
        lines += [
            "",
            f"A broker already answers on 127.0.0.1:{USUAL_BROKER_PORT}. It is probably the one",
            "that Home Assistant uses: to use it, put  mqtt: {host: 127.0.0.1}  in pimotion.yml.",
        ]
    lines += [
        "",
        f"Three lines in pimotion.yml replace them (or let `{command('init')}` write it):",
        f"  {_camera_line(camera_id, camera.source)}",
        "  mqtt: {host: homeassistant.local, username: pimotion, password: ...}",
        "  http: {host: 0.0.0.0, users: [{name: me, password: ..., role: admin}]}",
    ]
    width = max(len(line) for line in lines)
    rule = "-" * width
    return "\n".join([rule, *lines, rule])


def _camera_line(camera_id: str, source: str) -> str:
    if source == DEMO:
        return "cameras: {door: {source: auto}}  # or rtsp://..., http://..., v4l2:/dev/..."
    return f"cameras: {{{camera_id}: {{source: {quoted(without_secrets(source))}}}}}"


def greet(settings: Settings, daemon: Daemon, *, has_broker_nearby: bool) -> None:
    """Print the banner; without a broker, print every event from now on."""
    print(banner(settings, daemon, has_broker_nearby=has_broker_nearby), file=sys.stderr)
    if daemon.link().host == EMBEDDED:
        printer = PrintEvents(settings.node)
        daemon.add_sink(printer, "print", printer.run)


def _broker_lines(settings: Settings, host: str, port: int, reason: str | None) -> list[str]:
    topics = f"{settings.mqtt.prefix}/{settings.node}/+"
    if host == EMBEDDED:
        return [f"  broker   none: {reason}", "  events   printed here, one JSON object a line"]
    return [
        f"  broker   mosquitto of its own on {host}:{port}, for this machine only",
        f"  events   mosquitto_sub -h {host} -p {port} -v -t '{topics}/event' -t '{topics}/motion'",
    ]


class PrintEvents:
    """Prints every event as one JSON line on stdout, for a machine without a broker."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._waiting: queue.Queue[MotionEvent] = queue.Queue(maxsize=_MOST_WAITING)

    def put(self, message: Message) -> None:
        """Take an event; other messages are left to the page. Never blocks."""
        if isinstance(message, MotionEvent):
            with suppress(queue.Full):  # nobody reads what is printed
                self._waiting.put_nowait(message)

    def run(self) -> None:
        """Print until nobody reads any more; the body of the thread ``print``."""
        with suppress(OSError):
            while True:
                event = self._waiting.get()
                payload = event_payload(
                    event, node=self._node, snapshot=None, published_utc_s=utc_now_s()
                )
                sys.stdout.write(json.dumps(payload) + "\n")
                sys.stdout.flush()
