"""The numbered pictures that every test camera sends, and recordings of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

import av

from pimotion.capture import frame_number
from pimotion.capture.source import Captured
from pimotion.capture.synthetic import Scene
from pimotion.pixels import encode_bgr

WIDTH, HEIGHT, FPS = 320, 240, 25
SCENE = Scene(WIDTH, HEIGHT, FPS)


@cache
def jpeg(number: int) -> bytes:
    """Picture ``number`` as JPEG bytes."""
    return encode_bgr(SCENE.image(number), 90)


def number_of(captured: Captured) -> int:
    """The number in a picture that has come through a source."""
    number = frame_number.read(captured.picture.luma())
    assert number is not None, "the picture is damaged: its number cannot be read"
    return number


def record(
    path: Path,
    *,
    frames: int,
    codec: str = "libx264",
    fps: int = FPS,
    gop: int = FPS // 2,
    b_frames: int = 0,
) -> Path:
    """Write a video of pictures 0 to ``frames`` - 1, a key picture in every ``gop``."""
    with av.open(str(path), "w") as container:
        stream = cast(av.VideoStream, container.add_stream(codec, rate=fps))
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = gop
        stream.max_b_frames = b_frames
        stream.bit_rate = 2_000_000
        if codec == "libx264":
            options = {"preset": "superfast", "x264-params": "scenecut=0"}
            stream.codec_context.options = options
        if codec == "libx265":
            stream.codec_context.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        if codec == "mjpeg":
            stream.codec_context.options = {"qmin": "2", "qmax": "4"}
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(SCENE.image(number), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
