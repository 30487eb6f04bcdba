"""What a JPEG camera's frame costs on its way to the detector, against the usual way.

The usual way, as in most programs of this kind: decode to BGR, shrink, convert to grey. pimotion
asks the picture for ``luma(320)``, which is a grey decode at a quarter of the size. Beside it the
live view: drawing on planes and encoding them, against I420 -> BGR, draw, encode.
"""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.measure import ROOT, interleaved_ms, print_machine, print_table
from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels, encode_bgr
from pimotion.render import Overlay, draw
from pimotion.types import Box

SIZE = (1280, 720)
BOXES = [Box(100 + 200 * index, 200, 120, 300) for index in range(4)]
CAPTION = "Front door  2026-11-24 10:00:00"


def real_picture() -> Pixels:
    """A frame of the demo recording at 1280x720, with a little sensor noise, as cameras have."""
    video = cv2.VideoCapture(str(ROOT / "pimotion/demo/lawn.mp4"))
    video.set(cv2.CAP_PROP_POS_FRAMES, 200)
    _, image = video.read()
    large = cv2.resize(image, SIZE, interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(1).normal(0, 3, large.shape)
    return as_pixels(np.clip(large + noise, 0, 255).astype(np.uint8))


def usual_luma(jpeg: bytes) -> Pixels:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    small = cv2.resize(image, (320, 180), interpolation=cv2.INTER_AREA)
    return as_pixels(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))


def usual_view(i420: Pixels) -> bytes:
    image = cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420)
    for box in BOXES:
        corner = (box.x + box.width, box.y + box.height)
        cv2.rectangle(image, (box.x, box.y), corner, (0, 0, 255), 2)
    cv2.putText(image, CAPTION, (10, 710), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 2)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return data.tobytes()


def main() -> None:
    cv2.setNumThreads(1)
    image = real_picture()
    jpeg = encode_bgr(image, 85)
    i420 = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)
    planes = Picture.from_bgr(image).yuv()
    overlay = Overlay(boxes=BOXES, caption=CAPTION)
    print_machine()
    print(f"\n1280x720 JPEG of {len(jpeg) / 1000:.0f} kB to 320x180 grey")
    results = interleaved_ms(
        {
            "decode to BGR, resize, cvtColor": lambda: usual_luma(jpeg),
            "Picture.luma(320)": lambda: Picture.from_jpeg(jpeg).luma(320),
        },
        times=40,
        rounds=9,
    )
    print_table(results, base="decode to BGR, resize, cvtColor")
    print("\n1280x720 YUV420 to an annotated JPEG")
    results = interleaved_ms(
        {
            "I420 to BGR, draw, cv2.imencode": lambda: usual_view(i420),
            "render.draw on planes, encode planes": lambda: draw(
                Picture.from_yuv420(planes), overlay
            ).jpeg(80),
        },
        times=40,
        rounds=9,
    )
    print_table(results, base="I420 to BGR, draw, cv2.imencode")


if __name__ == "__main__":
    main()
