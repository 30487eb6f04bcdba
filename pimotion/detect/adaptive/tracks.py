"""Regions of one picture -> the same thing from picture to picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from pimotion.detect.adaptive.blob import Blob
from pimotion.detect.adaptive.planes import share

SLOW_STEP_S = 0.25
"""Pictures further apart than this show a walking person at places that do not overlap."""
_REACH_RATIO = 0.05
_REACH_SIZES = 0.7
_SLOW_REACH = 3.0
_REACH_GROWTH, _REACH_PICTURES = 0.3, 4
"""How much further off, per picture out of sight, a thing may be found again."""
_AREA_RATIO, _PART_RATIO = 5.0, 25.0
"""What is 5 times as large is something else; but of one who leaves by the border or behind a tree
a small part is the last that is seen, where he was a moment ago."""
_BORDER_RATIO = 0.04
_FORGET_S = 0.35
"""A thing that is not trusted and has been out of sight for so long is gone."""
_REMEMBER_S = 2.5
"""The same for a trusted one: people walk behind trees and come back round the door."""
_IN_VIEW_S, _HIDDEN_S = 1.0, 1.5
"""A trusted thing that is out of sight for less than this is still there: behind a post, a twig. At
the border it may have left, but often has a foot in the picture; elsewhere it cannot have."""
_AWAY_S = 0.5
_MARK_S = 0.2 - 1e-6
_HABIT_S = 1.5
"""Over this time a track's presence and jitter are judged."""


@dataclass(slots=True, eq=False)
class Track:
    """One thing, as long as it is remembered. Lengths in px at half size, times as the frames'.

    Attributes:
        blob: Where it was last seen.
        first: Where it was first seen, or where trust in it ended.
        seen_s, unseen: When it was seen last, and in how many pictures it was missed since.
        sightings, chances: In how many pictures it was seen, of how many.
        seen_for_s: Time of its sightings less that of its misses, at least 0, since it was last
            out of sight for long. Pictures that are thinned to a rate are not evenly apart.
        settled: Where it was when it last moved on, and since when it is there.
        path: The way it went from picture to picture, px.
        mark, mark_s: Where it was when its way was last measured, and when.
        walked: The way it went until then, px.
        presence: Share of pictures it is seen in, of late; ``jitter``: how much its area varies.
        is_inside: It appeared away from the border.
        is_glow: It only added light so far, wherever it was seen.
        score: How sure it is at most so far, 0..1.
        weighed_s: When that, and whether it is scenery, was last asked.
        shown_s: When it counted last.
    """

    id: int
    blob: Blob
    first: Blob
    born_s: float
    seen_s: float
    settled: Blob
    settled_s: float
    mark: Blob
    is_inside: bool
    unseen: int = 0
    sightings: int = 1
    chances: int = 1
    seen_for_s: float = 0.0
    mark_s: float = -math.inf
    walked: float = 0.0
    path: float = 0.0
    velocity_x: float = 0.0
    velocity_y: float = 0.0
    presence: float = 1.0
    jitter: float = 0.0
    largest_px: float = 0.0
    is_glow: bool = True
    trusted: bool = False
    score: float = 0.0
    weighed_s: float = -math.inf
    shown_s: float = -math.inf

    @property
    def size(self) -> float:
        """The side of a square as large as its box, px."""
        blob = self.blob
        return math.sqrt(max(1, (blob.right - blob.x) * (blob.bottom - blob.y)))

    @property
    def way(self) -> float:
        """The way it went, px, from place to place a fifth of a second apart.

        `path` holds the trembling of each picture, too: the more of it the more pictures there are.
        """
        return self.walked + self.moved_from(self.mark)

    @property
    def life_s(self) -> float:
        """From its first to its last sighting."""
        return self.seen_s - self.born_s

    def moved_from(self, place: Blob) -> float:
        """How far its centre is from where it was, px."""
        return math.hypot(self.blob.centre_x - place.centre_x, self.blob.centre_y - place.centre_y)

    def see(self, blob: Blob, now_s: float, weight: float, step_s: float) -> None:
        """Take a sighting."""
        pictures = self.unseen + 1
        moved_x = blob.centre_x - self.blob.centre_x
        moved_y = blob.centre_y - self.blob.centre_y
        if self.unseen and now_s - self.seen_s > _AWAY_S:
            # It has to be seen for a moment before it counts again, and that is another visit.
            self.seen_for_s = 0.0
            self.born_s = now_s
        self.velocity_x += 0.4 * (moved_x / pictures - self.velocity_x)
        self.velocity_y += 0.4 * (moved_y / pictures - self.velocity_y)
        self.path += math.hypot(moved_x, moved_y)
        change = abs(blob.area_px - self.blob.area_px) / max(blob.area_px, self.blob.area_px)
        self.jitter += weight * (change - self.jitter)
        self.blob = blob
        if now_s - self.mark_s >= _MARK_S:
            self.walked += self.moved_from(self.mark)
            self.mark, self.mark_s = blob, now_s
        self.seen_s = now_s
        self.unseen = 0
        self.sightings += 1
        self.seen_for_s += step_s
        self.largest_px = max(self.largest_px, blob.area_px)

    def miss(self, step_s: float) -> None:
        """Take a picture in which it was not found."""
        self.unseen += 1
        self.seen_for_s = max(0.0, self.seen_for_s - step_s)

    def step(self, weight: float) -> None:
        """Count a picture, and note habits."""
        self.chances += 1
        self.presence += weight * ((self.unseen == 0) - self.presence)

    def doubt(self, now_s: float) -> None:
        """End the trust in it: it has to earn it anew, from where it is."""
        self.trusted = False
        self.first = self.blob
        self.born_s = now_s
        self.sightings = self.chances = 0
        self.seen_for_s = 0.0
        self.path = self.walked = 0.0
        self.mark, self.mark_s = self.blob, now_s
        self.settled_s = now_s


