"""Which things to believe: what moves on like a thing, and not like leaves, flakes, or light."""

from __future__ import annotations

import math

import numpy as np

from pimotion.detect.adaptive.flakes import Flakes
from pimotion.detect.adaptive.planes import Plane
from pimotion.detect.adaptive.scene import Scene, correlation
from pimotion.detect.adaptive.swarm import Swarm
from pimotion.detect.adaptive.tracks import SLOW_STEP_S, Track, overlap_px
from pimotion.detect.adaptive.weather import DRY, Falling
from pimotion.pixels import Pixels

_LONG_ENOUGH_S = 0.28
_INSIDE_S = 0.4
"""What appears in mid-air has to be seen for longer than what comes in by the border."""
_GLOW, _GLOW_INSIDE_S = 0.1, 0.7
"""Of what only adds light less than a tenth is darker than the scene: an insect, a flake or a drop
near a lamp. In drawn infrared light that was so for all of 2200 sightings of insects, and for 46 %
of those of people, who showed something dark sooner or later."""
_ROUNDING_S = 1e-6
_SPECK_PX = 1.5
"""Everything may count (`min_area_ratio` 0); smaller than this there is nothing."""
_FAINT, _FAINT_SLOPE, _CLEAR = 1.4, 0.3, 0.9
"""The smallest thing that counts has to be seen for 1.4 times as long: noise and leaves are as
small as that. Each doubling of its area takes 0.3 off, down to 0.9; tried on drawn scenes, at 10
and 15 frames a second."""
_FILLED, _FILLED_S = 0.15, 0.8
"""A thing fills a seventh of its box, though only parts of it may differ from what is behind; the
leaves of a gust, taken together, do not, and not for 0.8 s. Somebody and the rim of his long shadow
do not fill theirs either, and for longer."""
_DENSE = 0.6
"""Least share of the pictures in which a thing is seen; a study's value."""
_SIZES_A_S = 7.0
"""Insects near the lens go many times their own size in a second; people and cars 1 to 4."""
_FAST_LIFE_S = 1.2
_GLOW_SIZES_A_S, _GLOW_OUTSIDE_SIZES_A_S, _FAST_GLOW_LIFE_S = 4.0, 6.3, 2.0
"""What only adds light is one sooner: at 4 sizes a second, or 6.3 if it came in by the border, as
a part of somebody does; and for 2 s. In drawn infrared light and at night nearly all that was
seen of people went slower, and two of three insects that were taken for them went faster."""
_RUN_STRAIGHT, _RUN_AREAS = 0.85, 6.0
"""What comes in by the border, is six times as large as the least and goes straight on, 0.85 of its
way, may be as fast as it is: a dog runs eight lengths a second."""
_LARGE_AREAS, _LARGE_SOLID, _SLOW_SIGHTINGS = 12.0, 0.35, 2
"""With under 4 pictures a second what is large and solid counts at first sight; else the second is
waited for, as no drop, flake or insect lasts."""
_SLOW_SWARM_SIGHTINGS, _SLOW_STRAIGHT = 3, 0.7
"""Where many come and go one may be taken for another: they seldom make a straight way of three."""
_MOVED_SIZES = 0.45
_MOVED_MOST_RATIO, _MOVED_LEAST_RATIO = 0.08, 0.012
"""To move on is to go 0.45 of one's size, but 1.2 % of the width at least; 8 % is enough for all.
The values are that study's."""
_STRAIGHT, _STRAIGHT_SIZES, _STRAIGHT_S = 0.45, 0.12, 0.4
"""0.12 sizes are enough for what went straight for 0.4 s: 0.45 of its way or more led away."""
_GROWN, _GROW_S = 1.2, 0.8
_STEADY, _SOLID = 0.15, 0.25
"""Who comes straight towards the camera hardly moves in the picture, but is 1.2 times as tall after
0.8 s and more; leaves and curtains change their area more than by 0.15 from picture to picture."""
_PART, _PART_OUTSIDE = 0.5, 0.1
"""Less than half of the box a thing was first seen in, and a tenth of it outside at most: it came
apart, which moves its centre, too. So does the skirting board that a shaking camera shows."""
_SAME_STRUCTURE, _STILL_SAME_STRUCTURE = 0.7, 0.6
"""Correlation of contrasts from which on a place is as before, only brighter, darker or blurred."""
_STILL_S, _LONG_STILL_S = 1.0, 4.0
_EMPTY, _LONG_EMPTY = 0.6, 0.8
"""A place with so much less contrast than the scene has there is one that something has left; the
longer it stands still, the surer."""
_RESTLESS_S, _PRESENT, _JITTER = 3.0, 0.75, 0.22
"""What stays in its place for 3 s and is seen in under 0.75 of the pictures, or changes its area by
more than 0.22 from one to the next, is no thing; that study's values."""
_FAR_RATIO = 1 / 8
"""To go an eighth of the width is to go far even for somebody larger, who is only nearer."""


