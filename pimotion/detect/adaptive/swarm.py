"""Insects and leaves: what comes and goes in numbers, and who stands out from it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from pimotion.detect.adaptive.tracks import Track

_BRIEF_S = 1.2
"""What goes unbelieved within this time came and went; leaves that sway on are another matter."""
_MEMORY_S, _RATE, _LEAST = 12.0, 0.4, 2
"""More than 0.4 short-lived tracks a second, over 12 s or as long as there were pictures, and more
than two, are insects or leaves."""
_SIZES, _MOST_S = 3.0, 0.85
"""Among them a thing has to be 3 times as large as most, or to outlive them, 0.85 s at most; in
mid-air it has to be seen for so long."""
_GLOWS, _GLOW_S = 0.9, 0.7
"""If 9 of 10 are glows they are insects at a lamp, of which another glow is one unless it is seen
for 0.7 s, and what is no glow is none."""


class _Brief(NamedTuple):
    gone_s: float
    largest_px: float
    life_s: float
    is_glow: bool


class Swarm:
    """Remembers what came and went unbelieved. Not thread-safe: owned by one trust."""

    def __init__(self) -> None:
        self._began_s = math.inf
        self._watched_s = 0.0
        self._gone: deque[_Brief] = deque(maxlen=200)

    def note(self, gone: Iterable[Track], now_s: float) -> None:
        """Take in what has gone by this picture, believed or not."""
        self._began_s = min(self._began_s, now_s)
        self._watched_s = min(now_s - self._began_s, _MEMORY_S)
        for track in gone:
            if not track.trusted and track.life_s < _BRIEF_S:
                entry = _Brief(now_s, track.largest_px, track.life_s, track.is_glow)
                self._gone.append(entry)
        while self._gone and now_s - self._gone[0].gone_s > _MEMORY_S:
            self._gone.popleft()

    def needed_s(self, track: Track, alone_s: float) -> tuple[float, bool]:
        """Return for how long a thing has to be seen, and whether that is for the swarm's sake.

        Args:
            track: The thing.
            alone_s: For how long it would have to be seen without a swarm.
        """
        if len(self._gone) <= max(_LEAST, _RATE * self._watched_s):
            return alone_s, False
        are_glows = sum(each.is_glow for each in self._gone) >= _GLOWS * len(self._gone)
        if are_glows and not track.is_glow:
            return alone_s, False
        ninth = int(0.9 * (len(self._gone) - 1))
        if track.blob.area_px >= _SIZES * sorted(each.largest_px for each in self._gone)[ninth]:
            return alone_s, False
        if track.is_inside:  # so do insects; people mostly come in by the border
            return _MOST_S, True
        outlived_s = min(_MOST_S, 1.25 * sorted(each.life_s for each in self._gone)[ninth] + 0.1)
        swarm_s = max(outlived_s, _GLOW_S) if are_glows else outlived_s
        return max(alone_s, swarm_s), swarm_s > alone_s
