"""Pictures of scenes, for documents and for looking at them with one's own eyes.

    python -m benchmarks.detection.sheet FILE.png [--scenes NAME,NAME] [--seed 1] [--at 4,8,15]

A row is a scene, a column a moment; what is true is framed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.detection.scenes import FPS, SCENES, SECONDS, SIZE, Shot, scene
from pimotion.pixels import Pixels, as_pixels

RED, YELLOW = (60, 60, 230), (80, 230, 250)


def sheet(names: Sequence[str], *, seed: int, at_s: Sequence[float]) -> Pixels:
    """Return a picture of shape (rows * 270, columns * 480, 3), uint8, blue-green-red."""
    return as_pixels(np.vstack([_row(name, seed, at_s) for name in names]))


def _row(name: str, seed: int, at_s: Sequence[float]) -> Pixels:
    wanted = {round(moment * FPS) for moment in at_s}
    # As long as in the benchmark, since another length is another scene; but no more is drawn.
    shots = islice(scene(name, seed=seed, seconds=SECONDS, size=SIZE, fps=FPS), max(wanted) + 1)
    tiles = [_tile(name, shot) for index, shot in enumerate(shots) if index in wanted]
    return as_pixels(np.hstack(tiles))


def _tile(name: str, shot: Shot) -> Pixels:
    tile = shot.image.copy()
    for box in shot.visitors:
        corner = (box.x + box.width - 1, box.y + box.height - 1)
        cv2.rectangle(tile, (box.x, box.y), corner, RED, 1)
    caption = f"{name}  {shot.time_s:.1f} s"
    cv2.putText(tile, caption, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, YELLOW, 1, cv2.LINE_AA)
    return tile


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--scenes", default=",".join(SCENES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at", default="4,8,15.5", help="moments, seconds, under 30")
    options = parser.parse_args()
    at_s = [float(moment) for moment in options.at.split(",")]
    picture = sheet(options.scenes.split(","), seed=options.seed, at_s=at_s)
    if not cv2.imwrite(str(options.file), picture):
        raise SystemExit(f"{options.file} cannot be written")


if __name__ == "__main__":
    main()
