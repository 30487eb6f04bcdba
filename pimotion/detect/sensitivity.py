"""One law for all methods: what a step of ``sensitivity`` means."""

from __future__ import annotations

import math


def sensitivity_scale(sensitivity: int) -> float:
    """Return what every threshold is multiplied with: twice as strict for each 25 steps down.

    1 -> 3.9, 25 -> 2, 50 -> 1, 75 -> 0.5, 100 -> 0.25. The law is geometric because noise and
    contrast are: a step feels the same wherever the slider stands.
    """
    return math.pow(2, (50 - sensitivity) / 25)
