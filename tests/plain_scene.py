"""A scene without anything in it, at the size that `adaptive` works at."""

from __future__ import annotations

import numpy as np

from pimotion.detect.adaptive.scene import Scene

WIDTH, HEIGHT = 160, 90
GREY = 100


def plain_scene() -> Scene:
    """Return it after it was shown a picture of itself."""
    scene = Scene(WIDTH, HEIGHT)
    picture = np.full((HEIGHT, WIDTH), GREY, np.uint8)
    scene.restart(picture)
    scene.compare(picture, 0.0)
    return scene
