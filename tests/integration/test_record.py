"""The record thread on a real disk: nothing that happens there stops it, and limits are kept."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from pimotion.config.settings import Storage
from pimotion.errors import EventsUnreadable
from pimotion.health import Threads
from pimotion.record.recorder import Recorder
from pimotion.record.store import EventStore
from pimotion.types import (
    Box,
    CameraHealth,
    CameraState,
    EventType,
    MotionEvent,
    MotionState,
    Still,
    StopReason,
)

NOW_S = time.time()
DEADLINE_S = 15.0
ROOMY = Storage(min_free_bytes=0)


def event(
    name: str, kind: EventType = EventType.STOP, *, utc_s: float = NOW_S, zones: int = 1
) -> MotionEvent:
    return MotionEvent(
        type=kind,
        camera="door",
        id=name,
        seq=0,
        started_utc_s=utc_s,
        captured_utc_s=utc_s + 2,
        time_s=0.0,
        duration_s=2.0,
        frame_width=640,
        frame_height=360,
        boxes=(Box(1, 2, 30, 40),),
        zones=tuple(f"zone-{n}" for n in range(zones)),
        changed_ratio=0.1,
        score=0.5,
        reason=StopReason.QUIET if kind is EventType.STOP else None,
    )


def still(name: str | None, jpeg: bytes = b"jpeg") -> Still:
    return Still("door", jpeg, 64, 48, NOW_S, name)


class Running:
    """A recorder with its thread, in a folder."""

    def __init__(self, folder: Path, storage: Storage = ROOMY, *, steady_s: float = 3600.0) -> None:
        self.folder = folder
        self.threads = Threads()
        self.recorder = Recorder(folder, storage, retry_s=0.2, steady_s=steady_s)
        self.recorder.start(self.threads)

    def stop(self) -> None:
        self.threads.close()
        assert self.recorder.stop(DEADLINE_S)
        assert self.threads.dead is None

    def ids(self) -> list[str]:
        return [row["id"] for row in self.rows()]

    def reasons(self) -> dict[str, str | None]:
        return {row["id"]: row["reason"] for row in self.rows()}

    def rows(self) -> Sequence[Mapping[str, Any]]:
        with suppress(EventsUnreadable):
            return self.recorder.recent(limit=500)
        return []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def start(storage: Storage = ROOMY, folder: Path | None = None, **rules: float) -> Running:
        running.append(Running(folder or tmp_path / "events", storage, **rules))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def test_an_event_can_be_seen_while_it_goes_on_and_after(start: Callable[..., Running]) -> None:
    running = start()
    assert running.recorder.recent() == []

    running.recorder.put(still("one"))
    running.recorder.put(event("one", EventType.START))
    wait_until(lambda: running.ids() == ["one"], "the running event")
    assert running.recorder.recent()[0]["ended_at"] is None
    assert running.recorder.still("one") == b"jpeg"

    running.recorder.put(event("one"))
    wait_until(lambda: running.reasons() == {"one": "quiet"}, "its end")


def test_what_is_no_event_is_not_remembered(start: Callable[..., Running]) -> None:
    running = start()
    for message in (
        still(None),
        MotionState("door", True),
        CameraHealth("door", CameraState.OK, None, NOW_S, 0.0),
    ):
        running.recorder.put(message)
    running.recorder.put(event("one"))

    wait_until(lambda: running.ids() == ["one"], "the only event")
    assert not (running.folder / "stills").exists()


def test_what_waits_is_saved_at_stop(start: Callable[..., Running]) -> None:
    running = start()
    for number in range(60):
        running.recorder.put(event(f"event-{number}"))
    running.stop()

    assert len(running.ids()) == 60


def test_what_the_broker_does_not_have_is_told_at_the_next_start_and_written_once(
    tmp_path: Path,
) -> None:
    """Without a broker away it costs the SD card nothing."""
    missing: list[MotionEvent] = []
    told: list[tuple[str, bool]] = []

    def run(*stops: MotionEvent) -> None:
        recorder = Recorder(
            tmp_path,
            ROOMY,
            tell_late=lambda late, is_last: told.append((late.id, is_last)),
            untold=lambda: missing,
        )
        threads = Threads()
        recorder.start(threads)
        for stop in stops:
            recorder.put(stop)
        threads.close()
        assert recorder.stop(DEADLINE_S)

    missing = [event("one"), event("two")]
    run(*missing, event("three"))
    assert told == []
    run()
    assert told == [("one", False), ("two", False)]
    missing = []
    run()
    told.clear()
    run()
    assert told == []


def test_events_survive_a_restart_and_old_ones_are_forgotten(start: Callable[..., Running]) -> None:
    first = start()
    first.recorder.put(event("old", utc_s=NOW_S - 2 * 86_400))
    first.recorder.put(event("new"))
    first.stop()
    assert set(first.ids()) == {"old", "new"}

    again = start(Storage(events_days=1, min_free_bytes=0), steady_s=0)
    wait_until(lambda: again.ids() == ["new"], "the old one to go")


def test_a_start_with_a_clock_of_the_future_forgets_nothing(start: Callable[..., Running]) -> None:
    """A year ahead until the network time came, it took all events for too old."""
    first = start()
    first.recorder.put(event("one"))
    first.stop()
    again = start(Storage(events_days=30, min_free_bytes=0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pimotion.record.recorder.utc_now_s", lambda: NOW_S + 365 * 86_400)
        again.recorder.put(event("two"))  # its end is a moment to tidy up
        again.recorder.put(event("three"))
        wait_until(lambda: "three" in again.ids(), "the last event")
        again.stop()
    assert set(again.ids()) == {"one", "two", "three"}


def test_the_folder_stays_within_max_bytes(start: Callable[..., Running]) -> None:
    running = start(Storage(max_bytes=1_000_000, min_free_bytes=0))
    for number in range(30):
        running.recorder.put(still(f"event-{number}", bytes(100_000)))
        running.recorder.put(event(f"event-{number}"))
        wait_until(lambda: running.reasons().get(f"event-{number}"), "the event")  # noqa: B023

    running.recorder.put(event("last"))
    wait_until(lambda: "last" in running.ids() and _bytes_of(running.folder) < 1_000_000, "limit")
    assert 5 <= len(running.ids()) <= 10
    assert "event-29" in running.ids()
    assert running.recorder.still("event-29") is not None
    assert running.recorder.still("event-0") is None


def test_the_updates_of_an_event_are_not_written_each_for_itself(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that always sees something wrote 900 MB a day to its SD card."""
    saved: list[EventType] = []
    save = EventStore.save

    def count(store: EventStore, message: MotionEvent) -> None:
        saved.append(message.type)
        save(store, message)

    monkeypatch.setattr(EventStore, "save", count)
    running = start()
    running.recorder.put(event("one", EventType.START))
    wait_until(lambda: running.ids() == ["one"], "the running event")
    for number in range(30):
        running.recorder.put(event("one", EventType.UPDATE, zones=number))
    running.recorder.put(event("two", EventType.START))
    wait_until(lambda: "two" in running.ids(), "another one")
    running.recorder.put(event("one", EventType.UPDATE, zones=40))
    wait_until(lambda: len(running.recorder.recent()[1]["zones"]) == 40, "the last update", 10)
    running.recorder.put(event("one"))
    wait_until(lambda: running.reasons()["one"] == "quiet", "its end")
    assert saved.count(EventType.START) == 2
    assert saved.count(EventType.UPDATE) <= 3
    assert saved.count(EventType.STOP) == 1


