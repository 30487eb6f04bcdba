"""How long a scene has been looked at, and whether that is long enough."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_STEP_S = 1.0
_WARM_S, _WARM_PICTURES = 2.0, 4


@dataclass(slots=True)
class Age:
    """Counts the pictures of one scene and their time. Not thread-safe: owned by one method.

    Warm-up takes ``warmup_frames`` pictures, but no longer than 2 s and 5 pictures: a camera of 2
    frames a second would be blind for 16 s.

    Attributes:
        now_s: When the newest picture was taken.
        step_s: Time since the one before, at most 1 s: a longer pause says nothing of the scene.
    """

    warmup_frames: int
    now_s: float = 0.0
    step_s: float = 0.0
    _began_s: float = 0.0
    _pictures: int = 0

    def step_to(self, now_s: float) -> None:
        """Take a picture's time."""
        if self._pictures == 0:
            self._began_s = self.now_s = now_s
        self.step_s = min(max(now_s - self.now_s, 0.0), _LONGEST_STEP_S)
        self.now_s = now_s
        self._pictures += 1

    @property
    def is_warm(self) -> bool:
        """Tell whether something can count."""
        if self._pictures > self.warmup_frames:
            return True
        return self._pictures > _WARM_PICTURES and self.now_s - self._began_s >= _WARM_S
