"""The still scene: what it looks like in the light of now, and what of a picture differs from it.

Two questions are asked of each pixel. *Did its grey change* by more than it varies here, once the
light as a whole is accounted for? *Did its structure change?* The second is the one to believe, and
the first only fills in what is smooth. Thresholds follow the deviation that each pixel shows (as in
SuBSENSE, St-Charles et al. 2015) and how often it toggles (their blinking pixels).
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from pimotion.detect.adaptive.grey import Grey
from pimotion.detect.adaptive.planes import SQUARE_PX, Box, Plane, mask, plane, share
from pimotion.detect.adaptive.structure import AROUND_PX, Structure
from pimotion.pixels import Pixels, as_pixels

_SCENE_S = 10.0
"""How fast the scene follows what is not a trusted object; a study's value (time constant)."""
_VARIATION_S = 3.0
_YOUNG_S = 1.5
"""The plain mean of all pictures up to this age: who stands in the first is soon outvoted."""
_LEARN_S = 0.2
"""One picture in so long is learnt from, as it takes seconds to learn anything; it costs a third,
and the same is learnt of leaves at any frame rate."""
_AS_EARLIER = 0.5
"""What was there before has to explain a place twice as well as what is there now."""
_ALIKE, _ALIKE_MORE = 0.4, 0.3
"""In another light it has to correlate by 0.4, and by 0.3 more than what is there now. Places that
somebody left, in a drawn garden with 252 visits and lamps, had 0.56 to 0.98 against 0.26 at most.
"""
_LIGHT_PX = (31, 31)
"""Light is what is the same over a fifth of the picture's width."""
_WHITE = 250
_MARGIN_PX = AROUND_PX[0] // 2


