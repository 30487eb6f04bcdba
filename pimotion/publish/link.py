"""One connection to the broker, from its first byte to its last; the only home of paho-mqtt.

A fresh client for each connection: nothing that paho queued or believed outlives a link. Its
`loop_start` is not used: it dies silently on an error in a callback, replays old states after new
ones, and gives no reason for a failed connection (measured with paho-mqtt 2.2.0, 2026-11).
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from pimotion.config.settings import Mqtt
from pimotion.publish.answers import Received, Settled
from pimotion.publish.encryption import TidyContext, context_of
from pimotion.publish.outbox import Outgoing
from pimotion.publish.payloads import OFFLINE
from pimotion.publish.reasons import LinkLost, hung_up, refused, unreachable
from pimotion.publish.wake import Waker

log = logging.getLogger(__name__)

TURN_S = 0.25
"""Longest that nothing is looked at; bytes and messages to send end it at once."""
KEEPALIVE_S = 15
CONNECT_S = 5.0
ANSWER_S = 10.0
"""A broker that has not answered for this long is gone, whatever the socket says."""
SUSPICIOUS_S = 2.0
"""After this long without an answer nothing more is pushed into a pipe that may be dead."""
MAX_UNACKED = 10
MAX_UNACKED_BYTES = 512 * 1024
"""Two stills and some: what is behind them waits no longer than they take."""
MOST_RECEIVED_BYTES = 256 * 1024
"""A command is a few letters, an announcement of our own 15 kB; others may send anything."""
_PACKET_OVERHEAD_BYTES = 32
"""Fixed header, topic length, packet id and the properties that we use, rounded up."""


@dataclass(slots=True)
class _Unacked:
    message: Outgoing
    sent_s: float


class Link:
    """One connection. Not thread-safe: the mqtt thread owns it.

    Attributes:
        is_ready: The broker has accepted us.
        mqtt5: This connection speaks MQTT 5, else 3.1.1.
        received: Messages from the broker, oldest first; whoever reads takes them out.
        settled: Answers of the broker, oldest first; whoever reads takes them out.
    """

    def __init__(
        self, mqtt: Mqtt, waker: Waker, *, client_id: str, will_topic: str | None, mqtt5: bool
    ) -> None:
        self.is_ready = False
        self.mqtt5 = mqtt5
        self.received: deque[Received] = deque()
        self.settled: deque[Settled] = deque()
        self._mqtt = mqtt
        self._waker = waker
        self._client_id = client_id
        self._will_topic = will_topic
        self._client: paho.Client | None = None
        self._tls: TidyContext | None = None
        self._opened_s = 0.0
        self._refusal: str | None = None
        self._farewell: str | None = None
        self._max_packet_bytes: int | None = None
        self._max_unacked = MAX_UNACKED
        self._unacked: dict[int, _Unacked] = {}

    def open(self) -> None:
        """Connect; the broker's answer comes in a later `turn`.

        Raises:
            LinkLost: It cannot be reached, and why.
        """
        self._client = self._make_client()
        self._opened_s = time.monotonic()
        try:
            # A broker of MQTT 5 keeps from us what is too long to be meant for us.
            limits = self._properties(PacketTypes.CONNECT, MaximumPacketSize=MOST_RECEIVED_BYTES)
            self._client.connect(self._mqtt.host, self._mqtt.port, KEEPALIVE_S, properties=limits)
        except (OSError, ValueError) as error:
            if self._tls is not None:
                self._tls.close_last()
            raise LinkLost(unreachable(error, self._mqtt.host)) from None

    def turn(self) -> None:
        """Wait for up to 250 ms until bytes can flow or `Waker.wake` is called, and let them.

        Raises:
            LinkLost: The connection has ended or is dead, and why.
        """
        assert self._client is not None
        result = self._flow(self._client)
        if self._refusal is not None:
            raise refused(self._refusal)
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkLost(self._why_lost(result))
        now_s = time.monotonic()
        if not self.is_ready and now_s - self._opened_s > ANSWER_S:
            raise LinkLost(f"the broker does not answer within {ANSWER_S:g} s")
        if self._silence_s(now_s) > ANSWER_S:
            raise LinkLost(f"the broker stopped answering for {ANSWER_S:g} s")

    def has_room(self) -> bool:
        """Tell whether one more message may be sent now."""
        waiting = self._unacked.values()
        return (
            len(waiting) < self._max_unacked
            and self._silence_s(time.monotonic()) < SUSPICIOUS_S
            and sum(len(each.message.payload) for each in waiting) < MAX_UNACKED_BYTES
        )

    def accepts(self, message: Outgoing) -> bool:
        """Tell whether the broker takes messages of this size."""
        if self._max_packet_bytes is None:
            return True
        size = len(message.payload) + len(message.topic.encode()) + _PACKET_OVERHEAD_BYTES
        return size <= self._max_packet_bytes

    def send(self, message: Outgoing) -> None:
        """Send a message; with QoS 1 it stays in `unacked` until the broker has it."""
        assert self._client is not None
        expires = {} if message.expiry_s is None else {"MessageExpiryInterval": message.expiry_s}
        info = self._client.publish(
            message.topic,
            message.payload,
            qos=message.qos,
            retain=message.retain,
            properties=self._properties(PacketTypes.PUBLISH, **expires),
        )
        if message.qos > 0:
            self._unacked[info.mid] = _Unacked(message, time.monotonic())

    def subscribe(self, topics: list[str], commands: list[str]) -> None:
        """Ask for messages, QoS 1; of commands also whether they are retained (MQTT 5)."""
        assert self._client is not None
        if not self.mqtt5:
            self._client.subscribe([(topic, 1) for topic in (*topics, *commands)])
            return
        plain, honest = SubscribeOptions(qos=1), SubscribeOptions(qos=1, retainAsPublished=True)
        asked = [(topic, plain) for topic in topics] + [(topic, honest) for topic in commands]
        self._client.subscribe(asked)

    def unsubscribe(self, topics: list[str]) -> None:
        """Ask for no more of these."""
        assert self._client is not None
        self._client.unsubscribe(topics)

    def unacked(self) -> list[tuple[Outgoing, float]]:
        """Return the messages whose arrival nobody confirmed, and for how many s, oldest first."""
        now_s = time.monotonic()
        return [(each.message, now_s - each.sent_s) for each in self._unacked.values()]

    def close(self, *, politely: bool) -> None:
        """End the connection. Not politely: the broker then says our will."""
        client, self._client = self._client, None
        if client is None:
            return
        own = client.socket()
        if politely:
            client.disconnect()
            with contextlib.suppress(OSError, ValueError):
                client.loop_write()
        if own is not None:
            own.close()

    def _flow(self, client: paho.Client) -> MQTTErrorCode:
        # Not by paho's `loop`: its select takes no descriptor over 1023, and then calls it a loss.
        sock: Any = client.socket()
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        wants_write = client.want_write()
        # Bytes that TLS has already decrypted do not make the socket readable.
        if self._tls is not None and sock.pending():
            can_read, can_write = True, wants_write
        else:
            can_read, can_write = self._waker.wait(sock, to_write=wants_write, timeout_s=TURN_S)
        result = client.loop_read() if can_read else MQTTErrorCode.MQTT_ERR_SUCCESS
        if can_write and not result:
            result = client.loop_write()
        return result or client.loop_misc()

    def _silence_s(self, now_s: float) -> float:
        oldest = next(iter(self._unacked.values()), None)
        return 0.0 if oldest is None else now_s - oldest.sent_s

    def _why_lost(self, result: MQTTErrorCode) -> str:
        if not self.is_ready:
            return hung_up(tls=self._mqtt.tls.enabled)
        if self._farewell is not None:
            return f"the broker ended the connection: {self._farewell}"
        if result in (MQTTErrorCode.MQTT_ERR_NO_CONN, MQTTErrorCode.MQTT_ERR_CONN_LOST):
            return "the connection to the broker broke"
        return f"the connection to the broker broke: {paho.error_string(result)}"

    def _make_client(self) -> paho.Client:
        version = MQTTProtocolVersion.MQTTv5 if self.mqtt5 else MQTTProtocolVersion.MQTTv311
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            protocol=version,
            reconnect_on_failure=False,
        )
        client.suppress_exceptions = True
        client.on_log = _on_log
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages = 4 * MAX_UNACKED
        if self._will_topic is not None:
            client.will_set(self._will_topic, OFFLINE, qos=1, retain=True)
        if self._mqtt.username is not None:
            password = self._mqtt.password
            client.username_pw_set(self._mqtt.username, password and password.reveal())
        if self._mqtt.tls.enabled:
            self._tls = context_of(self._mqtt.tls)
            client.tls_set_context(self._tls)
            client.tls_insecure_set(self._mqtt.tls.insecure)
        client.on_socket_open = _tune
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = _on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _properties(self, packet: int, **values: int) -> Properties | None:
        if not self.mqtt5:
            return None
        properties = Properties(packet)  # type: ignore[no-untyped-call]  # paho's own
        for name, value in values.items():
            setattr(properties, name, value)
        return properties

    def _on_connect(
        self, _client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, told: Any
    ) -> None:
        if code.is_failure:
            self._refusal = code.getName()
            return
        self.is_ready = True
        self._max_packet_bytes = getattr(told, "MaximumPacketSize", None)
        self._max_unacked = min(MAX_UNACKED, getattr(told, "ReceiveMaximum", MAX_UNACKED))

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, flags: Any, code: ReasonCode, _told: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._farewell = code.getName()

    def _on_publish(
        self, _client: paho.Client, _data: Any, mid: int, code: ReasonCode, _told: Any
    ) -> None:
        done = self._unacked.pop(mid, None)
        if done is not None:
            refusal = code.getName() if code.is_failure else None
            took_s = time.monotonic() - done.sent_s
            self.settled.append(Settled(done.message, took_s, refusal))

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        if len(message.payload) <= MOST_RECEIVED_BYTES:  # a broker of 3.1.1 cannot be asked
            self.received.append(Received(message.topic, bytes(message.payload), message.retain))


def _on_log(_client: paho.Client, _data: Any, _level: int, text: str) -> None:
    """Log what went wrong inside of paho; what went wrong outside is told by `LinkLost`."""
    log.log(logging.ERROR if text.startswith("Caught exception") else logging.DEBUG, "%s", text)


def _on_subscribe(
    _client: paho.Client, _data: Any, _mid: int, codes: list[ReasonCode], _told: Any
) -> None:
    refusals = {code.getName() for code in codes if code.is_failure}
    if refusals:
        log.warning("the broker refuses subscriptions reason=%s", ", ".join(sorted(refusals)))


def _tune(_client: paho.Client, _data: Any, sock: Any) -> None:
    """Send at once, and notice a dead peer soon."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(ANSWER_S * 1000))
