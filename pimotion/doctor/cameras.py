"""Opens every camera and takes pictures; one that the running pimotion has is asked for there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pimotion.cameras import NO_CAMERA, closed_devices, is_pi
from pimotion.capture.factory import DEMO, source_for
from pimotion.capture.picamera import picamera_models
from pimotion.capture.source import Captured, Source
from pimotion.config.camera import Camera
from pimotion.config.settings import Settings
from pimotion.doctor.advice import about, about_libcamera
from pimotion.doctor.report import Check, Verdict
from pimotion.doctor.running import Running
from pimotion.errors import PictureError, SourceLost
from pimotion.types import CameraState

_LOOK_S = 3.0
_LEAST_PICTURES = 2
_DMA_HEAPS = Path("/dev/dma_heap")


def cameras(settings: Settings, other: Running | None) -> Iterator[Check]:
    """Give every check of the cameras; ``other`` is the pimotion that runs here, if any."""
    told = other.cameras if other is not None else {}
    lacks_libcamera = False
    uses_pi = any(each.source.startswith("picamera") for each in settings.cameras.values())
    if uses_pi or is_pi():
        check = _libcamera(is_needed=uses_pi)
        lacks_libcamera = check.verdict is not Verdict.OK
        yield check
    yield from _permissions(settings)
    for camera_id, camera in settings.cameras.items():
        name = f"camera {camera_id}"
        if camera_id in told:
            yield _of_daemon(name, camera, told[camera_id])
        elif lacks_libcamera and camera.source.startswith("picamera"):
            yield Check(name, Verdict.FAILED, "cannot be tried: see libcamera above")
        else:
            yield _try(name, camera)


def _of_daemon(name: str, camera: Camera, told: Mapping[str, Any]) -> Check:
    state = told.get("state")
    reason = str(told.get("reason") or state)
    if told.get("status") == "online":
        fps = told.get("fps")
        rate = f", {fps:.1f} frames a second" if isinstance(fps, int | float) else ""
        found = f"the running pimotion has it: {state}{rate}"
        if state in (CameraState.DARK, CameraState.SLOW):
            return Check(name, Verdict.NOTE, found, f"look at its picture: {reason}")
        return Check(name, Verdict.OK, found)
    found = f"the running pimotion has it, and it is offline: {reason}"
    if state == CameraState.PRIVACY:
        return Check(name, Verdict.NOTE, found, "switch privacy off to see it")
    if camera.source.startswith(("auto", "picamera", "v4l2")):
        advice = "stop pimotion and try `doctor` again to see the camera by itself"
        return Check(name, Verdict.FAILED, found, advice)
    return Check(name, Verdict.FAILED, found, about(camera, reason))


def _try(name: str, camera: Camera) -> Check:
    if camera.source == DEMO:
        found = "the demo recording stands in for a camera"
        return Check(name, Verdict.NOTE, found, NO_CAMERA)
    try:
        source = source_for(camera)
        try:
            source.open()
            return _seen(name, source, camera)
        finally:
            source.close()
    except SourceLost as lost:
        return Check(name, Verdict.FAILED, lost.reason, about(camera, lost.reason))
    except PictureError as error:
        found = f"its picture cannot be decoded: {error}"
        return Check(name, Verdict.FAILED, found, about(camera, found))


def _seen(name: str, source: Source, camera: Camera) -> Check:
    first = source.read()
    picture = first.picture
    picture.bgr()
    kind = "JPEG" if picture.camera_jpeg is not None else "planes" if picture.is_planar else "BGR"
    found = f"{picture.width}x{picture.height} {kind}"
    fps = _rate(source, first)
    if fps is None:
        return Check(name, Verdict.OK, found)
    found = f"{found}, {fps:.1f} frames a second"
    if source.is_live and fps < camera.fps / 2:
        advice = (
            f"less than half of fps: {camera.fps:g}; too dark for the shutter, or the camera has "
            "no such rate"
        )
        return Check(name, Verdict.NOTE, found, advice)
    return Check(name, Verdict.OK, found)


def _rate(source: Source, first: Captured) -> float | None:
    """Return frames a second over some seconds; None where they end before."""
    count, last = 0, first
    until_s = time.monotonic() + _LOOK_S
    try:
        while time.monotonic() < until_s:
            last = source.read()
            count += 1
    except SourceLost as lost:
        if not lost.ended:
            raise
    passed_s = last.monotonic_s - first.monotonic_s
    return count / passed_s if count >= _LEAST_PICTURES and passed_s > 0 else None


def _libcamera(*, is_needed: bool) -> Check:
    try:
        models = picamera_models()
    except SourceLost as lost:
        verdict = Verdict.FAILED if is_needed else Verdict.NOTE
        return Check("libcamera", verdict, lost.reason, about_libcamera(lost.reason))
    if models:
        return Check("libcamera", Verdict.OK, f"sees {', '.join(models)}")
    verdict = Verdict.FAILED if is_needed else Verdict.NOTE
    advice = "check the ribbon cable at both ends, and `rpicam-hello --list-cameras`"
    return Check("libcamera", verdict, "sees no camera", advice)


def _permissions(settings: Settings) -> Iterator[Check]:
    closed = closed_devices()
    if is_pi() and _DMA_HEAPS.is_dir():  # elsewhere nobody needs them
        closed += [each for each in _DMA_HEAPS.iterdir() if not os.access(each, os.R_OK | os.W_OK)]
    local = ("auto", "v4l2", "picamera")
    is_needed = any(each.source.startswith(local) for each in settings.cameras.values())
    if closed and is_needed:
        names = ", ".join(map(str, sorted(closed)))
        advice = "`sudo usermod -aG video $USER`, and log in anew"
        yield Check("permissions", Verdict.NOTE, f"{names} may not be used by this user", advice)
