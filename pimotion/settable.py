"""What the numbers that can be changed at run time may be, by MQTT as by the page; and percent."""

from __future__ import annotations

from dataclasses import dataclass

PERCENT = 100


class BadValue(ValueError):
    """A value is none of those allowed; the text says which are, to be read behind its name."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a number may be; Home Assistant shows the same bounds.

    Attributes:
        least: The smallest allowed.
        most: The largest allowed.
        step: In which a person is offered them; what lies between is allowed too, unless `whole`.
        words: The bounds in words, to be read behind "must be".
        whole: It must be a whole number.
    """

    least: float
    most: float
    step: float
    words: str
    whole: bool = False

    def check(self, value: float) -> int | float:
        """Return a number that is allowed, as an int if it is to be a whole one.

        Raises:
            BadValue: It is not allowed.
        """
        fits = self.least <= value <= self.most and not (self.whole and value % 1)
        if not fits:  # nor does what is not a number at all
            raise BadValue(f"must be {self.words}")
        return int(value) if self.whole else value + 0.0  # which makes 0 of -0


SENSITIVITY = Span(1, 100, 1, "a whole number from 1 to 100", whole=True)
MIN_AREA_PERCENT = Span(0, 100, 0.01, "a number of percent from 0 to 100")
EVENT_GAP_S = Span(0.5, 600, 0.5, "a number of seconds from 0.5 to 600")
INHIBIT_S = Span(0, 3600, 1, "a number of seconds from 0 to 3600")


def percent_of(ratio: float) -> float:
    """Return a share as percent, without the noise of binary fractions."""
    return round(ratio * PERCENT, 9)


def ratio_of(percent: float) -> float:
    """Return percent as a share."""
    return round(percent / PERCENT, 11)
