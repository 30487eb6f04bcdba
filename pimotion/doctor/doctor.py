"""Runs the whole examination and prints it as it goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pimotion.called import command
from pimotion.cameras import quiet_libcamera
from pimotion.config.settings import Settings
from pimotion.doctor.broker import broker
from pimotion.doctor.cameras import cameras
from pimotion.doctor.machine import machine
from pimotion.doctor.page import certificate, page
from pimotion.doctor.report import Check, Verdict, json_of, line, passed
from pimotion.doctor.running import running
from pimotion.exit_codes import FAILED, PASSED


def doctor(settings: Settings, path: Path | None, *, as_json: bool) -> int:
    """Examine everything that a configuration needs; return the exit code.

    Args:
        settings: What is configured.
        path: Where from; None where there is no file.
        as_json: Print one JSON object at the end instead of a line a check.
    """
    quiet_libcamera()
    width = max(len("Home Assistant"), *(len(f"camera {each}") for each in settings.cameras))
    checks: list[Check] = []
    for check in _checks(settings, path):
        checks.append(check)
        if not as_json:
            sys.stdout.write(line(check, width) + "\n")
            sys.stdout.flush()
    if as_json:
        sys.stdout.write(json_of(checks) + "\n")
    return PASSED if passed(checks) else FAILED


def _checks(settings: Settings, path: Path | None) -> Iterator[Check]:
    yield _configuration(path)
    other = running(settings)
    yield from cameras(settings, other)
    yield from broker(settings, other)
    yield page(settings, other)
    yield from certificate(settings.http)
    yield from machine(settings)


def _configuration(path: Path | None) -> Check:
    if path is not None:
        return Check("configuration", Verdict.OK, f"{path} is correct")
    advice = f"`{command('init')}` writes one"
    return Check("configuration", Verdict.NOTE, "none; defaults are tried", advice)
