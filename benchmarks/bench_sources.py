"""What one frame of each source costs, against OpenCV's VideoCapture reading the same to BGR.

pimotion decodes what is asked of a picture. The detector asks for ``luma(320)`` of the frames that
it analyses, by default 10 of a camera's 15 a second, and for nothing of the others. Cameras are
processes of their own. CPU is counted, not time: all take pictures as they come.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import av
import cv2

from benchmarks.measure import ROOT, cpu_ms, interleaved_ms, print_machine, print_table
from benchmarks.mjpeg_camera import SIZE, pictures
from pimotion.capture.factory import source_for
from pimotion.config.camera import Camera
from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels

WARM_UP, FRAMES, ROUNDS = 20, 60, 3
HTTP_PORT, RTSP_PORT = 18231, 18232
FPS = 15
OPENCV = "cv2.VideoCapture to BGR"

Read = Callable[[], object]


def record(path: Path, codec: str) -> Path:
    """Write the camera's pictures as a video."""
    options = {"libx264": {"preset": "fast", "tune": "zerolatency"}, "mjpeg": {}}[codec]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 4_000_000
        for jpeg in pictures() * 2:
            bgr = Picture.from_jpeg(jpeg).bgr()
            container.mux(stream.encode(av.VideoFrame.from_ndarray(bgr, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@contextmanager
def process(*command: str) -> Iterator[None]:
    """Run a camera until the end of the block."""
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": search}
    camera = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    try:
        assert camera.stdout is not None
        assert camera.stdout.readline(), f"it does not start: {' '.join(command)}"
        yield
    finally:
        camera.kill()
        camera.communicate()


@contextmanager
def ours(name: str, *, seen: int) -> Iterator[Read]:
    """Read by pimotion; make what the detector asks for of ``seen`` in three pictures."""
    source = source_for(Camera(source=name, fps=60))
    source.open()
    numbers = itertools.count()

    def read() -> None:
        picture = source.read().picture
        if next(numbers) % 3 < seen:
            picture.luma(320)

    try:
        yield read
    finally:
        source.close()


@contextmanager
def opencvs(name: str) -> Iterator[Read]:
    """Read by OpenCV."""
    capture = cv2.VideoCapture(name)
    try:
        yield capture.read
    finally:
        capture.release()


def compare(title: str, ours_name: str, opencv_name: str) -> None:
    """Print one table. Only one of them is open at a time: a camera's thread reads all the time."""
    print(f"\n{title}")
    cases: dict[str, Callable[[], AbstractContextManager[Read]]] = {
        OPENCV: lambda: opencvs(opencv_name),
        "pimotion, nothing asked of the picture": lambda: ours(ours_name, seen=0),
        "pimotion, luma(320) of 10 in 15": lambda: ours(ours_name, seen=2),
        "pimotion, luma(320) of every one": lambda: ours(ours_name, seen=3),
    }
    results: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case, opened in cases.items():
            with opened() as read:
                cpu_ms(read, WARM_UP)
                results[case].append(cpu_ms(read, FRAMES))
    print_table(results, base=OPENCV)


def compare_yuyv() -> None:
    """Print what becomes of a picture of a USB camera that does not compress; none is needed."""
    print("\ncamera, YUYV (its pixels are there already)")
    packed = as_pixels(cv2.cvtColor(Picture.from_jpeg(pictures()[0]).bgr(), cv2.COLOR_BGR2YUV_YUY2))

    def opencvs_bgr() -> Pixels:
        return as_pixels(cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_YUY2))

    cases: dict[str, Callable[[], object]] = {
        OPENCV: opencvs_bgr,
        "pimotion, luma(320)": lambda: Picture.from_yuyv(packed).luma(320),
        "BGR, then luma(320)": lambda: Picture.from_bgr(opencvs_bgr()).luma(320),
        "BGR, then a JPEG": lambda: Picture.from_bgr(opencvs_bgr()).jpeg(80),
        "pimotion, a JPEG": lambda: Picture.from_yuyv(packed).jpeg(80),
    }
    print_table(interleaved_ms(cases, times=FRAMES, rounds=ROUNDS), base=OPENCV)


def main() -> None:
    """Compare every source that is there."""
    cv2.setNumThreads(1)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    print_machine()
    compare_yuyv()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        h264 = record(folder / "a.mp4", "libx264")
        mjpeg = record(folder / "a.avi", "mjpeg")
        compare("file, H.264", f"file:{h264}?loop", str(h264))
        compare("file, MJPEG", f"file:{mjpeg}?loop", str(mjpeg))
        with process(sys.executable, "-m", "benchmarks.mjpeg_camera", str(HTTP_PORT), str(FPS)):
            url = f"http://127.0.0.1:{HTTP_PORT}/a.mjpg"
            compare("camera, MJPEG over HTTP", url, url)
        server = ROOT / "tests/cameras/rtsp_camera.py"
        with process("/usr/bin/python3", str(server), str(RTSP_PORT), f"a={h264}"):
            url = f"rtsp://127.0.0.1:{RTSP_PORT}/a"
            compare("camera, H.264 over RTSP", url, url)


if __name__ == "__main__":
    main()
