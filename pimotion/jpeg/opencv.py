"""JPEG by OpenCV, where simplejpeg has no wheel (32-bit ARM).

It costs about half as much again, because planes go through BGR, and a picture that is damaged in
the middle is shown as it is.
"""

from __future__ import annotations

import cv2
import numpy as np

from pimotion.errors import PictureError
from pimotion.jpeg.codec import Array, reduction
from pimotion.jpeg.markers import ends_early, safe_quality, size_of

_GREY = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
_COLOUR = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class OpenCvCodec:
    """Scales by 1/2, 1/4 or 1/8 inside the decoder, which skips work."""

    def size(self, data: bytes) -> tuple[int, int]:
        """Return (width, height) in px, by the header."""
        size = size_of(data)
        if size is None:
            raise PictureError("not a JPEG: it has no header")
        return size

    def grey(self, data: bytes, least_width: int) -> Array:
        """Return luma, shape (height, width)."""
        return self._decode(data, _GREY, least_width)

    def bgr(self, data: bytes, least_width: int) -> Array:
        """Return blue-green-red, shape (height, width, 3)."""
        return self._decode(data, _COLOUR, least_width)

    def encode_bgr(self, image: Array, quality: int) -> bytes:
        """Encode blue-green-red as 4:2:0, which is OpenCV's default."""
        settings = [cv2.IMWRITE_JPEG_QUALITY, safe_quality(quality)]
        done, jpeg = cv2.imencode(".jpg", image, settings)
        if not done:
            raise PictureError("OpenCV could not encode a picture")
        return jpeg.tobytes()

    def encode_planes(self, y: Array, u: Array, v: Array, quality: int) -> bytes:
        """Encode full-range YUV420 planes."""
        size = (y.shape[1], y.shape[0])
        full = [y, cv2.resize(v, size), cv2.resize(u, size)]
        image = cv2.cvtColor(cv2.merge(full), cv2.COLOR_YCrCb2BGR)
        return self.encode_bgr(image.view(np.uint8), quality)

    def _decode(self, data: bytes, modes: dict[int, int], least_width: int) -> Array:
        if ends_early(data):
            raise PictureError("broken JPEG: it ends early")
        width, _ = self.size(data)
        # Our own rotate setting turns pictures; an orientation in the EXIF data would do it twice.
        mode = modes[reduction(width, least_width)] | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
        except cv2.error as error:
            raise PictureError(f"broken JPEG: {error.err}") from None
        if image is None:
            raise PictureError("broken JPEG: OpenCV cannot decode it")
        return image.view(np.uint8)