def test_an_end_that_the_disk_refused_does_not_wait_for_the_next_ten_seconds(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another camera goes on to see something, its updates are all that comes."""
    refused: list[str] = []
    save = EventStore.save

    def refuse_once(store: EventStore, message: MotionEvent) -> None:
        if message.id == "over" and not refused:
            refused.append(message.id)
            raise sqlite3.OperationalError("database or disk is full")
        save(store, message)

    monkeypatch.setattr(EventStore, "save", refuse_once)
    running = start()
    running.recorder.put(event("over"))

    def is_kept() -> bool:
        running.recorder.put(event("busy", EventType.UPDATE))
        return "over" in running.ids()

    wait_until(is_kept, "the end", 5)
    assert refused


@pytest.mark.parametrize("what", ["the database", "the folder", "another in its place"])
def test_a_database_that_somebody_removes_is_begun_anew(
    start: Callable[..., Running], tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All events went into a file that had no name any more, and were gone with the process."""
    other = start(folder=tmp_path / "other")
    other.recorder.put(event("other"))
    wait_until(lambda: other.ids() == ["other"], "another database")
    other.stop()
    running = start()
    running.recorder.put(still("one"))
    running.recorder.put(event("one"))
    wait_until(lambda: running.ids() == ["one"], "the first event")
    before = []
    match what:
        case "the database":
            (running.folder / "events.db").unlink()
        case "the folder":
            shutil.rmtree(running.folder)
        case _:
            for suffix in ("-wal", "-shm"):  # which go with a database, says SQLite
                (running.folder / f"events.db{suffix}").unlink()
            (tmp_path / "other" / "events.db").replace(running.folder / "events.db")
            before = ["other"]

    running.recorder.put(still("two"))
    running.recorder.put(event("two"))
    wait_until(lambda: running.ids() == ["two", *before], "the next event")
    assert running.recorder.still("two") == b"jpeg"
    running.stop()
    assert running.ids() == ["two", *before]
    assert "is not the one that was opened" in caplog.text


def test_readers_who_never_pause_do_not_let_the_log_grow(start: Callable[..., Running]) -> None:
    """SQLite begins its write-ahead log anew only in a moment in which nobody reads."""
    running = start()
    running.recorder.put(event("first"))
    wait_until(lambda: running.ids() == ["first"], "the database")
    over = threading.Event()

    def read(begin_s: float) -> None:
        over.wait(begin_s)
        while not over.is_set():
            with closing(sqlite3.connect(running.folder / "events.db")) as connection:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM events").fetchone()
                over.wait(0.1)

    readers = [threading.Thread(target=read, args=(number * 0.03,)) for number in range(4)]
    for reader in readers:
        reader.start()
    largest_bytes = 0
    try:
        for number in range(300):
            running.recorder.put(event(f"event-{number}", zones=40))
            wait_until(lambda: running.recorder.recent(limit=1)[0]["id"] == f"event-{number}", "it")  # noqa: B023
            log_bytes = (running.folder / "events.db-wal").stat().st_size
            largest_bytes = max(largest_bytes, log_bytes)
    finally:  # or they would read for ever
        over.set()
        for reader in readers:
            reader.join()
    assert largest_bytes < 1_500_000, "it was folded in"


def _bytes_of(folder: Path) -> int:
    """What the files take on the disk; the shared-memory file is none of the data."""
    total = 0
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.endswith("-shm"):
            with suppress(FileNotFoundError):
                total += path.stat().st_blocks * 512
    return total


def test_a_disk_with_too_little_free_space_loses_its_oldest_events(
    start: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    running = start(Storage(min_free_bytes=10**15))
    running.recorder.put(still("one"))
    running.recorder.put(event("one"))
    running.recorder.put(event("two", EventType.START))

    wait_until(lambda: running.ids() == ["two"], "the finished event to go")
    assert running.recorder.still("one") is None
    wait_until(lambda: "no events left to forget" in caplog.text, "a line in the log")
    said = re.search(r"only [0-9]+\.[0-9] GB free, less than (.*), and no events", caplog.text)
    assert said is not None
    assert said[1] == "storage.min_free_bytes (1000TB)"


def test_a_file_system_that_tells_late_what_is_free_loses_no_more_than_is_needed(
    start: Callable[..., Running], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Btrfs counts what was removed at its next commit, up to 30 s later."""
    folder = tmp_path / "events"
    first = start(folder=folder)
    for number in range(30):
        first.recorder.put(still(f"event-{number}", bytes(100_000)))
        first.recorder.put(event(f"event-{number}"))
    wait_until(lambda: len(first.ids()) == 30, "the events")
    first.stop()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    second = start(Storage(min_free_bytes=usage.free + 250_000), folder=folder)

    wait_until(lambda: len(second.ids()) < 30, "the oldest to go")
    second.stop()
    assert len(second.ids()) == 27


def test_a_limit_that_nothing_fits_under_is_named(
    start: Callable[..., Running],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(EventStore, "disk_bytes", lambda _: 1_240_000)
    start(Storage(max_bytes=1_000_000, min_free_bytes=0))
    wait_until(lambda: "no events left to forget: raise it" in caplog.text, "a line in the log")
    assert "takes 1.2 MB, more than storage.max_bytes (1MB)" in caplog.text


def test_a_place_where_nothing_can_be_written_is_logged_and_tried_again(
    start: Callable[..., Running], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A read-only card must not cost the alarm, and the event is kept once it can be."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    running = start(folder=blocked)
    running.recorder.put(still("one"))
    running.recorder.put(event("one", EventType.START))
    running.recorder.put(event("one"))
    wait_until(lambda: "events are not kept for now" in caplog.text, "a line in the log")
    assert running.recorder.recent() == []
    assert running.recorder.still("one") is None

    blocked.unlink()
    wait_until(lambda: running.reasons() == {"one": "quiet"}, "the event to be saved after all")
    lines = [record for record in caplog.records if "not kept" in record.message]
    assert len(lines) <= 4


def test_a_database_that_breaks_while_running_is_replaced(
    start: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    running = start()
    running.recorder.put(event("before"))
    wait_until(lambda: running.ids() == ["before"], "the first event")

    for path in running.folder.glob("events.db*"):
        path.write_bytes(b"\xa5" * 65536)
    with pytest.raises(EventsUnreadable, match="cannot be read now"):
        running.recorder.recent()
    running.recorder.put(event("after"))

    wait_until(lambda: running.ids() == ["after"], "the event in the new database")
    assert "put aside" in caplog.text


def test_pictures_of_a_database_that_broke_do_not_stay_uncounted(
    start: Callable[..., Running],
) -> None:
    running = start()
    running.recorder.put(still("before"))
    running.recorder.put(event("before"))
    wait_until(lambda: running.ids() == ["before"], "the first event")

    for path in running.folder.glob("events.db*"):
        path.write_bytes(b"\xa5" * 65536)
    running.recorder.put(still("after"))
    running.recorder.put(event("after"))
    running.recorder.put(event("last"))

    wait_until(lambda: "last" in running.ids(), "the last event in the new database")
    assert running.recorder.still("before") is None


def test_a_full_queue_is_counted_and_never_blocks(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, ROOMY)  # its thread is not started: nobody takes anything

    for number in range(130):
        recorder.put(event(f"event-{number}"))

    assert recorder.dropped == 30
    assert recorder.stop(0)


def test_an_event_that_ends_while_the_disk_hangs_is_not_left_running(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worn SD card stops for a minute, and four cameras see motion all the while."""
    well = threading.Event()
    save = EventStore.save

    def hang(store: EventStore, message: MotionEvent) -> None:
        well.wait(DEADLINE_S)
        save(store, message)

    monkeypatch.setattr(EventStore, "save", hang)
    running = start()
    names = [f"event-{number}" for number in range(4)]
    for kind in (EventType.START, *[EventType.UPDATE] * 60, EventType.STOP):
        for name in names:
            running.recorder.put(event(name, kind))
            running.recorder.put(still(name))
    well.set()

    wait_until(lambda: running.reasons() == dict.fromkeys(names, "quiet"), "the ends")
    assert running.recorder.dropped > 0


CRASH = """
import os
from pathlib import Path
from integration.test_record import Running, event, still, wait_until
from pimotion.types import EventType
running = Running(Path({folder!r}))
running.recorder.put(still("cut"))
running.recorder.put(event("cut", EventType.START))
wait_until(lambda: running.ids() == ["cut"], "the event")
os._exit(9)
"""


def test_an_event_cut_off_by_a_crash_ends_with_that_reason(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    folder = tmp_path / "crashed"
    script = CRASH.format(folder=str(folder))
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{root}:{root / 'tests'}"}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, check=False, timeout=60)
    assert ended.returncode == 9

    running = start(folder=folder)

    wait_until(lambda: running.reasons() == {"cut": "crash"}, "the reason")
    assert running.recorder.still("cut") == b"jpeg"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_costs_pictures_but_no_event(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running = Running(small_disk / "events")
    running.recorder.put(still("before", bytes(100_000)))
    running.recorder.put(event("before"))
    running.recorder.put(event("running", EventType.START))
    wait_until(lambda: running.ids() == ["running", "before"], "the first events")

    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    running.recorder.put(still("during", bytes(100_000)))
    running.recorder.put(event("during"))
    wait_until(lambda: "not kept for now" in caplog.text, "a line in the log")
    filler.unlink()
    wait_until(lambda: "during" in running.ids(), "the event after all")

    assert running.reasons() == {"during": "quiet", "running": None, "before": "quiet"}
    assert [row["snapshot"] for row in running.recorder.recent()] == [False, False, True]
    assert [path.name for path in (small_disk / "events/stills").iterdir()] == ["before.jpg"]
    running.stop()


def test_old_events_make_room_on_a_small_disk(small_disk: Path) -> None:
    running = Running(small_disk / "events", Storage(min_free_bytes=600_000))
    for number in range(20):
        running.recorder.put(still(f"event-{number}", bytes(100_000)))
        running.recorder.put(event(f"event-{number}"))

    wait_until(lambda: "event-19" in running.ids(), "the last event")
    running.stop()
    kept = running.ids()
    assert kept == [f"event-{number}" for number in range(19, 19 - len(kept), -1)]
    assert 3 <= len(kept) <= 14
    assert all(running.recorder.still(name) for name in kept)
    assert shutil.disk_usage(small_disk).free >= 600_000
