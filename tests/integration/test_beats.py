"""No thread of the daemon can hang unseen: each has a beat that its work renews."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from mjpeg_reader import MjpegReader
from publishing import running
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


def test_name_servers_that_never_answer_do_not_end_a_program_whose_cameras_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of them and a search domain, while the router starts anew: that takes 56 s."""
    asked, given_up = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> object:
        asked.set()
        given_up.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with running(tmp_path, 1883, host="nas") as daemon:
        wait_until(asked.is_set, "the name is looked up")
        beat = daemon.publisher._beat
        now_s = time.monotonic()
        assert beat.overdue_s(now_s + 60) < 0 < beat.overdue_s(now_s + 180)
        given_up.set()
        assert "name nas is not known" in daemon.reason()
        assert beat.overdue_s(time.monotonic() + 80) > 0, "all else is shorter"
