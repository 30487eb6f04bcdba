"""Takes everything off a broker that a node has left there: ``pimotion ha clean``."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pimotion.config.settings import Mqtt
from pimotion.errors import PimotionError
from pimotion.publish.answers import Received
from pimotion.publish.leftovers import announcement_of
from pimotion.publish.link import Link
from pimotion.publish.outbox import Outgoing
from pimotion.publish.payloads import ONLINE
from pimotion.publish.reasons import UNSUPPORTED_VERSION, LinkLost
from pimotion.publish.topics import Topics
from pimotion.publish.wake import Waker

_QUIET_S = 1.5
"""A broker gives what is retained at once; when so long nothing came, that was all."""
_MOST_S = 30.0
_HEARTBEAT_S = 12.0
"""A node that runs says `online` every 10 s."""


class NodeRuns(PimotionError):
    """The node is running, and would say everything again."""


def clean(mqtt: Mqtt, node: str) -> list[str]:
    """Remove a node's announcements and everything that is retained below its topics.

    Returns:
        The topics that were cleared; empty when there was nothing.

    Raises:
        LinkLost: There is no broker, or it goes away.
        NodeRuns: The node is running.
    """
    topics = Topics(mqtt.prefix, node)
    with _connected(mqtt) as link:
        devices = f"{mqtt.discovery_prefix}/device/"
        link.subscribe([f"{devices}+/config", f"{topics.base}/#"], [])
        kept = _kept(link)
        _refuse_if_alive(link, topics, kept)
        leftovers = [
            topic
            for topic, payload in kept.items()
            if not topic.startswith(devices) or announcement_of(payload, topics.base)
        ]
        _clear(link, leftovers)
    return leftovers


@contextmanager
def _connected(mqtt: Mqtt) -> Iterator[Link]:
    """Give a connection; MQTT 3.1.1 where the broker does not know 5."""
    waker = Waker()
    link = _link(mqtt, waker, mqtt5=mqtt.protocol != "3.1.1")
    try:
        try:
            _open(link)
        except LinkLost as lost:
            link.close(politely=False)
            if lost.refusal != UNSUPPORTED_VERSION or mqtt.protocol != "auto":
                raise
            link = _link(mqtt, waker, mqtt5=False)
            _open(link)
        yield link
        link.close(politely=True)
    finally:
        link.close(politely=False)
        waker.close()


def _link(mqtt: Mqtt, waker: Waker, *, mqtt5: bool) -> Link:
    own_id = f"pimotion-clean-{secrets.token_hex(4)}"
    return Link(mqtt, waker, client_id=own_id, will_topic=None, mqtt5=mqtt5)


def _open(link: Link) -> None:
    link.open()
    while not link.is_ready:
        link.turn()


def _heard(link: Link, *, quiet_s: float, most_s: float) -> Iterator[Received]:
    """Give messages until none came for a while."""
    end_s = time.monotonic() + most_s
    last_s = time.monotonic()
    while time.monotonic() < min(end_s, last_s + quiet_s):
        link.turn()
        while link.received:
            message = link.received.popleft()
            if message.retained:
                last_s = time.monotonic()
            yield message


def _kept(link: Link) -> dict[str, bytes]:
    heard = _heard(link, quiet_s=_QUIET_S, most_s=_MOST_S)
    return {each.topic: each.payload for each in heard if each.retained}


def _refuse_if_alive(link: Link, topics: Topics, kept: dict[str, bytes]) -> None:
    """A retained `online` may be left from a power cut; only a live one counts."""
    if kept.get(topics.status) != ONLINE:
        return
    for message in _heard(link, quiet_s=_HEARTBEAT_S, most_s=_HEARTBEAT_S):
        if message.topic == topics.status and message.payload == ONLINE and not message.retained:
            raise NodeRuns(
                f"node {topics.node} is running and would say everything again; stop it first, or "
                "name another one with --node"
            )


def _clear(link: Link, leftovers: list[str]) -> None:
    waiting = list(leftovers)
    while waiting or link.unacked():
        while waiting and link.has_room():
            link.send(Outgoing(waiting.pop(0), b""))
        link.turn()
