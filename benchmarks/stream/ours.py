"""pimotion's own stream server on a camera whose JPEGs are marked, without capture and detector.

    python -m benchmarks.stream.ours PICTURES PORT FPS

Each line on stdin is answered by one on stdout: how many frames the camera gave, how many pictures
were encoded, and the CPU seconds of the camera's thread, which marks and copies each picture.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from benchmarks.stream import pictures
from pimotion.config.camera import Stream
from pimotion.config.settings import Http
from pimotion.health import Threads
from pimotion.latest import Latest
from pimotion.picture import Picture
from pimotion.stream.live import LiveCamera
from pimotion.stream.server import StreamServer
from pimotion.stream.tuning import Tuning
from pimotion.types import (
    CameraHealth,
    CameraState,
    Detection,
    Frame,
    LinkStatus,
    NoFrames,
    Suppressed,
)

MOST_VIEWERS = 1000


class Camera:
    """Gives a marked picture at each tick."""

    def __init__(self, jpegs: list[bytes], fps: float) -> None:
        self.given = 0
        self._cpu_clock: int | None = None
        self._ticks = pictures.ticking(jpegs, fps)
        self._frames: Latest[Frame | NoFrames] = Latest()
        began_s = time.monotonic()
        health = CameraHealth("yard", CameraState.OK, None, time.time(), began_s)
        self.live = LiveCamera(
            id="yard",
            name="Yard",
            frames=self._frames,
            detections=Latest[Detection](),
            health=lambda: health,
            fps=lambda: fps,
            last_frame_s=lambda: None,
            suppressed=Suppressed,
            zones={},
            settings=Stream(),
            tuning=Tuning({}, max_area_percent=80),
        )

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the thread that gives the pictures."""
        return 0.0 if self._cpu_clock is None else time.clock_gettime(self._cpu_clock)

    def run(self) -> None:
        """Give pictures for ever."""
        self._cpu_clock = time.pthread_getcpuclockid(threading.get_ident())
        for number, jpeg in self._ticks:
            self.given = number
            self._frames.put(
                Frame(
                    picture=Picture.from_jpeg(jpeg),
                    index=number,
                    monotonic_s=time.monotonic(),
                    time_s=0.0,
                    utc_s=time.time(),
                    session=1,
                )
            )


class NoEvents:
    """An event log that is empty."""

    def recent(self, **_asked: object) -> list[dict[str, object]]:
        """Return no events."""
        return []

    def still(self, _event_id: str) -> None:
        """Know no picture."""


def main() -> None:
    """Serve until stdin ends."""
    path, port, fps = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    camera = Camera(pictures.read(path), fps)
    server = StreamServer(
        Http(port=port, max_viewers=MOST_VIEWERS),
        cameras=[camera.live],
        events=NoEvents(),
        link=lambda: LinkStatus("127.0.0.1", 1883, True, None),
        node="bench",
        version="0",
        commands=lambda _: True,
    )
    threads = Threads()
    threading.Thread(target=camera.run, daemon=True).start()
    server.start(threads)
    encoder = server._encoders["yard"]  # noqa: SLF001
    for _ in sys.stdin:
        told = {"frames": camera.given, "encodes": encoder.counts.encodes, "camera_s": camera.cpu_s}
        print(json.dumps(told), flush=True)
    threads.close()
    server.stop(2.0)


if __name__ == "__main__":
    main()
