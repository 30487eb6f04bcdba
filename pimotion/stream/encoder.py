"""Encodes each frame once per variant, for any number of viewers, and only while they watch."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from pimotion.errors import PictureError, PimotionError
from pimotion.log import Repeated
from pimotion.pace import Pacer
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant, Wish
from pimotion.stream.show import Scene, Show
from pimotion.stream.viewer import Parts, Places, ViewerInfo, Viewing

log = logging.getLogger(__name__)

MAX_VARIANTS = 4
"""Pictures of one camera that are encoded beside each other; each costs as much as the first."""

_TICK_S = 0.5
"""How soon a dead source is seen as dead, and how long the thread outlives its last viewer."""

Start = Callable[[str, Callable[[], None]], object]
"""Starts a named thread that may end by itself."""


class TooMany(PimotionError):
    """There is no place for another viewer or another variant now."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an encoder has done since the start.

    Attributes:
        encodes: Pictures made, stills among them.
        skipped: Pictures that a viewer was too slow to get.
        stalled: Viewers cut because they took nothing for 10 s.
    """

    encodes: int
    skipped: int
    stalled: int


class Encoder:
    """Gives the pictures of one camera, or of all of them, to their viewers. Thread-safe.

    The thread ``encode-<id>`` starts with the first viewer and ends after the last.
    """

    def __init__(self, show: Show, places: Places, start: Start) -> None:
        self.show = show
        self._places = places
        self._start = start
        self._lock = threading.Lock()
        self._lines: dict[Variant, _Line] = {}
        self._stills: OrderedDict[Variant, _Line] = OrderedDict()
        self._running = False
        self._stopped = False
        self._encodes = self._skipped = self._stalled = 0

    @property
    def viewers(self) -> int:
        """How many watch now."""
        with self._lock:
            return sum(len(line.viewings) for line in self._lines.values())

    @property
    def counts(self) -> Counts:
        """What has been done since the start."""
        with self._lock:
            skipped = self._skipped + sum(each.skipped for each in self._viewings())
            return Counts(self._encodes, skipped, self._stalled)

    def viewings(self) -> tuple[ViewerInfo, ...]:
        """Return what is known of each viewer, those of one variant together."""
        with self._lock:
            return tuple(each.info() for each in self._viewings())

    @property
    def shows_mask(self) -> bool:
        """True while somebody watches what counts and what does not, and why."""
        with self._lock:
            return any("mask" in variant.overlays for variant in self._lines)

    def watch(self, wish: Wish, address: str = "") -> Viewing:
        """Add a viewer; who calls this must `Viewing.close` in the end.

        Args:
            wish: What he asks for.
            address: Where he is, to be shown.

        Raises:
            TooMany: All places are taken, or a fifth variant is asked for.
        """
        self._take_place()
        try:
            line, viewing = self._join(wish, address)
        except BaseException:
            self._places.give_back()
            raise
        try:
            line.show()
        except BaseException:
            viewing.close()
            raise
        return viewing

    def check(self, wish: Wish) -> None:
        """Raise what `watch` would raise now, and begin nothing."""
        self._take_place()
        try:
            with self._lock:
                self._refuse_more(wish.variant)
        finally:
            self._places.give_back()

    def still(self, variant: Variant) -> Part:
        """Return the newest picture; one that was just encoded for someone else is used again."""
        with self._lock:
            line = self._lines.get(variant) or self._stills.get(variant)
            if line is None:
                line = self._stills[variant] = self._line(variant)
                if len(self._stills) > MAX_VARIANTS:
                    self._stills.popitem(last=False)
        return line.show()

    def stop(self) -> None:
        """Let every viewer's stream end, and accept no more."""
        with self._lock:
            self._stopped = True
            viewings = list(self._viewings())
        for viewing in viewings:
            viewing.end()

    def _take_place(self) -> None:
        if not self._places.take():
            raise TooMany(f"all {self._places.limit} places are taken; try again later")

    def _refuse_more(self, variant: Variant) -> None:
        if self._stopped:
            raise TooMany("pimotion is stopping")
        if variant not in self._lines and len(self._lines) >= MAX_VARIANTS:
            raise TooMany(
                f"this camera is already shown in {MAX_VARIANTS} variants of width, "
                "quality and overlay; choose one of those"
            )

    def _join(self, wish: Wish, address: str) -> tuple[_Line, Viewing]:
        with self._lock:
            self._refuse_more(wish.variant)
            if not self._running:  # first, so that nothing is to be undone if it fails
                self._start(f"encode-{self.show.id}", self._run)
                self._running = True
            line = self._lines.setdefault(wish.variant, self._line(wish.variant))
            viewing = Viewing(line.parts, wish, self._leave, address)
            line.add(viewing)
        return line, viewing

    def _leave(self, viewing: Viewing) -> None:
        with self._lock:
            self._skipped += viewing.skipped
            self._stalled += viewing.stalled
            line = self._lines[viewing.wish.variant]
            line.remove(viewing)
            if not line.viewings:
                del self._lines[viewing.wish.variant]
        self._places.give_back()

    def _viewings(self) -> Iterator[Viewing]:
        return (viewing for line in self._lines.values() for viewing in line.viewings)

    def _line(self, variant: Variant) -> _Line:
        return _Line(self.show, variant, self._count_encode)

    def _count_encode(self) -> None:
        with self._lock:
            self._encodes += 1

    def _run(self) -> None:
        seen = 0
        while self._goes_on():
            news = self.show.wait(seen, _TICK_S)
            seen = news.number
            with self._lock:  # after the wait: someone may have come meanwhile
                lines = list(self._lines.values())
            for line in lines:
                line.follow(news.captured_s)

    def _goes_on(self) -> bool:
        """Tell whether anything is watched; when nothing is, the thread has ended by this."""
        with self._lock:
            self._running = bool(self._lines) and not self._stopped
            return self._running


