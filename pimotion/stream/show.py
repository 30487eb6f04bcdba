"""What an encoder shows: one camera, or all of them. Both look alike to it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from pimotion.config.camera import Stream
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant


@dataclass(frozen=True, slots=True)
class News:
    """What came of waiting for something new.

    Attributes:
        number: Pass it to the next `Show.wait`.
        captured_s: When the new picture was captured, monotonic; None: there is no new picture.
    """

    number: int
    captured_s: float | None


class Scene(Protocol):
    """What there is to show at one moment. Does not change."""

    @property
    def key(self) -> Hashable:
        """Equal keys show the same picture."""

    @property
    def is_live(self) -> bool:
        """False when a card is shown in place of a picture."""

    def paint(self, variant: Variant) -> Part:
        """Return it as a JPEG that looks as the variant says.

        Raises:
            PictureError: The frame cannot be decoded.
        """


class Show(Protocol):
    """Something that can be watched. Thread-safe.

    Attributes:
        id: Names its thread, ``encode-<id>``.
        settings: How it looks unless a viewer asks for something else.
    """

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def settings(self) -> Stream: ...  # noqa: D102

    def wait(self, seen: int, timeout_s: float) -> News:
        """Wait for something newer than what was ``seen``, but no longer than ``timeout_s``."""

    def scene(self) -> Scene:
        """Return what there is to show now."""

    def apology(self, reason: str) -> Scene:
        """Return a card that says why nothing can be shown, for who has never seen a picture."""
