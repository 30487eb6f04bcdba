"""The pictures of ``docs/detector.md``: a classic method and `adaptive` on the same frame.

    python -m benchmarks.detection.before_after docs/images/detector [--scenes NAME,NAME]
    python -m benchmarks.detection.before_after --mask docs/images/mask.jpg

Both methods watch a drawn scene from its beginning, with default settings. The moments were chosen
by eye, to show how a rule works; how often it works is what the benchmark counts. Red is reported,
blue is not, with its reason.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.detection.scenes import FPS, Shot, scene
from pimotion.config.camera import Detect
from pimotion.detect.detector import Detector
from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels, encode_bgr
from pimotion.render import Overlay, draw
from pimotion.types import Detection, Frame


@dataclass(frozen=True)
class Moment:
    """One frame of a drawn scene, and the method that `adaptive` is compared with."""

    seed: int
    at_s: float
    classic: str = "running_average"


MOMENTS = {
    "clouds": Moment(2, 21.7),
    "light-switch": Moment(3, 6.9),
    "auto-exposure": Moment(2, 7.0),
    "ir-cut": Moment(1, 18.4, "mog2"),
    "headlights": Moment(2, 20.4),
    "tree": Moment(1, 8.7),
    "shake": Moment(2, 7.3),
    "rain": Moment(1, 18.7, "mog2"),
    "snow": Moment(1, 6.7, "mog2"),
    "night": Moment(2, 20.5),
    "insects": Moment(2, 21.1),
    "stop-and-go": Moment(1, 7.4),
    "cast-shadow": Moment(3, 9.4),
}
"""By the name of the scene."""
MASK_SCENE, MASK_MOMENT = "clouds", Moment(4, 21.4)

TILE_WIDTH, MASK_WIDTH = 400, 720
MAX_BYTES = 38_000
_GAP_PX = 4


def pair(name: str, moment: Moment) -> Pixels:
    """Return both pictures side by side, shape (225, 804, 3), blue-green-red."""
    left, right = (
        _tile(_found(name, moment, method), method) for method in (moment.classic, "adaptive")
    )
    gap = np.full((left.shape[0], _GAP_PX, 3), 255, np.uint8)
    return as_pixels(np.hstack([left, gap, right]))


def mask_picture(name: str, moment: Moment) -> Pixels:
    """Return what *Why not?* shows on the page, 720 px wide, blue-green-red."""
    found = _found(name, moment, "adaptive")
    overlay = Overlay(boxes=found.boxes, rejected=found.rejected, judged=found)
    return draw(found.frame.picture, overlay, MASK_WIDTH).bgr()


def _found(name: str, moment: Moment, method: str) -> Detection:
    """Let a method watch a scene up to a moment."""
    detector = Detector(Detect.model_validate({"method": method}), zones={})
    detector.show_model(True)
    for index, shot in enumerate(scene(name, seed=moment.seed)):
        found = detector.detect(_frame(shot, index))
        if index == round(moment.at_s * FPS):
            return found
    raise ValueError(f"{name} is over before {moment.at_s} s")


def _frame(shot: Shot, index: int) -> Frame:
    picture = Picture.from_bgr(shot.image)
    return Frame(picture, index, 1000 + shot.time_s, shot.time_s, None, session=1)


def _tile(found: Detection, caption: str) -> Pixels:
    overlay = Overlay(boxes=found.boxes, rejected=found.rejected, caption=caption)
    return draw(found.frame.picture, overlay, TILE_WIDTH).bgr()


def _write(path: Path, picture: Pixels) -> None:
    """Write a JPEG of the best quality that fits."""
    jpegs = (encode_bgr(picture, quality) for quality in range(90, 10, -5))
    jpeg = next(jpeg for jpeg in jpegs if len(jpeg) <= MAX_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg)


def _write_pairs(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        _write(folder / f"{name}.jpg", pair(name, MOMENTS[name]))


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="for the pairs")
    parser.add_argument("--scenes", default=",".join(MOMENTS))
    parser.add_argument("--mask", type=Path, metavar="FILE.jpg", help="for the mask overlay")
    options = parser.parse_args()
    if options.folder:
        _write_pairs(options.folder, options.scenes.split(","))
    if options.mask:
        _write(options.mask, mask_picture(MASK_SCENE, MASK_MOMENT))


if __name__ == "__main__":
    main()
