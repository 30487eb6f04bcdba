"""Makes the source that a camera's settings name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

from pimotion.capture.address import Address, Login
from pimotion.capture.auto import AutoSource
from pimotion.capture.av_feed import AvFeed
from pimotion.capture.devices import video_cameras
from pimotion.capture.file import FileSource
from pimotion.capture.http_camera import HttpFeed
from pimotion.capture.imagezmq import ImageZmqSource
from pimotion.capture.imagezmq_hub import Meeting
from pimotion.capture.picamera import PicameraSource, picamera_count
from pimotion.capture.receiver import NetworkSource
from pimotion.capture.source import Source, patience_s
from pimotion.capture.substream import SubstreamSource
from pimotion.capture.synthetic import SyntheticSource
from pimotion.capture.v4l2 import V4l2Source
from pimotion.config.camera import Camera

DEMO = f"file:{Path(__file__).parent.parent / 'demo' / 'lawn.mp4'}?loop"
"""The recording that ships with the package, as a source."""

_LOOP = "?loop"
_SUBSCRIBE = "?subscribe"


def source_for(camera: Camera) -> Source:
    """Return the source of a camera, not yet opened."""
    if camera.detect.source is None:
        return _made(camera)
    small = camera.model_copy(update={"source": camera.detect.source})
    return SubstreamSource(
        lambda: _made(camera), _made(small), read_timeout_s=patience_s(camera.fps)
    )


def _made(camera: Camera) -> Source:
    if camera.source == "auto":
        return AutoSource(found_camera, lambda found: _named(camera, found))
    return _named(camera, camera.source)


def _named(camera: Camera, source: str) -> Source:
    scheme, _, rest = source.partition(":")
    return _MAKERS[scheme](camera, rest)


def found_camera() -> str | None:
    """Return this machine's first camera as a source: the Pi's own, else USB; None without."""
    # Looking for the package is quick where importing it takes a second.
    if importlib.util.find_spec("picamera2") is not None and picamera_count():
        return "picamera"
    return next((f"v4l2:{path}" for path in video_cameras()), None)


def _synthetic(camera: Camera, _rest: str) -> Source:
    return SyntheticSource(camera.width, camera.height, camera.fps)


def _file(camera: Camera, rest: str) -> Source:
    return FileSource(rest.removesuffix(_LOOP), fps=camera.fps, loop=rest.endswith(_LOOP))


def _http(camera: Camera, _rest: str) -> Source:
    timeout_s = patience_s(camera.fps)
    return NetworkSource(
        lambda: HttpFeed(_address(camera), poll_fps=camera.fps, timeout_s=timeout_s),
        read_timeout_s=timeout_s,
    )


def _rtsp(camera: Camera, _rest: str) -> Source:
    timeout_s = patience_s(camera.fps)
    return NetworkSource(
        lambda: AvFeed(_address(camera), timeout_s=timeout_s), read_timeout_s=timeout_s
    )


def _imagezmq(camera: Camera, rest: str) -> Source:
    where, _, sender = rest.partition("#")
    meeting = Meeting(where.removesuffix(_SUBSCRIBE), where.endswith(_SUBSCRIBE))
    return ImageZmqSource(meeting, sender or None, read_timeout_s=patience_s(camera.fps))


def _v4l2(camera: Camera, rest: str) -> Source:
    return V4l2Source(
        rest,
        width=camera.width,
        height=camera.height,
        fps=camera.fps,
        controls=camera.controls,
    )


def _picamera(camera: Camera, rest: str) -> Source:
    return PicameraSource(
        int(rest or 0),
        width=camera.width,
        height=camera.height,
        fps=camera.fps,
        small_width=camera.detect.width,
        controls=camera.controls,
    )


_MAKERS: Mapping[str, Callable[[Camera, str], Source]] = {
    "synthetic": _synthetic,
    "file": _file,
    "http": _http,
    "https": _http,
    "rtsp": _rtsp,
    "rtsps": _rtsp,
    "imagezmq": _imagezmq,
    "v4l2": _v4l2,
    "picamera": _picamera,
}


def _address(camera: Camera) -> Address:
    login = None
    if camera.username is not None:
        login = Login(camera.username, camera.password.reveal() if camera.password else "")
    return Address.parse(camera.source, login)
