"""Tells our own `online`, which comes back to us, from that of another node with our name. Pure.

Two fresh Pis are both called `raspberrypi`, and each would take the other's cameras for leftovers
of its own. So what looks like a leftover stays until it is certain that there is no other.
"""

from __future__ import annotations

import math

TWIN_WATCH_S = 25.0
"""A node says `online` every 10 s, so one with our name is heard within this time."""


class TwinWatch:
    """Hears whether another live node has our name. Not thread-safe: the mqtt thread owns it.

    It outlives a connection: what was met once may only be away for a moment, with its cameras
    retained at the broker.

    Attributes:
        has_met: There has been a twin since this program began.
        is_live: There is one now.
    """

    def __init__(self) -> None:
        self.has_met = False
        self.is_live = False
        self._own = 0
        self._began_s = math.inf
        self._heard_s = -math.inf

    def link_opened(self, now_s: float) -> None:
        """Listen anew: who spoke while we were away was not heard."""
        self._own = 0
        self._began_s = self._heard_s = now_s

    def sent(self) -> None:
        """Note that we said `online`; the broker says it to us as well."""
        self._own += 1

    def heard(self, now_s: float) -> bool:
        """Take in an `online` that is no retained one; return whether a twin begins to be there."""
        if self._own > 0:
            self._own -= 1
            return False
        is_new = not self.is_live
        self._heard_s = now_s
        self.is_live = self.has_met = True
        return is_new

    def is_gone(self, now_s: float) -> bool:
        """Return whether a twin was there that is silent now; True only once for each."""
        if not self.is_live or now_s - self._heard_s < TWIN_WATCH_S:
            return False
        self.is_live = False
        return True

    def is_alone(self, now_s: float) -> bool:
        """Tell whether it is certain that nobody else has our name."""
        return not self.has_met and now_s - self._began_s >= TWIN_WATCH_S
