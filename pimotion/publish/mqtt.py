"""Keeps the connection to the broker: the thread `mqtt`, its retries and its clean end."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pimotion.config.settings import Settings
from pimotion.health import Beat, Threads
from pimotion.log import Repeated
from pimotion.publish.announcer import Announcer
from pimotion.publish.desk import Desk
from pimotion.publish.encryption import warn_if_insecure
from pimotion.publish.leftovers import is_announcement
from pimotion.publish.link import Link
from pimotion.publish.outbox import Kind, Outgoing
from pimotion.publish.pace import Backoff, PicturePace
from pimotion.publish.reasons import UNSUPPORTED_VERSION, LinkLost
from pimotion.publish.session import Session, Surroundings
from pimotion.publish.topics import Topics
from pimotion.publish.twin import TwinWatch
from pimotion.publish.wake import Waker
from pimotion.state import State
from pimotion.types import Command, LinkStatus, Message, MotionEvent, Reset

log = logging.getLogger(__name__)

_HANGS_S = 40.0
"""What takes longest, but for a look-up, is to connect: 5 s for each of the broker's addresses."""
_LOOK_UP_S = 80.0
"""On top of that: a look-up of the broker's name takes 56 s when none of 3 name servers answers, as
it is also tried with the search domain (measured with glibc 2.36, 2026-11-30), and mDNS some more.
A router that starts anew must not end a program whose cameras work."""
FAREWELL_S = 2.0
"""Longest that the end waits for a broker that does not answer."""
CLOSE_S = 0.2
"""Share of the time to stop that is left for closing the connection."""
_SUFFIX = "mqtt_client_suffix"
_SUFFIX_OF = "mqtt_client_node"
_DEPARTED = "departed_announcements"
_MARKS = "announcements"


