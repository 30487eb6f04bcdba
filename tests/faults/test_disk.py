"""The disk is full, has no more files, or is read-only: motion is told all the same."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from broker import Broker
from cameras.steerable_camera import SteerableCamera
from failing_disk import AS_ROOT, AT_START, EVERYWHERE, can_mount, small_disk
from free_ports import find_free_port
from waiting import wait_until
from watched_door import TOPIC, Scene

Measured = Callable[[str, object], None]

STATUS = "pimotion/node/status"

MAY_MOUNT = can_mount()
FAULTS = {**EVERYWHERE, **(AS_ROOT if MAY_MOUNT else {})}
FROM_THE_START = {**AT_START, **({"read-only": AS_ROOT["read-only"]} if MAY_MOUNT else {})}


@pytest.fixture
def scene(tmp_path: Path, free_port: int, unused_port: int) -> Iterator[Scene]:
    folder = tmp_path / "state"
    with ExitStack() as stack:
        if MAY_MOUNT:
            stack.enter_context(small_disk(folder))
        camera = stack.enter_context(SteerableCamera(find_free_port()))
        broker = stack.enter_context(Broker(tmp_path, unused_port))
        storage = {"storage": {"min_free_bytes": 0}}
        made = Scene(tmp_path, free_port, camera, broker, settings=storage)
        stack.callback(made.close)
        made.daemon.wait_for(lambda: made.daemon.healthz() is not None, "the page")
        yield made


def kept(scene: Scene) -> set[str]:
    return {each["id"] for each in scene.remembered() if each["reason"]}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_fails_costs_no_event_and_is_used_again(
    scene: Scene,
    tmp_path: Path,
    fault: str,
    measured: Measured,
) -> None:
    folder = tmp_path / "state"
    first = scene.visit()
    wait_until(lambda: first in kept(scene), "it is remembered", 10)
    with FAULTS[fault](folder, scene.daemon.process.pid):
        during = scene.visit()
        scene.listener.publish(f"{TOPIC}/sensitivity/set", "77")
        scene.listener.wait_for(f"{TOPIC}/sensitivity/state", b"77")
        wait_until(lambda: "events are not kept" in scene.daemon.log, "it is told", 10)
        wait_until(lambda: "state is not kept" in scene.daemon.log, "of settings too", 10)

    after_s = wait_until(lambda: during in kept(scene), "it is remembered too", 20)
    measured("remembered_after_s", round(after_s, 1))
    assert after_s < 10
    state = folder / "state.json"
    wait_until(lambda: "sensitivity" in state.read_text(), "the setting is kept", 10)
    warnings = re.findall(r"WARNING pimotion\.(?:record|state).*", scene.daemon.log)
    measured("log_lines", len(warnings))
    assert len(warnings) <= 4, warnings
    assert "Traceback" not in scene.daemon.log
    seen = set(re.findall(r"motion started .*event=(\S+)", scene.daemon.log))
    assert seen == {first, during}
    assert_whole(folder)


def assert_whole(folder: Path) -> None:
    """No file is half written."""
    json.loads((folder / "state.json").read_text())
    stills = list((folder / "stills").iterdir())
    assert stills
    for still in stills:
        data = still.read_bytes()
        assert still.suffix == ".jpg"
        assert (data[:2], data[-2:]) == (b"\xff\xd8", b"\xff\xd9")
    with closing(sqlite3.connect(folder / "events.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("fault", FROM_THE_START)
def test_a_folder_that_fails_from_the_start_is_used_once_it_does_not(
    tmp_path: Path, free_port: int, unused_port: int, fault: str
) -> None:
    folder = tmp_path / "state"
    with ExitStack() as stack:
        if MAY_MOUNT:
            stack.enter_context(small_disk(folder))
        camera = stack.enter_context(SteerableCamera(find_free_port()))
        broker = stack.enter_context(Broker(tmp_path, unused_port))
        with FROM_THE_START[fault](folder, 0):
            scene = Scene(
                tmp_path, free_port, camera, broker, settings={"storage": {"min_free_bytes": 0}}
            )
            stack.callback(scene.close)
            scene.daemon.wait_for(lambda: scene.daemon.healthz() is not None, "the page")
            missed = scene.visit()
        assert wait_until(lambda: missed in kept(scene), "it is remembered", 20) < 10
        assert "Traceback" not in scene.daemon.log


def test_privacy_that_could_not_be_written_outlives_a_reload(scene: Scene, tmp_path: Path) -> None:
    """On a card that had become read-only a reload opened the camera again."""
    scene.wait_for_state("ok", 20)
    with EVERYWHERE["no file may grow"](tmp_path / "state", scene.daemon.process.pid):
        scene.listener.publish(f"{TOPIC}/privacy/set", "ON")
        scene.listener.wait_for(f"{TOPIC}/privacy/state", b"ON")
        scene.listener.forget()
        scene.daemon.process.send_signal(signal.SIGHUP)
        scene.listener.wait_for(STATUS, b"offline")
        wait_until(lambda: scene.listener.payloads(STATUS)[-1] == b"online", "it has begun anew")
        assert scene.listener.payloads(f"{TOPIC}/privacy/state", live=True)[-1] == b"ON"
        scene.wait_for_state("privacy", 20)
        assert "ok" not in scene.states(), "it was not open for a moment"
    state = tmp_path / "state" / "state.json"
    wait_until(lambda: state.exists() and "privacy" in state.read_text(), "it is kept", 20)
