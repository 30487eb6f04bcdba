"""What an encoder shows: one camera, or all of them. Both look alike to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

from pimotion.config.camera import Stream
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant


class Scene(Protocol):
    """What there is to show at one moment. Does not change."""

    @property
    def key(self) -> Hashable:
        """Equal keys show the same picture."""

    @property
    def captured_s(self) -> float | None:
        """When the picture was captured, monotonic; None: a card is shown in its place."""

    @property
    def cards(self) -> Hashable:
        """What stands in the place of pictures; when that changes, nobody is to wait for it."""

    def ready(self, variant: Variant) -> Part | None:
        """Return what `paint` returns if it is a JPEG already; None if it has to be made."""

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

    def fits_in(self, width: int) -> bool:
        """Tell whether pictures are no wider than that now, px: then none is scaled."""

    def listen(self, hear: Callable[[], None]) -> None:
        """Call ``hear`` at each new picture, in the thread that brings it: it must not wait."""

    def unlisten(self, hear: Callable[[], None]) -> None:
        """Call it no more."""

    def pause_s(self) -> float:
        """Return how long nobody need look at it unless there is something to `listen` to."""

    def scene(self) -> Scene:
        """Return what there is to show now."""

    def apology(self, reason: str) -> Scene:
        """Return a card that says why nothing can be shown, for who has never seen a picture."""
