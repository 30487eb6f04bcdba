"""Logs in at the broker, publishes on a topic of our own and reads it back."""

from __future__ import annotations

import secrets
import shutil
import socket
import time
from collections.abc import Iterator

from pimotion.config.settings import Mqtt, Settings
from pimotion.doctor.report import Check, Verdict
from pimotion.doctor.running import Running
from pimotion.publish.link import Link
from pimotion.publish.outbox import Kind, Outgoing
from pimotion.publish.reasons import UNSUPPORTED_VERSION, LinkLost
from pimotion.publish.topics import Topics
from pimotion.publish.wake import Waker

_EMBEDDED = "embedded"
_SBIN = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_ECHO_S = 5.0
_BIRTH_S = 1.0
"""What a broker keeps it sends at once."""


def broker(settings: Settings, other: Running | None) -> Iterator[Check]:
    """Give every check of the broker; ``other`` is the pimotion that runs here, if any."""
    if settings.mqtt.host == _EMBEDDED:
        yield _embedded()
        return
    mqtt = settings.mqtt
    protocols = {"5": (True,), "3.1.1": (False,), "auto": (True, False)}
    for mqtt5 in protocols[mqtt.protocol]:
        visit = _Visit(settings, other, mqtt5=mqtt5)
        try:
            yield from visit.checks()
        except LinkLost as lost:
            if mqtt5 and lost.refusal == UNSUPPORTED_VERSION:
                continue
            yield Check("broker", Verdict.FAILED, f"{visit.where}: {lost}", _advice(mqtt, lost))
        return


def _embedded() -> Check:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)
    if program is None:
        return Check(
            "broker",
            Verdict.FAILED,
            "no mosquitto for the broker of our own",
            "`sudo apt install mosquitto`, or set mqtt.host to the broker of Home Assistant",
        )
    advice = "only this machine reaches it; set mqtt.host to the broker of Home Assistant"
    return Check("broker", Verdict.OK, f"of our own: {program}", advice)


def _advice(mqtt: Mqtt, lost: LinkLost) -> str:
    if lost.refusal:
        return "make a user for pimotion at the broker, and write it into the configuration"
    if not _has_address(mqtt.host):
        hint = "; .local needs `sudo apt install libnss-mdns`" if _is_mdns(mqtt.host) else ""
        return f"write its address, such as 192.168.1.20, as mqtt.host{hint}"
    if mqtt.tls.enabled:
        return (
            f"is it on, does it speak TLS on port {mqtt.port} (usual: 8883), is mqtt.tls.ca right?"
        )
    return f"is it on, is mqtt.host right, and is its port {mqtt.port} (usual: 1883)?"


def _has_address(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except OSError:
        return False


def _is_mdns(host: str) -> bool:
    return host.lower().rstrip(".").endswith(".local")


class _Visit:
    """One connection, under a client id of its own: the running pimotion keeps its own."""

    def __init__(self, settings: Settings, other: Running | None, *, mqtt5: bool) -> None:
        mqtt = settings.mqtt
        self.where = f"{mqtt.host}:{mqtt.port}"
        self._base = Topics(mqtt.prefix, settings.node).base
        self._topic = f"{self._base}/doctor"
        self._birth_topic = mqtt.birth_topic
        self._waker = Waker()
        self._link = Link(
            mqtt,
            self._waker,
            client_id=f"pimotion-doctor-{secrets.token_hex(4)}",
            will_topic=None,
            mqtt5=mqtt5,
        )
        self._birth: str | None = None
        self._other = other if other is not None and other.is_ours else None

    def checks(self) -> Iterator[Check]:
        """Give what came of it. Raises `LinkLost`."""
        try:
            self._link.open()
            while not self._link.is_ready:
                self._link.turn()
            version = "5" if self._link.mqtt5 else "3.1.1"
            yield Check("broker", Verdict.OK, f"{self.where} lets us in, MQTT {version}")
            yield self._echo()
            yield self._home_assistant()
        finally:
            self._link.close(politely=True)
            self._waker.close()

    def _echo(self) -> Check:
        """See whether what is published on our topics arrives."""
        word = secrets.token_hex(8).encode()
        self._link.subscribe([self._topic, self._birth_topic], [])
        self._link.send(Outgoing(self._topic, word, kind=Kind.EVENT, retain=False))
        began_s = time.monotonic()
        while time.monotonic() - began_s < _ECHO_S:
            self._link.turn()
            if self._heard(word):
                took_ms = 1000 * (time.monotonic() - began_s)
                found = f"{self._base}/# can be written and read, {took_ms:.0f} ms"
                return Check("topics", Verdict.OK, found)
        refusals = {settled.refusal for settled in self._link.settled if settled.refusal}
        why = f" ({', '.join(sorted(refusals))})" if refusals else ""
        return Check(
            "topics",
            Verdict.FAILED,
            f"what is published on {self._topic} does not come back{why}",
            f"let this user write and read {self._base}/# at the broker (its ACL)",
        )

    def _heard(self, word: bytes) -> bool:
        is_heard = False
        while self._link.received:
            message = self._link.received.popleft()
            if message.topic == self._birth_topic:
                self._birth = message.payload[:40].decode("utf-8", "replace")
            is_heard = is_heard or (message.topic == self._topic and message.payload == word)
        return is_heard

    def _home_assistant(self) -> Check:
        """Say what the broker keeps of Home Assistant's birth message; it need not keep it."""
        began_s = time.monotonic()
        while self._birth is None and time.monotonic() - began_s < _BIRTH_S:
            self._link.turn()
            self._heard(b"")
        name, topic = "Home Assistant", self._birth_topic
        if self._birth is None:
            return Check(name, Verdict.OK, told_of_birth(topic, self._other))
        return Check(name, Verdict.OK, f"{topic} says {self._birth}")


def told_of_birth(topic: str, other: Running | None) -> str:
    """Say when Home Assistant was last heard, though the broker keeps no word of it."""
    if other is None:
        return f"nothing on {topic} just now; usual, unless its birth message is retained"
    if other.birth_age_s is None:
        return f"nothing on {topic} since pimotion runs; usual, it says so only when it starts"
    return (
        f"{topic} said online {other.birth_age_s / 60:.0f} min ago, heard by the running pimotion"
    )