class Scene:
    """The model of one still scene at one size. Not thread-safe: owned by one method.

    Attributes:
        background: Its grey under the light of now, shape (height, width), uint8.
        grey: Where grey changed, and its thresholds.
        structure: Where structure changed, and the contrasts of now and then.
    """

    def __init__(self, width: int, height: int) -> None:
        shape = (height, width)
        self.background = mask(shape)
        self.grey, self.structure = Grey(shape), Structure(shape)
        self._mean, self._earlier = plane(shape), plane(shape)
        self._free, self._white = mask(shape), mask(shape)
        self._picture = self.background
        self._dark = mask(shape)
        self._strictness = 1.0
        self._age_s = self._unlearnt_s = 0.0
        self._step_s = 0.0
        self._is_to_learn = True
        self._pictures = 0

    def restart(self, picture: Pixels) -> None:
        """Take a picture of shape (height, width), uint8, for the scene; forget all else."""
        np.copyto(self._mean, picture)
        self.replace(picture)
        self.grey.restart()
        self.structure.restart()
        self._age_s = 0.0
        self._pictures = 1

    def replace(self, picture: Pixels) -> None:
        """Take a picture for the scene; keep what was there before, and how pixels vary."""
        # In the light of now: somebody dark is not the dark place that was there before a lamp.
        np.copyto(self._earlier, self._mean)
        self._earlier *= cv2.blur(picture.astype(np.float32) + 1, _LIGHT_PX)
        self._earlier /= cv2.blur(self._mean + 1, _LIGHT_PX)
        np.copyto(self._mean, picture)
        self._refresh()

    def set_strictness(self, factor: float) -> None:
        """Multiply all thresholds; see `sensitivity_scale`."""
        self._strictness = factor
        self._refresh()

    def scale(self, ratio: float, picture: Pixels) -> None:
        """Make the scene this much brighter, to go with a picture.

        What was white in it is as the picture shows it: nobody knows how much whiter it was.
        """
        cv2.threshold(self.background, _WHITE - 1, 255, cv2.THRESH_BINARY, dst=self._white)
        for seen in (self._mean, self._earlier):
            np.multiply(seen, np.float32(ratio), out=seen)
        if ratio < 1 and cv2.hasNonZero(self._white):
            cv2.dilate(self._white, SQUARE_PX, dst=self._white)
            np.copyto(self._mean, picture, where=self._white.view(np.bool_))
        self._refresh()

    def compare(self, picture: Pixels, step_s: float) -> None:
        """Ask both questions of a picture.

        Args:
            picture: Shape (height, width), uint8.
            step_s: Time since the picture before.
        """
        self._step_s = step_s
        self._picture = picture
        is_young = self._age_s + step_s < _YOUNG_S
        self._is_to_learn = is_young or self._unlearnt_s + step_s >= _LEARN_S
        self.grey.compare(picture)
        self.structure.compare(picture, to_learn=self._is_to_learn)

    def learn(self, picture: Pixels, objects: Pixels) -> None:
        """Follow a picture, but not where objects are.

        Args:
            picture: The one that `compare` was given, or what it was before it was smoothed.
            objects: What must not be learnt, shape (height, width), uint8, 0 or 255.
        """
        self._age_s += self._step_s
        self._unlearnt_s += self._step_s
        self._pictures += 1
        if not self._is_to_learn:
            return
        is_young = self._age_s < _YOUNG_S
        step_s, self._unlearnt_s = self._unlearnt_s, 0.0
        free = as_pixels(cv2.bitwise_not(objects, dst=self._free))
        if is_young:
            cv2.accumulateWeighted(picture, self._mean, 1 / self._pictures)
        else:
            cv2.accumulateWeighted(picture, self._mean, share(step_s, _SCENE_S), mask=free)
        weight = max(share(step_s, _VARIATION_S), 1 / self._pictures)
        self.grey.learn(picture, self.background, free, weight, step_s)
        self.structure.learn(free, weight, step_s, is_young=self._age_s < _VARIATION_S)
        self.structure.remember_gusts(step_s)
        self._refresh()

    def absorb(self, picture: Pixels, x: int, y: int, right: int, bottom: int) -> None:
        """Take what is in a box for the scene from now on; right and bottom exclusive."""
        box = slice(y, bottom), slice(x, right)
        self._earlier[box] = self._mean[box]
        self._mean[box] = picture[box]
        self._refresh()

    def darker(self, box: Box) -> Pixels:
        """Return where in a box the picture is darker by half of what counts, uint8, 0 or 255.

        The next call overwrites it.
        """
        dark = self._dark[box]
        cv2.subtract(self.background[box], self._picture[box], dst=dark)
        cv2.add(dark, dark, dst=dark)
        cv2.compare(dark, self.grey.threshold[box], cv2.CMP_GT, dst=dark)
        return dark

    def darker_share(self, box: Box) -> float:
        """Return which share of what changed in a box is darker than the scene now, 0..1."""
        changed = np.maximum(self.grey.changed[box], self.structure.changed[box]) > 0
        # By half of what counts as a change: what is darker by less is noise between bright parts.
        margin = self.grey.threshold[box] // 2
        darker = self._picture[box] < self.background[box].astype(np.int16) - margin
        return float(np.count_nonzero(darker & changed)) / max(1, int(np.count_nonzero(changed)))

    def is_as_earlier(self, picture: Pixels, box: Box) -> bool:
        """Tell whether a box looks as it did before it was taken anew: what stood there has left.

        By its grey in the same light; by its structure in another one, after a lamp was switched.
        """
        changed = self.structure.changed[box] > 0
        earlier, mean = self._earlier[box][changed], self._mean[box][changed]
        now = picture[box][changed].astype(np.float32)
        if float(np.abs(now - earlier).sum()) < _AS_EARLIER * float(np.abs(now - mean).sum()):
            return True
        earlier = self._earlier_contrast(box)[changed]
        now_alike = correlation(self.structure.contrast_now[box][changed], earlier)
        then_alike = correlation(self.structure.contrast_then[box][changed], earlier)
        return now_alike > _ALIKE and now_alike > then_alike + _ALIKE_MORE

    def _earlier_contrast(self, box: Box) -> Plane:
        rows, columns = box
        top, left = max(0, rows.start - _MARGIN_PX), max(0, columns.start - _MARGIN_PX)
        around = self._earlier[top : rows.stop + _MARGIN_PX, left : columns.stop + _MARGIN_PX]
        contrast = around - cv2.blur(around, AROUND_PX)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        inside = contrast[rows.start - top :, columns.start - left :][:height, :width]
        return inside[:: rows.step or 1, :: columns.step or 1]

    def _refresh(self) -> None:
        """Make what pictures are compared with."""
        cv2.convertScaleAbs(self._mean, dst=self.background)
        self.grey.refresh(self.background, self._strictness)
        self.structure.refresh(self.background, self._strictness)


def correlation(one: Plane, other: Plane) -> float:
    """Return how alike contrasts are, -1..1: 1 for the same pattern, however strong."""
    return float(one @ other) / math.sqrt(float(one @ one) * float(other @ other) + 1e-3)
