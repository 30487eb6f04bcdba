"""The method `mog2`: OpenCV's mixture of Gaussians, as many other programs use it."""

from __future__ import annotations

import math

import cv2
import numpy as np

from pimotion.detect.sensitivity import sensitivity_scale
from pimotion.pixels import Pixels, as_pixels
from pimotion.types import SceneModel

_HISTORY_S = 50.0
"""500 frames, OpenCV's default, at our default of 10 a second. What comes and stands still is then
part of the scene after 5 s. A quarter of it made standing people vanish on real recordings."""
_VARIANCES = 16.0
"""OpenCV's default: a pixel counts from 4 standard deviations on."""
_CLEANING = np.ones((3, 3), np.uint8)
"""Specks thinner than 3 px vanish: without a blur in front, 5 px would take legs off people."""


class Mog2:
    """A mixture of Gaussians for each pixel (Zivkovic 2004, 2006), as OpenCV has it.

    OpenCV looks for a match and learns in one go, so `foreground` does both and `learn` has nothing
    left to do. That keeps the promise of `Background`, as a picture that must not be learnt is
    followed by `restart`, which forgets it; asking first and learning later would cost twice.

    What is darker than the scene by up to a half is taken for a shadow and dropped. Colour, by
    which OpenCV tells shadows from dark clothes, is not in luma: dark things on light ground are
    what this method misses most.

    OpenCV counts frames, not seconds: what it learns is as old as it should be only while about
    ``fps`` frames a second come, and from a slower camera it learns more slowly. After a start it
    learns faster than later on: the n-th picture has a share of 1 in 2n until the history is full.

    Args:
        fps: Frames that are analysed each second, at most.
        sensitivity: 1..100.
    """

    def __init__(self, *, fps: float, sensitivity: int = 50) -> None:
        history = round(_HISTORY_S * fps)
        self._mixture = cv2.createBackgroundSubtractorMOG2(history, _VARIANCES, detectShadows=True)
        self._mixture.setShadowValue(0)
        self._mask: Pixels = np.empty((0, 0), np.uint8)
        self.set_sensitivity(sensitivity)

    def set_sensitivity(self, sensitivity: int) -> None:
        """Scale the threshold, which is one of variances; see `sensitivity_scale`."""
        self._mixture.setVarThreshold(_VARIANCES * sensitivity_scale(sensitivity))

    def restart(self, luma: Pixels) -> None:
        """Take this picture for the scene."""
        if luma.shape != self._mask.shape:
            self._mask = np.empty(luma.shape, np.uint8)
        # A rate of 1 makes OpenCV begin anew; it has no other way.
        self._mixture.apply(luma, self._mask, 1.0)

    def foreground(self, luma: Pixels) -> Pixels:
        """Return what no mode of the scene explains, cleaned of specks; learn the picture too."""
        mask = self._mask
        self._mixture.apply(luma, mask)
        cv2.erode(mask, _CLEANING, dst=mask)
        cv2.dilate(mask, _CLEANING, dst=mask)
        return as_pixels(mask)

    def learn(self, luma: Pixels) -> None:
        """Do nothing: `foreground` has learnt the picture."""

    def model(self) -> SceneModel:
        """Return the likeliest scene, and the threshold of a pixel of ordinary noise.

        OpenCV does not tell what noise it has learnt of each pixel, so the threshold that is shown
        is the one that it begins with.
        """
        background = as_pixels(self._mixture.getBackgroundImage())
        variance = self._mixture.getVarThreshold() * self._mixture.getVarInit()
        threshold = min(round(math.sqrt(variance)), 255)
        return SceneModel(background, np.full_like(background, threshold))
