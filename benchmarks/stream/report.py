"""What came out: each target with its figure, as one table in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = "-"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        number: Of the target, 1 to 13.
        met: None where it could not be measured, or has no target.
    """

    number: int
    measure: str
    target: str
    figure: str
    met: bool | None


class Report:
    """Gathers the rows."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def at_most(
        self, number: int, measure: str, value: float | None, most: float, unit: str
    ) -> None:
        """Note a figure that is to be no greater than a limit."""
        met = None if value is None else value <= most
        self.note(number, measure, f"at most {_text(most, unit)}", _text(value, unit), met)

    def at_least(
        self, number: int, measure: str, value: float | None, least: float, unit: str
    ) -> None:
        """Note a figure that is to be no less than a limit."""
        met = None if value is None else value >= least
        self.note(number, measure, f"at least {_text(least, unit)}", _text(value, unit), met)

    def note(self, number: int, measure: str, target: str, figure: str, met: bool | None) -> None:
        """Note any other."""
        self._rows.append(Row(number, measure, target, figure, met))

    def print_targets(self) -> None:
        """Print the table, by number."""
        print()
        print_row("", "measure", "target", "figure", "")
        print_rule(5)
        for row in sorted(self._rows, key=lambda each: each.number):
            verdict = {True: "met", False: "**not met**", None: NOTHING}[row.met]
            print_row(f"T{row.number}", row.measure, row.target, row.figure, verdict)


def print_row(*cells: str) -> None:
    """Print a row of a table."""
    print(f"| {' | '.join(cells)} |")


def print_rule(columns: int) -> None:
    """Print what stands under a table's first row."""
    print("|" + "---|" * columns)


def median(values: Sequence[float]) -> float | None:
    """Return the median; None without values."""
    return statistics.median(values) if values else None


def _text(value: float | None, unit: str) -> str:
    if value is None:
        return NOTHING
    digits = 3 if abs(value) < 0.1 else 2 if abs(value) < 10 else 0 if abs(value) >= 100 else 1
    return f"{value:.{digits}f}{f' {unit}' if unit else ''}"