@dataclass(slots=True)
class Tracker:
    """Keeps the tracks of one scene at one size. Not thread-safe: owned by one method."""

    width: int
    height: int
    next_id: int = 1
    tracks: list[Track] = field(default_factory=list)

    def follow(self, blobs: Sequence[Blob], now_s: float, step_s: float) -> list[Track]:
        """Give each region to the track that it continues, or to a new one; return those gone."""
        weight = share(step_s, _HABIT_S)
        is_slow = step_s > SLOW_STEP_S
        pairs = sorted(self._pairs(blobs, now_s, is_slow=is_slow), key=lambda pair: pair[0])
        tracks_left, blobs_left = set(range(len(self.tracks))), set(range(len(blobs)))
        for _, number, index in pairs:
            if number in tracks_left and index in blobs_left:
                tracks_left.remove(number)
                blobs_left.remove(index)
                self.tracks[number].see(blobs[index], now_s, weight, step_s)
        for number in tracks_left:
            self.tracks[number].miss(step_s)
        for track in self.tracks:
            track.step(weight)
        gone = [track for track in self.tracks if _is_gone(track, now_s, step_s)]
        self.tracks = [track for track in self.tracks if track not in gone]
        self.tracks += [self._new(blobs[index], now_s, step_s) for index in sorted(blobs_left)]
        return gone

    def is_in_view(self, track: Track, now_s: float) -> bool:
        """Tell whether a trusted thing is there, though perhaps hidden behind something."""
        hidden_s = _HIDDEN_S if self.is_inside(track.blob) else _IN_VIEW_S
        return now_s - track.shown_s <= hidden_s

    def forget(self, track: Track) -> None:
        """Drop a track."""
        self.tracks.remove(track)

    def forget_untrusted(self) -> None:
        """Keep only what was believed; what was seen before may have been the light."""
        self.tracks = [track for track in self.tracks if track.trusted]

    def _pairs(
        self, blobs: Sequence[Blob], now_s: float, *, is_slow: bool
    ) -> list[tuple[float, int, int]]:
        pairs = []
        for number, track in enumerate(self.tracks):
            pictures = track.unseen + 1
            x = track.blob.centre_x + track.velocity_x * pictures
            y = track.blob.centre_y + track.velocity_y * pictures
            longest = max(track.blob.right - track.blob.x, track.blob.bottom - track.blob.y)
            reach = max(_REACH_RATIO * self.width, _REACH_SIZES * longest)
            reach *= 1 + _REACH_GROWTH * min(track.unseen, _REACH_PICTURES)
            reach *= _SLOW_REACH if is_slow else 1.0
            is_lost = now_s - track.seen_s > _FORGET_S
            for index, blob in enumerate(blobs):
                if is_lost and blob.is_doubtful:  # it is there by chance
                    continue
                shared = overlap_px(track.blob, blob)
                distance = math.hypot(blob.centre_x - x, blob.centre_y - y)
                ratio = blob.area_px / max(1.0, track.blob.area_px)
                least = 1 / (_PART_RATIO if shared and track.trusted else _AREA_RATIO)
                if (shared or distance < reach) and least < ratio < _AREA_RATIO:
                    pairs.append((distance - 0.5 * math.sqrt(shared), number, index))
        return pairs

    def is_inside(self, blob: Blob) -> bool:
        """Tell whether a region is away from the border."""
        margin = _BORDER_RATIO * self.width
        return min(blob.x, blob.y, self.width - blob.right, self.height - blob.bottom) > margin

    def _new(self, blob: Blob, now_s: float, step_s: float) -> Track:
        is_inside = self.is_inside(blob)
        track = Track(self.next_id, blob, blob, now_s, now_s, blob, now_s, blob, is_inside)
        track.mark_s = now_s
        track.largest_px = blob.area_px
        track.seen_for_s = step_s
        self.next_id += 1
        return track


def overlap_px(one: Blob, other: Blob) -> int:
    """Return how many pixels two boxes share."""
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    return width * height if width > 0 and height > 0 else 0


def _is_gone(track: Track, now_s: float, step_s: float) -> bool:
    """Told by time, but never by a single picture of a slow camera."""
    limit_s = _REMEMBER_S if track.trusted else _FORGET_S
    return track.unseen > 1 and now_s - track.seen_s > limit_s + step_s / 2
