"""What a viewer of a motion detector costs: pimotion's daemon and the tutorial's program.

Both read the same network camera, look for motion with a running average, and show 16 viewers a
picture of 400 px: the tutorial because that is all it has, pimotion because it is asked for it.
pimotion detects at its usual 10 frames a second, the tutorial as fast as it can.
"""

from __future__ import annotations

import json
import sys

from benchmarks.stream.contestants import Arena
from benchmarks.stream.effort import Effort
from benchmarks.stream.measures import Level, level
from benchmarks.stream.pictures import FPS
from benchmarks.stream.programs import Program, free_port, module
from benchmarks.tutorial import Tutorial

VIEWERS = 16


def levels(arena: Arena, effort: Effort) -> tuple[Level, Level]:
    """Measure both, one after the other; ours first."""
    with arena.camera() as camera:
        port = free_port()
        with Program(_daemon(arena, camera, port), port, arena.folder, core=arena.core) as ours:
            url = f"http://127.0.0.1:{port}/yard/stream.mjpg?width={Tutorial.WIDTH}"
            first = level(ours, url, VIEWERS, effort, fps=FPS, idle_cores=0)
        port = free_port()
        command = module("tutorial_server", camera, port)
        with Program(command, port, arena.folder, core=arena.core) as theirs:
            url = f"http://127.0.0.1:{port}/video_feed"
            second = level(theirs, url, VIEWERS, effort, fps=FPS, idle_cores=0)
    return first, second


def _daemon(arena: Arena, camera: str, port: int) -> list[str]:
    settings = {
        "node": "bench",
        "state_dir": str(arena.folder / "state"),
        "mqtt": {"host": "127.0.0.1", "port": free_port()},
        "http": {"port": port},
        "cameras": {
            "yard": {
                "source": camera,
                "fps": FPS,
                "detect": {"method": "running_average", "width": Tutorial.WIDTH},
            }
        },
    }
    path = arena.folder / f"pimotion-{port}.yml"
    path.write_text(json.dumps(settings))
    return [sys.executable, "-m", "pimotion", "--config", str(path)]
