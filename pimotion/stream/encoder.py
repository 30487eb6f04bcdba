"""Encodes each frame once per variant, for any number of viewers, and only while they watch."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from pimotion.errors import PimotionError
from pimotion.health import Beat
from pimotion.latest import Latest
from pimotion.stream.line import Line
from pimotion.stream.multipart import Part
from pimotion.stream.painter import Painter
from pimotion.stream.query import Variant, Wish
from pimotion.stream.show import Show
from pimotion.stream.viewer import Places, ViewerInfo, Viewing

MAX_VARIANTS = 4
"""Pictures of one camera that are encoded beside each other; each costs as much as the first."""

_HANGS_S = 30.0
"""Four variants of a large picture take a Pi a second."""

Start = Callable[[str, Callable[[], None], Beat], object]
"""Starts a named thread that may end by itself, with what its work renews."""


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

    The thread ``encode-<id>`` starts with the first viewer and ends after the last. A picture that
    is a JPEG already does not visit it, but goes on in the thread that brings it.
    """

    def __init__(self, show: Show, places: Places, start: Start) -> None:
        self.show = show
        self._painter = Painter(show)
        self._places = places
        self._start = start
        self._lock = threading.Lock()
        self._lines: dict[Variant, Line] = {}
        self._watched: tuple[Line, ...] = ()
        self._stills: OrderedDict[Variant, Line] = OrderedDict()
        self._calls: Latest[None] = Latest()
        self._beat = Beat(_HANGS_S)
        self._running = False
        self._stopped = False
        self._skipped = self._stalled = 0

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
            return Counts(self._painter.count, skipped, self._stalled)

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
                self._refuse_more(self._same(wish.variant))
        finally:
            self._places.give_back()

    def still(self, variant: Variant) -> Part:
        """Return the newest picture; one that was just encoded for someone else is used again."""
        variant = self._same(variant)
        with self._lock:
            line = self._lines.get(variant) or self._stills.get(variant)
            if line is None:
                line = self._stills[variant] = self._line(variant)
                if len(self._stills) > MAX_VARIANTS:
                    self._stills.popitem(last=False)
        return line.still()

    def stop(self) -> None:
        """Let every viewer's stream end, and accept no more."""
        with self._lock:
            self._stopped = True
            viewings = list(self._viewings())
        for viewing in viewings:
            viewing.end()

    def _same(self, variant: Variant) -> Variant:
        """Return the one of all variants that always look like this one.

        The usual quality need not be asked for; but where nothing may be drawn, who asks for it
        does not want the camera's own JPEG. The time is drawn on every picture.
        """
        is_usual = variant.quality == self.show.settings.quality and "time" in variant.overlays
        return replace(variant, quality=None) if is_usual else variant

    def _take_place(self) -> None:
        if not self._places.take():
            raise TooMany(f"all {self._places.limit} places are taken; try again later")

    def _refuse_more(self, variant: Variant) -> None:
        if self._stopped:
            raise TooMany("pimotion is stopping")
        made = {self._painter.alike(each) for each in self._lines}
        if len(made) >= MAX_VARIANTS and self._painter.alike(variant) not in made:
            raise TooMany(
                f"this camera is already shown in {MAX_VARIANTS} variants of width, "
                "quality and overlay; choose one of those"
            )

    def _join(self, wish: Wish, address: str) -> tuple[Line, Viewing]:
        variant = self._same(wish.variant)
        with self._lock:
            self._refuse_more(variant)
            if not self._running:  # first, so that nothing is to be undone if it fails
                self._start(f"encode-{self.show.id}", self._run, self._beat)
                self._running = True
            if not self._lines:
                self.show.listen(self._hear)
            line = self._lines.setdefault(variant, self._line(variant))
            self._watched = tuple(self._lines.values())
            viewing = Viewing(line.parts, wish, partial(self._leave, variant), address)
            line.add(viewing)
        return line, viewing

    def _leave(self, variant: Variant, viewing: Viewing) -> None:
        with self._lock:
            self._skipped += viewing.skipped
            self._stalled += viewing.stalled
            line = self._lines[variant]
            line.remove(viewing)
            if not line.viewings:
                del self._lines[variant]
                self._watched = tuple(self._lines.values())
            if not self._lines:
                self.show.unlisten(self._hear)
        self._places.give_back()

    def _viewings(self) -> Iterator[Viewing]:
        return (viewing for line in self._lines.values() for viewing in line.viewings)

    def _line(self, variant: Variant) -> Line:
        return Line(self.show, variant, self._painter)

    def _hear(self) -> None:
        """Pass on what is a JPEG already, and call the encoder's thread for the rest."""
        passed_on = True
        for line in self._watched:
            passed_on &= line.follow(may_wait=False)
        if not passed_on:
            self._calls.put(None)

    def _run(self) -> None:
        seen = 0
        while self._goes_on():
            pause_s = self.show.pause_s()
            self._beat.rest(pause_s)
            call = self._calls.wait(seen, pause_s)
            self._beat.renew()
            seen = call.number if call else seen
            if len(self._watched) > MAX_VARIANTS:
                self._cut_surplus()
            for line in self._watched:
                line.follow(may_wait=True)

    def _cut_surplus(self) -> None:
        """End the streams of more variants than allowed: alike until the camera's size changed."""
        made: set[Variant] = set()
        surplus: list[Viewing] = []
        with self._lock:
            for asked, line in self._lines.items():
                variant = self._painter.alike(asked)
                if len(made) < MAX_VARIANTS or variant in made:
                    made.add(variant)
                else:
                    surplus += line.viewings
        for viewing in surplus:
            viewing.end()

    def _goes_on(self) -> bool:
        """Tell whether anything is watched; when nothing is, the thread has ended by this."""
        with self._lock:
            self._running = bool(self._lines) and not self._stopped
            return self._running
