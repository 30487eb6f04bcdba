"""The classic way: a background finds pixels, rules find regions, what is seen counts at once."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pimotion.config.camera import Detect, Zone
from pimotion.detect.classic.background import Background
from pimotion.detect.classic.rules import Findings, Rules
from pimotion.detect.method import Region, Sight
from pimotion.pixels import Pixels
from pimotion.types import Exposure, SceneModel

_LIGHT_RULES = frozenset({"global_change", "too_large"})
_SETTLE_S = 0.6
"""After a change of light lamps flare up and cameras correct their exposure; the value is that of a
study on drawn scenes and was not measured on cameras."""


class Classic:
    """A background and the rules. Not thread-safe: owned by one detector.

    The first ``warmup_frames`` pictures of a scene only teach the background. When nearly
    everything changes at once, the background starts again from the picture as it is 0.6 s later.
    """

    def __init__(self, detect: Detect, zones: Mapping[str, Zone], background: Background) -> None:
        self._detect = detect
        self._zones = zones
        self._background = background
        self._rules: Rules | None = None
        self._model_wanted = False
        self._model: SceneModel | None = None

    def set_sensitivity(self, sensitivity: int) -> None:
        """Scale the background's thresholds."""
        self._background.set_sensitivity(sensitivity)

    def set_min_area(self, ratio: float) -> None:
        """Change the smallest region that counts."""
        self._detect = self._detect.model_copy(update={"min_area_ratio": ratio})
        if self._rules is not None:
            self._rules.set_min_area(ratio)

    def show_model(self, wanted: bool) -> None:
        """Say whether `model` will be asked for."""
        self._model_wanted = wanted

    def model(self) -> SceneModel | None:
        """Return what the last picture was compared with."""
        return self._model

    def restart(self, luma: Pixels) -> None:
        """Take a picture for the scene."""
        height, width = luma.shape
        self._background.restart(luma)
        self._rules = Rules(self._detect, self._zones, width=width, height=height)
        self._frames = 0
        self._settled_at_s = -math.inf

    def look(self, luma: Pixels, now_s: float, exposure: Exposure | None) -> Sight:  # noqa: ARG002
        """Look at one picture and learn from it; the exposure is not looked at."""
        self._frames += 1
        foreground = self._background.foreground(luma)
        findings = self._judge(foreground, now_s)
        self._model = self._background.model() if self._model_wanted else None
        sight = _sight(findings, foreground, is_learning=self._is_learning(now_s))
        if now_s < self._settled_at_s:
            self._background.restart(luma)
        else:
            self._background.learn(luma)
        return sight

    def _judge(self, foreground: Pixels, now_s: float) -> Findings:
        """Apply the rules that need the time to what the others found."""
        assert self._rules is not None
        findings = self._rules.judge(foreground)
        if self._frames <= self._detect.warmup_frames:
            return _held_back(findings, "warmup")
        if _LIGHT_RULES.intersection(findings.held_back):
            self._settled_at_s = now_s + _SETTLE_S
        elif now_s < self._settled_at_s:
            return _held_back(findings, "global_change")
        return findings

    def _is_learning(self, now_s: float) -> bool:
        return self._frames <= self._detect.warmup_frames or now_s < self._settled_at_s


def _held_back(findings: Findings, rule: str) -> Findings:
    """Return findings of which nothing counts, because of a rule; nothing found, nothing held."""
    held_back = (rule,) if findings.changed_ratio else ()
    blobs = (*findings.blobs, *(blob for blob, _ in findings.rejected))
    rejected = tuple((blob, rule) for blob in blobs)
    return Findings(changed_ratio=findings.changed_ratio, held_back=held_back, rejected=rejected)


def _sight(findings: Findings, foreground: Pixels, *, is_learning: bool) -> Sight:
    return Sight(
        regions=tuple(Region(b.x, b.y, b.right, b.bottom) for b in findings.blobs),
        is_in_view=bool(findings.blobs),
        zones=findings.zones,
        changed_ratio=findings.changed_ratio,
        score=findings.score,
        held_back=findings.held_back,
        rejected=tuple(
            (Region(b.x, b.y, b.right, b.bottom), rule) for b, rule in findings.rejected
        ),
        foreground=foreground,
        since_s=None,
        is_learning=is_learning,
    )
