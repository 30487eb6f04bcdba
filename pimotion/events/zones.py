"""Which zones have motion: each is on from its first motion until its own quiet time is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pimotion.config.camera import Zone

ROUNDING_S = 1e-6
"""Frames 0.3 s apart differ by 0.29999999999998 s when the monotonic clock is large."""


class ZoneMotion:
    """On or off for each zone of a camera. Not thread-safe. Times are the frames'.

    Args:
        zones: By id; a zone without an ``event_gap_s`` of its own takes ``event_gap_s``.
    """

    def __init__(self, zones: Mapping[str, Zone], *, event_gap_s: float) -> None:
        self._own_gap_s = {name: zone.event_gap_s for name, zone in zones.items()}
        self._moved_at_s: dict[str, float] = {}
        self.set_event_gap(event_gap_s)

    def set_event_gap(self, seconds: float) -> None:
        """Change the quiet time of all zones that have none of their own."""
        self._gap_s = {
            name: seconds if own_s is None else own_s for name, own_s in self._own_gap_s.items()
        }

    @property
    def order(self) -> tuple[str, ...]:
        """All ids in the order of the configuration."""
        return tuple(self._gap_s)

    @property
    def states(self) -> Mapping[str, bool]:
        """Whether each zone has motion, in the order of the configuration."""
        return {name: name in self._moved_at_s for name in self._gap_s}

    def moved(self, names: Iterable[str], now_s: float) -> None:
        """Note that these zones have motion now."""
        self._moved_at_s.update(dict.fromkeys(names, now_s))

    def expire(self, now_s: float) -> None:
        """Turn off the zones that have been quiet for long enough."""
        self._moved_at_s = {
            name: moved_at_s
            for name, moved_at_s in self._moved_at_s.items()
            if now_s - moved_at_s < self._gap_s[name] - ROUNDING_S
        }

    def clear(self) -> None:
        """Turn all zones off."""
        self._moved_at_s = {}
