"""JPEG by libjpeg-turbo, through simplejpeg: planes are encoded as they are."""

from __future__ import annotations

import numpy as np
import simplejpeg
from simplejpeg import encode_jpeg_yuv_planes  # since 1.8: an older one cannot be imported here

from pimotion.errors import PictureError
from pimotion.jpeg.codec import Array, reduction
from pimotion.jpeg.markers import safe_quality


class TurboCodec:
    """Scales by 1/2, 1/4 or 1/8 inside the decoder, which skips work."""

    def size(self, data: bytes) -> tuple[int, int]:
        """Return (width, height) in px, by the header."""
        try:
            height, width, *_ = simplejpeg.decode_jpeg_header(data, strict=False)
        except ValueError as error:
            raise PictureError(f"not a JPEG: {error}") from None
        except KeyError:  # simplejpeg has no name for what a header that was cut off declares
            raise PictureError("not a JPEG: its header is incomplete") from None
        return width, height

    def grey(self, data: bytes, least_width: int) -> Array:
        """Return luma, shape (height, width)."""
        return self._decode(data, "GRAY", least_width)[:, :, 0]

    def bgr(self, data: bytes, least_width: int) -> Array:
        """Return blue-green-red, shape (height, width, 3)."""
        return self._decode(data, "BGR", least_width)

    def encode_bgr(self, image: Array, quality: int) -> bytes:
        """Encode blue-green-red as 4:2:0."""
        pixels = np.ascontiguousarray(image)
        jpeg: bytes = simplejpeg.encode_jpeg(
            pixels, safe_quality(quality), "BGR", "420", fastdct=True
        )
        return jpeg

    def encode_planes(self, y: Array, u: Array, v: Array, quality: int) -> bytes:
        """Encode full-range YUV420 planes, without a colour conversion."""
        planes = (np.ascontiguousarray(plane) for plane in (y, u, v))
        jpeg: bytes = encode_jpeg_yuv_planes(*planes, safe_quality(quality), fastdct=True)
        return jpeg

    def _decode(self, data: bytes, colourspace: str, least_width: int) -> Array:
        width, _ = self.size(data)
        least = -(-width // reduction(width, least_width))
        try:
            return _decoded(data, colourspace, least, strict=True)
        except ValueError as error:
            # Many USB cameras pad their JPEGs, which libjpeg reports and survives. A picture that
            # ends early is another matter: its lower part would be made up.
            if "extraneous" not in str(error):
                raise PictureError(f"broken JPEG: {error}") from None
        try:
            return _decoded(data, colourspace, least, strict=False)
        except ValueError as error:
            raise PictureError(f"broken JPEG: {error}") from None


def _decoded(data: bytes, colourspace: str, least_width: int, *, strict: bool) -> Array:
    """Decode at the smallest scale that keeps the width.

    Colour that is not scaled is spread over its 2x2 px as it is: that takes a sixth less, and what
    averages them again, as every 4:2:0 JPEG does, gets back the very values of the camera.
    """
    image: Array = simplejpeg.decode_jpeg(
        data,
        colourspace,
        fastupsample=True,
        min_width=least_width,
        min_factor=1,
        strict=strict,
    )
    return image
