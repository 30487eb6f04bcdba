"""A camera of numbered pictures for the stream to show, and a server that shows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import barcode
import numpy as np

from pimotion.config.camera import Stream
from pimotion.config.settings import Http
from pimotion.errors import EventsUnreadable
from pimotion.health import Threads
from pimotion.latest import Latest
from pimotion.picture import Picture
from pimotion.pixels import Polygon, encode_bgr
from pimotion.stream.live import LiveCamera
from pimotion.stream.server import StreamServer
from pimotion.stream.tuning import Tuning
from pimotion.types import (
    Box,
    CameraHealth,
    CameraState,
    Command,
    Detection,
    Frame,
    LinkStatus,
    NoFrames,
    Reset,
    Suppressed,
)

WIDTH, HEIGHT = 640, 360
ZONE: Polygon = ((0.5, 0.2), (0.95, 0.2), (0.95, 0.9), (0.5, 0.9))

CONFIGURED = {
    "detection": True,
    "privacy": False,
    "sensitivity": 50,
    "min_area_percent": 0.1,
    "event_gap_s": 10.0,
}


class Feed:
    """A camera whose frames, faults and detections the test decides."""

    def __init__(
        self, camera_id: str = "door", *, settings: Stream | None = None, heavy: bool = False
    ) -> None:
        """Make a camera; ``heavy`` ones give 150 kB a picture, so that the network matters."""
        self.frames: Latest[Frame | NoFrames] = Latest()
        self.detections: Latest[Detection] = Latest()
        self.number = 0
        self.last_frame_s: float | None = None
        self.suppressed = Suppressed()
        self._heavy = heavy
        self._health = health(camera_id, CameraState.STARTING)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.camera = LiveCamera(
            id=camera_id,
            name=camera_id.capitalize(),
            frames=self.frames,
            detections=self.detections,
            health=lambda: self._health,
            fps=lambda: 15.0,
            last_frame_s=lambda: self.last_frame_s,
            suppressed=lambda: self.suppressed,
            zones={"path": ZONE},
            settings=settings or Stream(),
            tuning=Tuning(CONFIGURED, max_area_percent=80),
        )

    def show(self, picture: Picture | None = None) -> Frame:
        """Give the next frame; it carries its number as a bar code."""
        self.number += 1
        frame = Frame(
            picture=picture or Picture.from_jpeg(numbered_jpeg(self.number, heavy=self._heavy)),
            index=self.number,
            monotonic_s=time.monotonic(),
            time_s=self.number / 15,
            utc_s=time.time(),
            session=1,
        )
        if not self._health.online:
            self._health = health(self.camera.id, CameraState.OK)
        self.last_frame_s = frame.monotonic_s
        self.frames.put(frame)
        return frame

    def detect(self, frame: Frame, *boxes: Box, learning: bool = False) -> None:
        """Say what was found in a frame."""
        foreground = np.zeros((180, 320), np.uint8)
        foreground[100:140, 40:120] = 255
        zones = ("path",) if boxes else ()
        luma = frame.picture.luma(320)
        found = Detection(frame, boxes, bool(boxes), 0.1, 0.9, None, zones, None, luma, foreground)
        self.detections.put(replace(found, is_learning=learning))

    def tell(self, state: CameraHealth) -> None:
        """Say how the camera is; its frames go on."""
        self._health = state

    def lose(self, reason: str) -> None:
        """Let the source be lost."""
        self._health = health(self.camera.id, CameraState.LOST, reason)
        self.frames.put(NoFrames(reason, CameraState.LOST, time.monotonic()))

    def run(self, fps: float) -> None:
        """Give frames at a rate until `stop`."""
        self._thread = threading.Thread(target=self._run, args=(1 / fps,))
        self._thread.start()

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self, period_s: float) -> None:
        while not self._stopping.wait(period_s):
            self.show()


class Events:
    """An event log in memory."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.stills: dict[str, bytes] = {}
        self.trouble: str | None = None

    def recent(
        self, *, camera: str | None = None, before: str | None = None, limit: int = 50
    ) -> Sequence[Mapping[str, Any]]:
        if self.trouble is not None:
            raise EventsUnreadable(self.trouble)
        rows = [row for row in self.rows if camera in (None, row["camera"])]
        if before is not None:
            rows = [row for row in rows if row["id"] < before]
        return rows[:limit]

    def still(self, event_id: str) -> bytes | None:
        return self.stills.get(event_id)


def health(camera: str, state: CameraState, reason: str | None = None) -> CameraHealth:
    return CameraHealth(camera, state, reason, time.time(), time.monotonic())


def numbered_jpeg(
    number: int, size: tuple[int, int] = (WIDTH, HEIGHT), *, heavy: bool = False
) -> bytes:
    """A grey picture with a bar code; ``heavy``: of noise, which no JPEG makes small."""
    image = np.full((size[1], size[0], 3), 110, np.uint8)
    if heavy:
        image = np.random.default_rng(number).integers(0, 255, image.shape, np.uint8)
    barcode.paint(image, number)
    return encode_bgr(image, 85)


def connected() -> LinkStatus:
    return LinkStatus("127.0.0.1", 1883, True, None)


@contextmanager
def serving(
    *feeds: Feed,
    http: Http | None = None,
    events: Events | None = None,
    commands: list[Command | Reset] | None = None,
    link: Callable[[], LinkStatus] = connected,
) -> Iterator[StreamServer]:
    """A server on a free port of loopback that shows the feeds; no thread of it may die."""
    threads = Threads()
    noted = commands if commands is not None else []

    def note(command: Command | Reset) -> bool:
        noted.append(command)
        return True

    server = StreamServer(
        http or Http(port=0),
        cameras=[feed.camera for feed in feeds],
        events=events or Events(),
        link=link,
        node="garden-pi",
        version="0.1.0",
        commands=note,
    )
    server.start(threads)
    try:
        yield server
    finally:
        threads.close()
        server.stop(2.0)
        for feed in feeds:
            feed.stop()
        assert threads.dead is None
