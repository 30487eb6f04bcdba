"""What a broker gives: messages, and answers to ours."""

from __future__ import annotations

from dataclasses import dataclass

from pimotion.publish.outbox import Outgoing


@dataclass(frozen=True, slots=True)
class Received:
    """A message from the broker."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """The broker's answer to one of our messages.

    Attributes:
        refusal: Its reason for not taking it; None when it did.
    """

    message: Outgoing
    took_s: float
    refusal: str | None
