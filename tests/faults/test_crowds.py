"""Many want pictures at one time: detection comes first, and who has a place keeps it."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from broker import HOST
from daemon_process import DaemonProcess
from mjpeg_reader import MjpegReader

Measured = Callable[[str, object], None]

FPS = 10
PLACES, WANTED = 8, 30
SNAPSHOTS, AT_ONCE = 5000, 16
WATCH_S = 8.0


@contextmanager
def daemon(folder: Path, port: int) -> Iterator[DaemonProcess]:
    settings = {
        "mqtt": {"host": HOST, "port": 1},
        "http": {"max_viewers": PLACES},
        "cameras": {
            "door": {
                "source": "synthetic",
                "width": 640,
                "height": 480,
                "fps": FPS,
                "detect": {"fps": FPS},
            }
        },
    }
    with DaemonProcess(folder, settings, port=port) as running:
        running.wait_for(lambda: running.camera("door")["status"] == "online", "live")
        yield running


def fps_of(viewer: MjpegReader) -> float:
    """Watch for a while; return the pictures a second."""
    viewer.part()
    began_s = time.monotonic()
    pictures = 0
    while time.monotonic() - began_s < WATCH_S:
        viewer.part()
        pictures += 1
    return pictures / (time.monotonic() - began_s)


def test_who_has_a_place_keeps_his_pictures_while_others_are_turned_away(
    tmp_path: Path, free_port: int, measured: Measured
) -> None:
    with daemon(tmp_path, free_port) as running, ExitStack() as stack:
        url = f"{running.url}/door/stream.mjpg"
        with MjpegReader(url) as viewer:
            alone_fps = fps_of(viewer)
        running.wait_for(lambda: b'"viewers": 0' in running.get("/api/state"), "he has left")
        viewers = [stack.enter_context(MjpegReader(url)) for _ in range(PLACES)]
        over = threading.Event()
        pool = stack.enter_context(ThreadPoolExecutor(PLACES + 1))
        refused = pool.submit(turned_away, url, over)
        each_fps = list(pool.map(fps_of, viewers))
        over.set()

        measured("alone_fps", round(alone_fps, 1))
        measured("slowest_fps", round(min(each_fps), 1))
        measured("refused", refused.result())
        assert min(each_fps) >= 0.9 * alone_fps
        assert refused.result() >= WANTED - PLACES


def turned_away(url: str, over: threading.Event) -> int:
    """Ask for a place again and again, 22 at a time; return how often there was none."""
    refused = 0
    while not over.wait(0.5):
        with ExitStack() as stack:
            asking = [stack.enter_context(MjpegReader(url)) for _ in range(WANTED - PLACES)]
            assert {each.status for each in asking} == {503}
            refused += len(asking)
    return refused


def test_a_flood_of_snapshots_takes_nothing_from_detection(
    tmp_path: Path, free_port: int, measured: Measured
) -> None:
    with daemon(tmp_path, free_port) as running:
        began_s = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _: snapshot(free_port), range(SNAPSHOTS)))
        lasted_s = time.monotonic() - began_s
        running.stop()
    closed = re.search(r"camera closed .* analysed=(\d+)", running.log)
    assert closed is not None
    detect_fps = int(closed[1]) / lasted_s

    waited_s = sorted(took_s for _, took_s in answers)
    measured("lasted_s", round(lasted_s, 1))
    measured("p99_s", round(waited_s[len(waited_s) * 99 // 100], 3))
    measured("detect_fps", round(detect_fps, 1))
    assert {status for status, _ in answers} <= {b"200", b"503"}
    assert waited_s[len(waited_s) * 99 // 100] <= 1
    assert detect_fps >= 0.8 * FPS
    assert "Traceback" not in running.log


def snapshot(port: int) -> tuple[bytes, float]:
    """Ask for a still; return the status, and how long all of it took, s."""
    began_s = time.monotonic()
    with socket.create_connection((HOST, port), 10) as connection:
        connection.sendall(b"GET /door/snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status = connection.recv(65536)[9:12]
        while connection.recv(65536):
            pass
    return status, time.monotonic() - began_s