class _Line:
    """One variant of what is shown. Thread-safe, but `follow` belongs to the encoder's thread.

    Attributes:
        parts: The newest encoded picture.
        viewings: Who watches it; guarded by the encoder's lock.
    """

    def __init__(self, show: Show, variant: Variant, count: Callable[[], None]) -> None:
        self.parts = Parts()
        self.viewings: list[Viewing] = []
        self._show = show
        self._variant = variant
        self._count = count
        self._lock = threading.Lock()
        self._shown: Hashable = None
        self._fps: float | None = None
        self._pacer: Pacer | None = None
        self._repeated = Repeated(log)

    def add(self, viewing: Viewing) -> None:
        self.viewings.append(viewing)
        self._set_pace()

    def remove(self, viewing: Viewing) -> None:
        self.viewings.remove(viewing)
        self._set_pace()

    def follow(self, captured_s: float | None) -> None:
        """Show a new picture if its turn has come; without one, see whether the source has died."""
        pacer = self._pacer
        if captured_s is None:
            if not self._show.scene().is_live:
                self.show()
        elif pacer is None or pacer.is_due(captured_s):
            self.show()

    def show(self) -> Part:
        """Encode what there is to show now, unless that has been done, and return it."""
        with self._lock:
            # Only here, under the lock, so that an older picture can never follow a newer one.
            scene = self._show.scene()
            before = self.parts.peek()
            if before is not None and scene.key == self._shown:
                return before
            self._shown = scene.key
            part = self._paint(scene, before)
            self._count()
            if part is not before:
                self.parts.put(part)
            return part

    def _paint(self, scene: Scene, before: Part | None) -> Part:
        """Return the scene's picture; if that is broken the one before, or a card."""
        try:
            return scene.paint(self._variant)
        except PictureError as error:
            show = self._show
            self._repeated.warning("broken", f"picture skipped camera={show.id} reason={error}")
            return before or show.apology(str(error)).paint(self._variant)

    def _set_pace(self) -> None:
        """Encode as often as the viewer who asks for most."""
        rates = [viewing.wish.fps for viewing in self.viewings]
        fastest = None if None in rates else max((rate for rate in rates if rate), default=None)
        if fastest != self._fps:
            self._fps = fastest
            self._pacer = Pacer(fastest) if fastest else None
