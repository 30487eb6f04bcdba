"""The knobs of a local camera, in a person's words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pimotion.config.values import Number, Ratio, Section

_OWN_UNITS = 65535
"""No device's own scale comes near it; what a camera really takes is known when it is opened."""

Corner = tuple[Ratio, Ratio]


def _check_crop(corners: tuple[Corner, ...]) -> tuple[Corner, ...]:
    if len(corners) == 2:  # noqa: PLR2004  named in the message
        (left, top), (right, bottom) = corners
        if left < right and top < bottom:
            return corners
    raise ValueError("must be two corners [x, y], top left and bottom right, each 0 to 1")


class Controls(Section):
    """What to ask of a Pi's or USB camera's own controls; null leaves one as the camera has it."""

    exposure_ms: Annotated[Number, Field(ge=0.01, le=10_000)] | None = None
    """How long the shutter is open; as long as it is set, exposure is not automatic."""
    exposure_bias: Annotated[Number, Field(ge=-8, le=8)] | None = None
    """picamera: how much brighter automatic exposure should be, in stops."""
    gain: Annotated[Number, Field(ge=0, le=_OWN_UNITS)] | None = None
    """Amplification; picamera: 1 to 64 times, v4l2: in the camera's own units."""
    brightness: Annotated[Number, Field(ge=-_OWN_UNITS, le=_OWN_UNITS)] | None = None
    """picamera: -1 to 1, 0 is usual; v4l2: in the camera's own units."""
    contrast: Annotated[Number, Field(ge=0, le=_OWN_UNITS)] | None = None
    """picamera: 0 to 32, 1 is usual; v4l2: in the camera's own units."""
    saturation: Annotated[Number, Field(ge=0, le=_OWN_UNITS)] | None = None
    """picamera: 0 (grey) to 32, 1 is usual; v4l2: in the camera's own units."""
    sharpness: Annotated[Number, Field(ge=0, le=_OWN_UNITS)] | None = None
    """picamera: 0 to 16, 1 is usual; v4l2: in the camera's own units."""
    white_balance: (
        Literal["auto", "incandescent", "tungsten", "fluorescent", "indoor", "daylight", "cloudy"]
        | None
    ) = None
    """What light to expect; v4l2 knows auto only."""
    white_balance_k: Annotated[Number, Field(ge=1000, le=20_000)] | None = None
    """Colour of the light in kelvin, instead of `white_balance`: 2700 is a lamp, 6500 daylight."""
    autofocus: Annotated[bool, Field(strict=True)] | None = None
    """Focus all the time by itself; for a fixed view false and a fixed `focus` are better."""
    focus: Annotated[Number, Field(ge=0, le=_OWN_UNITS)] | None = None
    """Fixed focus; picamera: 1 / distance in m, 0 to 32; v4l2: in the camera's own units."""
    power_line_hz: Literal[0, 50, 60] | None = None
    """Frequency of the lamps that must not flicker in the picture; 0: do not care."""
    hdr: Literal["none", "single_exposure", "multi_exposure", "night"] | None = None
    """picamera: high dynamic range, where sensor and Pi have it."""
    crop: Annotated[tuple[Corner, ...], AfterValidator(_check_crop)] | None = None
    """picamera: the part of the sensor to use, as top left and bottom right, 0 to 1 of it."""

    @property
    def given(self) -> dict[str, object]:
        """Those that are set, by name."""
        return {name: value for name, value in self if value is not None}


NO_CONTROLS = Controls()
