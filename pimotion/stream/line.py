"""One variant of what an encoder shows: its newest picture, and who watches it."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Hashable
from dataclasses import replace

from pimotion.errors import PictureError
from pimotion.log import Repeated
from pimotion.pace import Pacer
from pimotion.stream.multipart import Part
from pimotion.stream.painter import Painter
from pimotion.stream.query import Variant
from pimotion.stream.show import Scene, Show
from pimotion.stream.viewer import Parts, Viewing

log = logging.getLogger(__name__)


class Line:
    """Shows one variant. Thread-safe, but who watches is guarded by the encoder's lock.

    Attributes:
        parts: The newest encoded picture.
        viewings: Who watches it.
    """

    def __init__(self, show: Show, variant: Variant, painter: Painter) -> None:
        """Show nothing yet; ``painter`` makes its pictures, and those of others."""
        self.parts = Parts()
        self.viewings: list[Viewing] = []
        self._show = show
        self._variant = variant
        self._painter = painter
        self._lock = threading.Lock()
        self._shown: Hashable = None
        self._cards: Hashable = None
        self._early: tuple[Hashable, float] = None, 0.0
        self._fps: float | None = None
        self._pacer: Pacer | None = None
        self._repeated = Repeated(log)

    def add(self, viewing: Viewing) -> None:
        """Add someone who watches."""
        self.viewings.append(viewing)
        self._set_pace()

    def remove(self, viewing: Viewing) -> None:
        """Remove someone who watched."""
        self.viewings.remove(viewing)
        self._set_pace()

    def follow(self, *, may_wait: bool) -> bool:
        """Show what there is now if it is new and its turn has come.

        Args:
            may_wait: False: it is for a thread that has other work than to encode.

        Returns:
            False when that was left to a thread that may.
        """
        if not self._lock.acquire(blocking=may_wait):
            return False
        try:
            scene = self._show.scene()
            if scene.key == self._shown:
                return True
            part = None if may_wait else scene.ready(self._variant)
            if part is None and not may_wait:
                return False
            if self._is_due(scene):
                self._put(scene, part)
            return True
        finally:
            self._lock.release()

    def show(self) -> Part:
        """Put up what there is to show now, for who has just come, and return it."""
        with self._lock:
            scene = self._show.scene()
            if (part := self._up(scene)) is not None:
                return part
            self._is_due(scene)  # the beat of who is the first begins with it
            return self._put(scene)

    def still(self) -> Part:
        """Return what there is to show now; those who watch get it only if it is their turn."""
        with self._lock:
            scene = self._show.scene()
            if (part := self._up(scene)) is not None:
                return part
            return self._put(scene) if self._is_due(scene) else self._paint(scene)

    def _up(self, scene: Scene) -> Part | None:
        """Return a scene's picture if it is put up already."""
        return self.parts.peek() if scene.key == self._shown else None

    def _is_due(self, scene: Scene) -> bool:
        pacer, captured_s = self._pacer, scene.captured_s
        if pacer is None or captured_s is None or self._is_urgent(scene):
            return True
        if pacer.is_due(captured_s):
            return True
        # A camera that then stands still must not stay one frame behind.
        turn_s = time.monotonic() - self._lag_of(scene, captured_s)
        return turn_s >= pacer.owed_at_s and pacer.is_due(turn_s)

    def _lag_of(self, scene: Scene, captured_s: float) -> float:
        """Return how old a scene was when it was looked at first, s: turns go by its own time."""
        key, lag_s = self._early
        if key != scene.key:
            lag_s = time.monotonic() - captured_s
            self._early = scene.key, lag_s
        return lag_s

    def _is_urgent(self, scene: Scene) -> bool:
        """Tell whether the picture before must not be seen any longer, or a card."""
        return self._shown is not None and scene.cards != self._cards

    def _put(self, scene: Scene, part: Part | None = None) -> Part:
        """Put up a scene; ``part`` is its picture if there is one already.

        Only under the lock under which the scene was looked at, so that an older picture can never
        follow a newer one.
        """
        before = self.parts.peek()
        if part is None:
            part = self._paint(scene)
        else:
            self._painter.passed_on()
        at_fps = 0.0 if self._is_urgent(scene) else self._fps or math.inf
        self._shown, self._cards = scene.key, scene.cards
        if part is not before:
            part = part if part.at_fps == at_fps else replace(part, at_fps=at_fps)
            self.parts.put(part)
        return part

    def _paint(self, scene: Scene) -> Part:
        """Return the scene's picture; if that is broken the one before, or a card."""
        try:
            return self._painter.paint(scene, self._variant)
        except PictureError as error:
            show = self._show
            self._repeated.warning("broken", f"picture skipped camera={show.id} reason={error}")
            return self.parts.peek() or show.apology(str(error)).paint(self._variant)

    def _set_pace(self) -> None:
        """Encode as often as the viewer who asks for most."""
        rates = [viewing.wish.fps for viewing in self.viewings]
        fastest = None if None in rates else max((rate for rate in rates if rate), default=None)
        if fastest != self._fps:
            self._fps = fastest
            self._pacer = Pacer(fastest) if fastest else None
