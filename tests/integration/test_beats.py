"""No thread of the daemon can hang unseen: each has a beat that its work renews."""

from __future__ import annotations

import threading
from pathlib import Path

from mjpeg_reader import MjpegReader
from waiting import wait_until

from pimotion.config.file import from_values
from pimotion.daemon import Daemon


def test_every_thread_has_a_beat(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    values = {
        "state_dir": str(tmp_path),
        "mqtt": {"host": "127.0.0.1", "port": 1},
        "http": {"port": 0},
        "cameras": {"door": {"source": "synthetic", "width": 320, "height": 240}},
    }
    daemon = Daemon(from_values(values))
    daemon.start()
    try:
        with MjpegReader(f"{daemon.url}/door/stream.mjpg") as viewer:
            assert viewer.part()
            names = {thread.name for thread in set(threading.enumerate()) - before}
            watched = {thread.name for thread in daemon._threads._watched}
            assert names == watched
        assert {"capture-door", "detect-door", "encode-door", "fanout", "mqtt", "record", "http",
                "http-worker-1", "http-worker-8"} <= names  # fmt: skip
        wait_until(lambda: "encode-door" not in {each.name for each in threading.enumerate()})
    finally:
        daemon.stop()
    assert daemon.dead is None