class Trust:
    """Judges tracks. Not thread-safe: owned by one method.

    Args:
        width: Of the pictures, px at half size.
        least_px: Area of the smallest object that counts, px at half size.
        absorb_s: How long something that stands still goes on counting.
    """

    def __init__(self, width: int, *, least_px: float, absorb_s: float) -> None:
        self._width = width
        self.set_least_px(least_px)
        self._absorb_s = absorb_s
        self._flakes = Flakes(width)
        self._swarm = Swarm()

    def set_least_px(self, least_px: float) -> None:
        """Change the area of the smallest object that counts, px at half size."""
        self._least_px = max(_SPECK_PX, least_px)

    def note(self, gone: list[Track], now_s: float, falling: Falling = DRY) -> None:
        """Remember what clutter looks like.

        Args:
            gone: What came and went, believed or not.
            now_s: When the picture was taken.
            falling: The rain or snow.
        """
        self._flakes.falling = falling
        self._flakes.note(gone, now_s)
        self._swarm.note((track for track in gone if not self._flakes.is_one(track)), now_s)

    def doubts(self, track: Track, scene: Scene, step_s: float) -> str | None:
        """Return the rule that keeps a track from being believed; None to believe it."""
        if track.blob.area_px < self._least_px:
            return "too_small"
        if track.is_glow:
            track.is_glow = scene.darker_share(track.blob.sample) < _GLOW
        is_filled = track.blob.area_px > _FILLED * track.blob.box_px
        if not is_filled and track.seen_for_s < _FILLED_S:
            return "clutter"
        doubt = self._doubts_sight(track) if step_s > SLOW_STEP_S else self._doubts_way(track)
        if doubt is None and _sameness(track, scene) > _SAME_STRUCTURE:
            return "light"
        return doubt

    def _doubts_sight(self, track: Track) -> str | None:
        """Judge what a slow camera sees too seldom to watch how it moves."""
        _, is_swarm = self._swarm.needed_s(track, 0.0)
        if is_swarm:
            is_straight = track.moved_from(track.first) > _SLOW_STRAIGHT * track.path
            is_long = track.sightings >= _SLOW_SWARM_SIGHTINGS
            return None if is_straight and is_long else "clutter"
        is_large = track.blob.area_px > _LARGE_AREAS * self._least_px
        is_solid = track.blob.area_px > _LARGE_SOLID * track.blob.box_px
        is_certain = track.sightings >= _SLOW_SIGHTINGS or (is_large and is_solid)
        return None if is_certain else "too_short"

    def _doubts_way(self, track: Track) -> str | None:
        needed_s, is_swarm = self._needed_s(track)
        if track.seen_for_s < needed_s - _ROUNDING_S:
            return "clutter" if is_swarm else "too_short"
        if track.sightings < _DENSE * track.chances:
            return "flicker"
        if self._flakes.may_be(track):
            return "clutter"
        if _is_fast(track) and not self._runs(track, is_swarm):
            return "too_fast"
        return None if self._moves_on(track) else "flicker"

    def _runs(self, track: Track, is_swarm: bool) -> bool:
        """Tell whether what is fast came in by the border and goes straight on: no insect does."""
        is_straight = track.moved_from(track.first) > _RUN_STRAIGHT * track.way
        is_large = track.blob.area_px > _RUN_AREAS * self._least_px
        return is_straight and is_large and not track.is_inside and not is_swarm

    def _needed_s(self, track: Track) -> tuple[float, bool]:
        inside_s = _GLOW_INSIDE_S if track.is_glow else _INSIDE_S
        needed_s = inside_s if track.is_inside else _LONG_ENOUGH_S
        needed_s *= self._patience(track)
        return self._swarm.needed_s(track, needed_s)

    def _patience(self, track: Track) -> float:
        doublings = math.log2(track.blob.area_px / self._least_px)
        return max(_CLEAR, _FAINT - _FAINT_SLOPE * doublings)

    def _moves_on(self, track: Track) -> bool:
        if _came_apart(track):
            return False
        least = _MOVED_LEAST_RATIO * self._width
        moved = track.moved_from(track.first)
        if track.life_s > _STRAIGHT_S and moved > _STRAIGHT * track.way:
            return moved > max(least, _STRAIGHT_SIZES * track.size)
        needed = max(least, min(_MOVED_SIZES * track.size, _MOVED_MOST_RATIO * self._width))
        if moved > needed:
            return True
        if self._grows(track):
            return True
        now, first = track.blob, track.first
        edge = max(
            abs(now.x - first.x),
            abs(now.y - first.y),
            abs(now.right - first.right),
            abs(now.bottom - first.bottom),
        )
        return edge > 1.3 * needed and moved > 0.4 * needed

    def _grows(self, track: Track) -> bool:
        """Tell whether it comes nearer: taller and larger, its feet further down, and steadily."""
        now, first = track.blob, track.first
        taller = now.bottom - now.y > _GROWN * (first.bottom - first.y)
        larger = now.area_px > _GROWN**2 * first.area_px
        is_steady = track.presence > _PRESENT and track.jitter < _STEADY
        is_solid = now.area_px > _SOLID * now.box_px
        comes = taller and larger and now.bottom > first.bottom
        return comes and is_steady and is_solid and track.life_s > _GROW_S

    def settles(self, track: Track, now_s: float) -> None:
        """Note whether a track moved on; doubt it when it only flickers in its place."""
        if track.moved_from(track.settled) > max(0.02 * self._width, 0.4 * track.size):
            track.settled = track.blob
            track.settled_s = now_s
        elif track.trusted and now_s - track.settled_s > _RESTLESS_S and _is_restless(track):
            track.doubt(now_s)

    def is_scenery(self, track: Track, scene: Scene, picture: Pixels, now_s: float) -> bool:
        """Tell whether what stands still is scenery: light, long there, or an empty place."""
        still_s = now_s - track.settled_s
        if track.unseen or still_s < _STILL_S:
            return False
        if still_s > self._absorb_s or scene.is_as_earlier(picture, track.blob.sample):
            return True
        now, then = _contrasts(track, scene)
        empty = _EMPTY if still_s < _LONG_STILL_S else _LONG_EMPTY
        has_left = np.abs(now).sum() < empty * np.abs(then).sum()
        return bool(has_left) or correlation(now, then) > _STILL_SAME_STRUCTURE

    def strength(self, track: Track, scene: Scene) -> float:
        """Return how sure a thing is, 0..1.

        The geometric mean of four shares, each 0 to 1 and rising: how clearly it differs from what
        is behind it, how large it is (half at 4 times the least area), for how long it has been
        seen (half at 1 s), and how far it went (half at its own size, or at an eighth of the
        width: who is near is large, and no less sure).
        """
        now, then = _contrasts(track, scene)
        clear = 1 - max(0.0, correlation(now, then))
        large = track.largest_px / (track.largest_px + 4 * self._least_px)
        moved = track.moved_from(track.first)
        far = moved / (moved + min(track.size, _FAR_RATIO * self._width))
        long = track.life_s / (track.life_s + 1)
        return math.pow(clear * large * far * long, 1 / 4)


def _is_fast(track: Track) -> bool:
    sizes_a_s = track.path / max(track.life_s, 0.1) / track.size
    if not track.is_glow:
        return sizes_a_s > _SIZES_A_S and track.life_s < _FAST_LIFE_S
    most = _GLOW_SIZES_A_S if track.is_inside else _GLOW_OUTSIDE_SIZES_A_S
    return sizes_a_s > most and track.life_s < _FAST_GLOW_LIFE_S


def _came_apart(track: Track) -> bool:
    now_px, first_px = track.blob.box_px, track.first.box_px
    outside_px = now_px - overlap_px(track.blob, track.first)
    return now_px < _PART * first_px and outside_px < _PART_OUTSIDE * now_px


def _is_restless(track: Track) -> bool:
    return track.presence < _PRESENT or track.jitter > _JITTER


def _sameness(track: Track, scene: Scene) -> float:
    return correlation(*_contrasts(track, scene))


def _contrasts(track: Track, scene: Scene) -> tuple[Plane, Plane]:
    """The contrasts of now and then where the structure changed inside a track's box."""
    box = track.blob.sample
    structure = scene.structure
    changed = structure.changed[box] > 0
    return structure.contrast_now[box][changed], structure.contrast_then[box][changed]
