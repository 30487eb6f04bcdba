"""In snow and rain, who goes another way than what falls."""

from __future__ import annotations

import math
from collections import deque

from pimotion.detect.adaptive.tracks import Track
from pimotion.detect.adaptive.weather import DRY

_ONE = 0.72
"""Of what flakes side by side may have, a region of less was only let through as a doubtful one."""
_SEEN_S = 0.4
"""Flakes that pass each other look like one thing for less than this."""
_GROUP, _LOOSE = 1.5, 0.4
"""Groups of flakes are up to half as large again, and have less than 0.4 of their box."""
_DRIFT_RATIO_S, _DRIFT_S = 0.05, 2.5
"""What goes their way by a twentieth of the width in a second, and less to a side, goes with them;
for 2.5 s at most, as people come down a picture, too."""
_ACROSS, _FAR_RATIO, _STRAIGHT = 2.0, 0.05, 0.6
"""Who goes another way leaves theirs by twice what he follows it, goes a twentieth of the width,
and 0.6 of his way leads away: flakes that are taken for each other go to and fro."""
_KNOWN, _KNOWN_S, _LEAST_LIFE_S = 10, 60.0, 0.06
"""So many that came and went tell the way they all go; wind keeps its direction for a minute."""
_COMMON = 0.3
"""Least share of their ways that has to add up for that; else they fall straight down."""


class Flakes:
    """Knows which way snow goes at present. Not thread-safe: owned by one trust.

    Wind lets flakes go aside, and near ones are as large as people far away. But they all go one
    way: who goes another is none of them, however small he is.

    Attributes:
        falling: The snow; or rain, of which drops side by side, one after the other, may look like
            one thing that goes on.
    """

    def __init__(self, width: int) -> None:
        self.falling = DRY
        self._width = width
        self._gone: deque[tuple[float, float, float]] = deque(maxlen=200)
        self._way = (0.0, 1.0)

    def is_one(self, track: Track) -> bool:
        """Tell whether something that came and went unbelieved was no larger than a flake."""
        return track.largest_px < _ONE * self.falling.side_by_side_px

    def note(self, gone: list[Track], now_s: float) -> None:
        """Learn which way flakes go, from those that came and went."""
        for track in gone:
            is_flake = not track.trusted and track.largest_px < self.falling.side_by_side_px
            if is_flake and track.life_s > _LEAST_LIFE_S:
                self._gone.append((now_s, *_moved(track)))
        if self._gone and self._gone[-1][0] == now_s:
            while now_s - self._gone[0][0] > _KNOWN_S:
                self._gone.popleft()
            self._way = self._common_way()

    def may_be(self, track: Track) -> bool:
        """Tell whether something may be flakes yet."""
        area_px = track.blob.area_px
        if self.falling.glows and not track.is_glow:
            return False
        if self.falling.is_rain and not track.blob.is_doubtful:
            return False
        if area_px < self.falling.side_by_side_px:
            if track.seen_for_s < _SEEN_S:
                return True
            if area_px < _ONE * self.falling.side_by_side_px and not self._leaves_their_way(track):
                return True
        elif area_px > min(_GROUP * self.falling.side_by_side_px, _LOOSE * track.blob.box_px):
            return False
        return self._goes_with_them(track)

    def _goes_with_them(self, track: Track) -> bool:
        if track.seen_for_s > _DRIFT_S:
            return False
        along, across = self._by_their_way(track)
        return along > max(across, _DRIFT_RATIO_S * self._width * track.life_s)

    def _leaves_their_way(self, track: Track) -> bool:
        if len(self._gone) < _KNOWN:
            return False
        along, across = self._by_their_way(track)
        moved = math.hypot(along, across)
        is_far = moved > max(_FAR_RATIO * self._width, _STRAIGHT * track.way)
        return across > _ACROSS * along and is_far

    def _by_their_way(self, track: Track) -> tuple[float, float]:
        """Return how far something went along their way and across it, px; against it is < 0."""
        (x, y), (way_x, way_y) = _moved(track), self._way
        return x * way_x + y * way_y, abs(x * way_y - y * way_x)

    def _common_way(self) -> tuple[float, float]:
        x, y = sum(each[1] for each in self._gone), sum(each[2] for each in self._gone)
        together = math.hypot(x, y)
        apart = sum(math.hypot(each[1], each[2]) for each in self._gone)
        if len(self._gone) < _KNOWN or together <= _COMMON * apart:
            return 0.0, 1.0
        return x / together, y / together


def _moved(track: Track) -> tuple[float, float]:
    return (
        track.blob.centre_x - track.first.centre_x,
        track.blob.centre_y - track.first.centre_y,
    )
