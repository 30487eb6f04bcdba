"""A broker that is not there, or that two of us share under one name: no storm, and no noise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from broker import HOST, Broker
from daemon_process import DaemonProcess
from free_ports import find_free_port
from waiting import passes, wait_until

Measured = Callable[[str, object], None]
MINUTE_S = 60.0


def settings(broker_port: int) -> dict[str, Any]:
    camera = {"source": "synthetic", "width": 320, "height": 240, "fps": 10}
    mqtt = {"host": HOST, "port": broker_port}
    return {"node": "node", "mqtt": mqtt, "cameras": {"door": camera}}


def test_of_a_broker_that_is_not_there_little_is_said(
    tmp_path: Path, free_port: int, unused_port: int, measured: Measured
) -> None:
    with DaemonProcess(tmp_path, settings(unused_port), port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["state"] == "ok", "live")
        passes(MINUTE_S)
        said = [line for line in daemon.log.splitlines() if "broker" in line]
        assert daemon.camera("door")["status"] == "online"

    measured("lines_a_minute", len(said))
    assert 1 <= len(said) <= 4


@pytest.mark.timeout(200)
def test_two_machines_of_one_name_do_not_throw_each_other_out_for_ever(
    tmp_path: Path, free_port: int, unused_port: int, measured: Measured
) -> None:
    for name in ("one", "other", "broker"):
        (tmp_path / name).mkdir()
    with (
        Broker(tmp_path / "broker", unused_port) as broker,
        DaemonProcess(tmp_path / "one", settings(unused_port), port=free_port) as one,
    ):
        wait_until(lambda: "as pimotion" in broker.log(), "it has a name of its own", 20)
        one.stop()
    shutil.copytree(tmp_path / "one" / "state", tmp_path / "other" / "state")  # a copied SD card
    with (
        Broker(tmp_path / "broker", unused_port) as broker,
        DaemonProcess(tmp_path / "one", settings(unused_port), port=free_port) as one,
        DaemonProcess(tmp_path / "other", settings(unused_port), port=find_free_port()) as other,
    ):
        before = broker.log().count("New client connected")
        passes(MINUTE_S)
        first = broker.log().count("New client connected") - before
        passes(MINUTE_S / 2)
        second = broker.log().count("New client connected") - before - first
        logs = one.log + other.log

    measured("connections_of_both", f"{first} in a minute, then {second} in half a minute")
    assert "another client with our id" in logs
    assert first <= 2 * 10
    assert second <= 5
