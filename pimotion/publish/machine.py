"""What Linux says about this machine and this process. None for whatever it does not say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")
_MEMORY = Path("/proc/self/statm")
_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""A Raspberry Pi's firmware: hexadecimal flags, 0 while power and temperature are as they should
be; bits 0 to 3 are now, 16 to 19 since the last start (documented with ``vcgencmd``)."""
_NOW_BITS = 0xF


@dataclass(frozen=True, slots=True)
class Readings:
    """One look at the machine.

    Attributes:
        cpu_percent: Of all cores together, 0..100, since the look before.
        rss_bytes: Memory that this process holds.
        temperature_c: Of the processor.
        throttled: A Pi is slowed down now, by heat or a weak power supply.
    """

    cpu_percent: float | None
    rss_bytes: int | None
    temperature_c: float | None
    throttled: bool | None


class Machine:
    """Looks at the machine. Not thread-safe."""

    def __init__(self) -> None:
        self._cpu_before = _cpu_ticks()

    def look(self) -> Readings:
        """Read everything."""
        pages = _integer(_MEMORY, part=1)
        millidegrees = _integer(_TEMPERATURE)
        flags = _integer(_THROTTLED, base=16)
        return Readings(
            cpu_percent=self._cpu_percent(),
            rss_bytes=None if pages is None else pages * os.sysconf("SC_PAGE_SIZE"),
            temperature_c=None if millidegrees is None else millidegrees / 1000,
            throttled=None if flags is None else bool(flags & _NOW_BITS),
        )

    def _cpu_percent(self) -> float | None:
        before, self._cpu_before = self._cpu_before, _cpu_ticks()
        if before is None or self._cpu_before is None:
            return None
        busy, total = (now - then for now, then in zip(self._cpu_before, before, strict=True))
        return round(100 * busy / total, 1) if total > 0 else None


def _cpu_ticks() -> tuple[int, int] | None:
    """Return ticks of all cores since the start: busy, and in all."""
    try:
        ticks = [int(each) for each in _STAT.read_text().split("\n", 1)[0].split()[1:9]]
        idle = ticks[3] + ticks[4]  # idle and waiting for a disk, see proc(5)
    except (OSError, ValueError, IndexError):
        return None
    return sum(ticks) - idle, sum(ticks)


def _integer(path: Path, *, part: int = 0, base: int = 10) -> int | None:
    try:
        return int(path.read_text().split()[part], base)
    except (OSError, ValueError, IndexError):
        return None
