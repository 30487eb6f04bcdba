"""Looks at the machine: state folder, disk, clock, temperature, power."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pimotion.clock import utc_now_s
from pimotion.config.settings import Settings
from pimotion.config.values import size_text
from pimotion.doctor.report import Check, Verdict
from pimotion.errors import StartError
from pimotion.state import CHOOSE_ANOTHER, state_dir_of

_SYS = Path("/sys")
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
_HOT_C = 80.0
"""From here a Pi slows itself down (documentation of the Raspberry Pi, "frequency management")."""
_MILLI = 1000
_SOME_BYTES = 4096
"""On a full disk a file can still be made, but not written."""

_NOW = {
    0: "the supply's voltage is too low now",
    1: "the processor is held back now",
    2: "the processor is throttled now",
    3: "the processor is near its limit of temperature now",
}
_BEFORE = {
    16: "the supply's voltage was too low",
    17: "the processor was held back",
    18: "the processor was throttled",
    19: "the limit of temperature was reached",
}
"""Bits of ``get_throttled`` (documentation of ``vcgencmd``)."""


def machine(settings: Settings) -> Iterator[Check]:
    """Give every check of the machine."""
    try:
        folder = state_dir_of(settings.state_dir)
    except StartError as error:
        yield Check("state folder", Verdict.FAILED, str(error))
    else:
        yield _folder(folder)
        yield _disk(folder, settings.storage.min_free_bytes)
    yield _clock()
    yield from temperature(_SYS)
    yield from power(_SYS)


def _folder(folder: Path) -> Check:
    name = "state folder"
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(bytes(_SOME_BYTES))
            file.flush()
    except OSError as error:
        advice = f"make this user its owner, or {CHOOSE_ANOTHER}"
        if error.errno == errno.ENOSPC:
            advice = "make room: without it neither events nor settings are kept"
        found = f"{folder} cannot be written: {error.strerror}"
        return Check(name, Verdict.FAILED, found, advice)
    return Check(name, Verdict.OK, f"{folder} can be written")


def _disk(folder: Path, min_free_bytes: int) -> Check:
    try:
        stats = os.statvfs(_there(folder))
    except OSError as error:
        return Check("disk", Verdict.NOTE, f"cannot be asked: {error.strerror}")
    free_bytes = stats.f_bavail * stats.f_frsize
    text = f"{free_bytes / 1e9:.1f} GB free"
    if free_bytes < min_free_bytes:
        return Check(
            "disk",
            Verdict.NOTE,
            f"{text}, less than storage.min_free_bytes ({size_text(min_free_bytes)})",
            "make room, or old events are forgotten until there is",
        )
    return Check("disk", Verdict.OK, text)


def _there(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))


def _clock() -> Check:
    if utc_now_s() is None:
        return Check(
            "clock",
            Verdict.NOTE,
            "is not set: events have no time",
            "see `timedatectl`; a Pi takes its time from the network",
        )
    follows = _SYNCHRONISED.exists()
    how = "is set, and follows the network" if follows else "is set"
    return Check("clock", Verdict.OK, how)


def temperature(sys: Path) -> Iterator[Check]:
    """Give the processor's temperature, where the machine says it."""
    text = _read(sys / "class/thermal/thermal_zone0/temp")
    if text is None or not text.lstrip("-").isdigit():
        return
    degrees_c = int(text) / _MILLI
    if degrees_c < _HOT_C:
        yield Check("temperature", Verdict.OK, f"{degrees_c:.0f} °C")
        return
    advice = "give it a heat sink or a fan: from 80 °C on a Pi slows itself down"
    yield Check("temperature", Verdict.NOTE, f"{degrees_c:.0f} °C is hot", advice)


def power(sys: Path) -> Iterator[Check]:
    """Give what a Pi says about its power supply and its speed; nothing on other machines."""
    flags = _throttled(sys)
    if flags is None:
        return
    now = [text for bit, text in _NOW.items() if flags >> bit & 1]
    before = [text for bit, text in _BEFORE.items() if flags >> bit & 1]
    if not now and not before:
        yield Check("power", Verdict.OK, "never too low, never throttled since the start")
        return
    found = "; ".join(now or [f"{text} since the start" for text in before])
    yield Check("power", Verdict.NOTE, found, _power_advice(flags))


def _power_advice(flags: int) -> str:
    if flags & 0x10001:
        return "use the official power supply and a short cable; a weak one crashes cameras first"
    return "give it a heat sink or a fan"


def _throttled(sys: Path) -> int | None:
    """Return the firmware's flags; of a Pi 5, whose kernel has none, only under-voltage."""
    for path in sorted(sys.glob("devices/platform/soc*/*firmware/get_throttled")):
        text = _read(path)
        if text is not None:
            return _hexadecimal(text)
    for name in sorted(sys.glob("class/hwmon/*/name")):
        if _read(name) == "rpi_volt":
            alarm = _read(name.with_name("in0_lcrit_alarm"))
            return None if alarm is None else int(alarm == "1")
    return None


def _hexadecimal(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