class Publisher:
    """Says what the cameras see to the broker, and hands its commands on.

    `put` and `status` may be called from any thread at any time, also without a broker.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        version: str,
        state: State,
        commands: Callable[[Command | Reset], None],
    ) -> None:
        self._settings = settings
        self._client_id = f"pimotion-{_suffix(state, settings.node)}"
        self._topics = Topics(settings.mqtt.prefix, settings.node)
        self._state = state
        self._desk = Desk(_announcer(settings, version, state))
        self._around = Surroundings(
            settings=settings,
            topics=self._topics,
            desk=self._desk,
            pace=PicturePace(),
            twin=TwinWatch(),
            commands=commands,
            random=random.random,
            repeated=Repeated(log),
        )
        self._backoff = Backoff(random.random)
        self._mqtt5 = settings.mqtt.protocol != "3.1.1"
        self._reason: str | None = "not connected yet"
        self._connected = False
        self._birth_s: float | None = None
        self._stopping = threading.Event()
        self._beat = Beat(_HANGS_S)
        self._farewell_until_s = 0.0
        self._thread: threading.Thread | None = None
        self._waker: Waker | None = None

    def put(self, message: Message) -> None:
        """Take a message of a camera. Never blocks, never raises."""
        self._desk.put(message)
        self._wake()

    def put_late(self, event: MotionEvent, *, is_last: bool) -> None:
        """Take the stop of an event that ended before us. Never blocks, never raises.

        Args:
            event: The stop.
            is_last: Its camera has had no event since.
        """
        self._desk.put_late(event, is_last=is_last)

    def untold(self) -> Sequence[MotionEvent]:
        """Return the stops that the broker does not have, oldest first."""
        return self._desk.untold()

    def start(self, threads: Threads) -> None:
        """Start the thread; the broker need not be there."""
        warn_if_insecure(self._settings.mqtt.tls)
        waker = self._waker = Waker()
        self._thread = threads.start("mqtt", lambda: self._run(waker), beat=self._beat)

    def stop(self, timeout_s: float) -> None:
        """Send what waits, say that the cameras and the node are offline, and disconnect.

        Takes at most ``timeout_s``, and no longer than 2 s with a broker that does not answer.
        """
        self._farewell_until_s = time.monotonic() + min(timeout_s - CLOSE_S, FAREWELL_S)
        self._stopping.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def save(self) -> None:
        """Keep what must outlive a restart; for the main thread, which may wait for a disk."""
        self._state.set(_DEPARTED, dict(self._desk.departed()) or None)
        self._state.set(_MARKS, dict(self._desk.marks()) or None)

    def status(self) -> LinkStatus:
        """Return whether there is a connection, and if not why, and what became of messages."""
        mqtt, desk = self._settings.mqtt, self._desk
        return LinkStatus(
            mqtt.host,
            mqtt.port,
            self._connected,
            self._reason,
            desk.waiting,
            desk.counts(),
            self._birth_s,
        )

    def _wake(self) -> None:
        if self._waker is not None:
            self._waker.wake()

    def _run(self, waker: Waker) -> None:
        while not self._stopping.is_set():
            began_s = time.monotonic()
            link = Link(
                self._settings.mqtt,
                waker,
                client_id=self._client_id,
                will_topic=self._topics.status,
                mqtt5=self._mqtt5,
            )
            try:
                self._speak(link)
            except LinkLost as lost:
                up_s = time.monotonic() - began_s if link.is_ready else None
                self._part(link, lost)
                self._pause(lost, up_s)
            finally:
                link.close(politely=False)
        self._connected, self._reason = False, "stopped"
        waker.close()

    def _speak(self, link: Link) -> None:
        """Use one connection until it breaks or we are to stop.

        Raises:
            LinkLost: It broke, or there never was one.
        """
        self._beat.rest(_LOOK_UP_S)
        link.open()
        while not link.is_ready and not self._stopping.is_set():
            link.turn()
            self._beat.renew()
        if not link.is_ready:
            return
        session = Session(link, self._around)
        session.begin()
        self._greet(link)
        while not self._stopping.is_set():
            session.turn()
            self._beat.renew()
            self._reason = session.complaint
            self._birth_s = session.birth_s or self._birth_s
        if session.end(self._farewell_until_s):
            link.close(politely=True)
        else:
            log.warning("the broker did not take our farewell")
        self._desk.close([])

    def _greet(self, link: Link) -> None:
        self._connected, self._reason = True, None
        self._desk.count("connected")
        mqtt = self._settings.mqtt
        protocol = "5" if link.mqtt5 else "3.1.1"
        log.info("connected to broker host=%s port=%s protocol=%s", mqtt.host, mqtt.port, protocol)

    def _part(self, link: Link, lost: LinkLost) -> None:
        self._connected, self._reason = False, str(lost)
        if not link.is_ready:
            return
        self._desk.count("link_lost")
        on_the_way = link.unacked()
        self._desk.close([message for message, _ in on_the_way])
        pictures = [each for each in on_the_way if each[0].kind is Kind.PICTURE]
        if pictures:
            self._lose_pictures(pictures)

    def _lose_pictures(self, pictures: Sequence[tuple[Outgoing, float]]) -> None:
        pace, now_s = self._around.pace, time.monotonic()
        largest = max(len(message.payload) for message, _ in pictures)
        pace.lost(max(age_s for _, age_s in pictures), now_s, size_bytes=largest)
        if not pace.is_open(now_s):
            self._around.repeated.warning(
                "pictures",
                "no pictures for a while: connections broke while they were on their way, as with "
                f"a broker that takes no message of that size bytes={largest}",
            )

    def _pause(self, lost: LinkLost, up_s: float | None) -> None:
        if lost.refusal == UNSUPPORTED_VERSION and self._falls_back():
            return
        mqtt = self._settings.mqtt
        where = f"host={mqtt.host} port={mqtt.port}"
        self._around.repeated.warning(str(lost), f"no broker: {lost} {where}")
        pause_s = self._backoff.after(up_s, is_shared=self._around.twin.is_live)
        if self._backoff.contested:
            self._around.repeated.warning(
                "contested",
                "connections never last: another client with our id, or a broker that refuses us "
                f"client_id={self._client_id}",
            )
        self._beat.rest(pause_s)
        self._stopping.wait(pause_s)
        self._beat.renew()

    def _falls_back(self) -> bool:
        """Speak 3.1.1 from now on, if that is allowed and new."""
        if self._settings.mqtt.protocol != "auto" or not self._mqtt5:
            return False
        self._mqtt5 = False
        log.info("the broker does not speak MQTT 5, trying 3.1.1")
        return True


def _announcer(settings: Settings, version: str, state: State) -> Announcer:
    return Announcer(
        settings,
        version=version,
        now_s=time.monotonic(),
        departed=_kept_departed(state),
        marks=_kept_marks(state),
    )


def _kept_departed(state: State) -> Mapping[str, Any]:
    kept = state.get(_DEPARTED)
    if not isinstance(kept, dict):
        return {}
    return {topic: old for topic, old in kept.items() if is_announcement(old)}


def _kept_marks(state: State) -> Mapping[str, str]:
    kept = state.get(_MARKS)
    return kept if isinstance(kept, dict) else {}


def _suffix(state: State, node: str) -> str:
    """Return what tells our client id from others', the same after each restart.

    A machine made from a copy of another's SD card has a name of its own, and so a new one.
    """
    suffix, before = state.get(_SUFFIX), state.get(_SUFFIX_OF)
    if before not in (None, node):
        log.warning(
            "this was node %s before; what Home Assistant has of that one stays until "
            "`ha clean --node %s` node=%s",
            before,
            before,
            node,
        )
        suffix = None
    if not (isinstance(suffix, str) and suffix):
        suffix = secrets.token_hex(6)
        state.set(_SUFFIX, suffix)
    state.set(_SUFFIX_OF, node)
    return suffix
