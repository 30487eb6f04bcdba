"""JPEG bytes: decoded, encoded, and freed of what nobody should get with a picture."""

from pimotion.jpeg.codec import Codec
from pimotion.jpeg.markers import bare

try:
    from pimotion.jpeg.turbo import TurboCodec as _Best
except ImportError:  # simplejpeg has no wheel for 32-bit ARM, or is an old one of the system's
    from pimotion.jpeg.opencv import OpenCvCodec as _Best  # type: ignore[assignment]

codec: Codec = _Best()
"""The better one of those that this machine has."""

__all__ = ["Codec", "bare", "codec"]
