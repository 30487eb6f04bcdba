"""Reads one ImageZMQ message, which anybody may have sent: everything is checked before use.

Two parts: a JSON header ``{"msg": name}`` and a JPEG (`send_jpg`), or a header
``{"msg": name, "dtype": "uint8", "shape": [height, width, 3]}`` and the pixels (`send_image`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pimotion.capture.jpeg_stream import MAX_JPEG_BYTES
from pimotion.errors import PictureError
from pimotion.picture import MAX_PIXELS, Picture
from pimotion.pixels import Pixels, Planes

MAX_MESSAGE_BYTES = MAX_PIXELS * 3 + 1024
_MAX_HEADER_BYTES = 4096
_MAX_NAME = 64
_COLOURS = 3
_NEUTRAL_CHROMA = 128


def read_message(parts: Sequence[bytes]) -> tuple[str, Picture]:
    """Return the sender's name and its picture; grey pictures are welcome.

    Raises:
        PictureError: It is no ImageZMQ message, or its picture is out of bounds.
    """
    if len(parts) != 2:  # noqa: PLR2004  header and body
        raise PictureError(f"a message has 2 parts, this one has {len(parts)}")
    header = _header_of(parts[0])
    # The name goes into reasons and logs, so nothing of it may be unprintable.
    name = "".join(c if c.isprintable() else "?" for c in str(header["msg"])[:_MAX_NAME])
    if "dtype" in header or "shape" in header:
        return name, _picture_of(_pixels_of(header, parts[1]))
    if len(parts[1]) > MAX_JPEG_BYTES:
        raise PictureError("a JPEG of over 8 MiB")
    return name, Picture.from_jpeg(parts[1])


def _header_of(data: bytes) -> Mapping[str, Any]:
    try:
        header = json.loads(data) if len(data) <= _MAX_HEADER_BYTES else None
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or "msg" not in header:
        raise PictureError("the header is not the JSON object of ImageZMQ")
    return header


def _pixels_of(header: Mapping[str, Any], body: bytes) -> Pixels:
    dtype, shape = header.get("dtype"), header.get("shape")
    if dtype != "uint8":
        raise PictureError("pixels must be uint8")
    if not isinstance(shape, list) or not all(type(side) is int and side > 0 for side in shape):
        raise PictureError("the shape is not a list of sizes")
    channels = shape[2:]
    if len(shape) not in (2, 3) or channels not in ([], [1], [_COLOURS]):
        raise PictureError("the shape must be [height, width] or [height, width, 3]")
    if shape[0] * shape[1] > MAX_PIXELS or math.prod(shape) != len(body):
        raise PictureError("the pixels do not fit their shape")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _picture_of(pixels: Pixels) -> Picture:
    if pixels.shape[2:] == (_COLOURS,):
        return Picture.from_bgr(pixels)
    grey = pixels.reshape(pixels.shape[0], -1)
    half = np.full(((grey.shape[0] + 1) // 2, (grey.shape[1] + 1) // 2), _NEUTRAL_CHROMA, np.uint8)
    return Picture.from_yuv420(Planes(grey, half, half))
