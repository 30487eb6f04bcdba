"""The servers that are compared, and how each is started on the same pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stream.load import wait_until_it_streams
from benchmarks.stream.pictures import FPS, SIZE
from benchmarks.stream.programs import Program, build_floor, free_port, module


@dataclass(frozen=True)
class Contestant:
    """A server under test.

    Attributes:
        title: For the table.
        path: Of its stream.
        from_camera: It takes its pictures from a network camera, and encodes them anew.
        crowd: The largest crowd it is shown to; a thread a viewer takes the machine from others.
    """

    name: str
    title: str
    path: str = "/stream.mjpg"
    from_camera: bool = False
    crowd: int = 64


OURS = Contestant("ours", "**pimotion**", "/yard/stream.mjpg?overlay=none", crowd=256)
SEND = Contestant("send", "floor: `send()` in C", crowd=256)
SENDFILE = Contestant("sendfile", "floor: `sendfile()` in C", crowd=256)
USUAL = Contestant("usual", "Bottle on wsgiref, a thread and a generator each")
PICAMERA2 = Contestant("picamera2", "picamera2's `mjpeg_server.py`")
MOTION = Contestant("motion", "Motion 4.5 from Debian (C; encodes anew)", "/", from_camera=True)


class Arena:
    """Starts contestants, the servers on one core where the crowd has another."""

    def __init__(
        self, folder: Path, file: Path, *, core: int | None, camera_core: int | None
    ) -> None:
        self.folder = folder
        self.file = file
        self.core = core
        self.camera_core = camera_core
        self._floor = build_floor(folder)

    def missing(self, contestant: Contestant) -> str | None:
        """Return why a contestant cannot take part; None if it can."""
        if contestant in (SEND, SENDFILE) and self._floor is None:
            return "no C compiler (cc)"
        if contestant is MOTION and shutil.which("motion") is None:
            return "motion is not installed (apt-get install motion)"
        return None

    @contextmanager
    def running(self, contestant: Contestant, fps: float = FPS) -> Iterator[tuple[Program, str]]:
        """Run one; yield it and the URL of its stream."""
        feed = self.camera(fps) if contestant.from_camera else nullcontext("")
        port = free_port()
        with feed as camera_url:
            command = self._command(contestant, port, fps, camera_url)
            with Program(command, port, self.folder, core=self.core) as program:
                url = f"http://127.0.0.1:{port}{contestant.path}"
                wait_until_it_streams(url)
                yield program, url

    @contextmanager
    def camera(self, fps: float = FPS) -> Iterator[str]:
        """Run a network camera of the same pictures; yield its URL."""
        port = free_port()
        command = module("usual", self.file, port, fps)
        with Program(command, port, self.folder, core=self.camera_core):
            yield f"http://127.0.0.1:{port}/stream.mjpg"

    def _command(self, contestant: Contestant, port: int, fps: float, camera: str) -> list[str]:
        if contestant in (SEND, SENDFILE):
            return [str(self._floor), str(self.file), str(port), str(fps), contestant.name]
        if contestant is MOTION:
            return ["motion", "-n", "-c", str(self._motion_settings(port, fps, camera))]
        name = "picamera2_example" if contestant is PICAMERA2 else contestant.name
        return module(name, self.file, port, fps)

    def _motion_settings(self, port: int, fps: float, camera: str) -> Path:
        """Motion as a pure streamer of this camera, as fast as it comes and in its own quality."""
        width, height = SIZE
        lines = [
            "daemon off", "setup_mode off", f"netcam_url {camera}", f"width {width}",
            f"height {height}", f"framerate {fps:g}", f"stream_port {port}", "stream_localhost on",
            f"stream_maxrate {fps:g}", "stream_quality 80",
            "stream_motion off",
            "webcontrol_port 0", "picture_output off", "movie_output off",
            f"target_dir {self.folder}",
            f"log_file {self.folder}/motion.log", "log_level 4",
        ]  # fmt: skip
        path = self.folder / f"motion-{port}.conf"
        path.write_text("\n".join(lines) + "\n")
        return path
