"""What can spoil a scene: each nuisance changes the picture and is never motion worth telling."""

from __future__ import annotations

from benchmarks.detection.canvas import Canvas, Stage


class Nuisance:
    """One nuisance, at rest: whoever writes one overrides the step of the picture it acts on.

    A picture is made in this order: ``backdrop``, then visitors, then ``light`` on both, then
    ``air`` between them and the lens, then ``camera``, and last ``shift`` and the sensor's noise.

    Attributes:
        noise: Noise of the sensor, grey levels; the loudest nuisance of a scene sets it.
    """

    noise = 2.0

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def backdrop(self, canvas: Canvas, time_s: float) -> Canvas:  # noqa: ARG002
        """Return the scene behind the visitors."""
        return canvas

    def light(self, canvas: Canvas, time_s: float) -> Canvas:  # noqa: ARG002
        """Return it as it is lit."""
        return canvas

    def air(self, canvas: Canvas, time_s: float) -> Canvas:  # noqa: ARG002
        """Return it through what floats or falls before the lens."""
        return canvas

    def camera(self, canvas: Canvas, time_s: float) -> Canvas:  # noqa: ARG002
        """Return it as the camera exposes it."""
        return canvas

    def shift(self, time_s: float) -> tuple[float, float]:  # noqa: ARG002
        """Return how far the camera itself has moved the picture, px right and down."""
        return 0.0, 0.0
