"""Events and stills on a real disk: what is told, what is forgotten, what a crash leaves."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from scenes import UTC_S

from pimotion.record.database import VERSION, open_database
from pimotion.record.rows import last_event_utc_s, recent_events
from pimotion.record.stills import Stills
from pimotion.record.store import EventStore
from pimotion.types import Box, EventType, MotionEvent, Still, StopReason

JPEG = b"\xff\xd8" + bytes(5000) + b"\xff\xd9"


def event(
    number: int,
    kind: EventType = EventType.STOP,
    *,
    camera: str = "door",
    boxes: tuple[Box, ...] = (Box(1, 2, 30, 40),),
    score: float = 0.5,
    duration_s: float = 4.0,
    utc_s: float | None = UTC_S,
) -> MotionEvent:
    """A message of event ``number``, which began so many minutes after the first."""
    began = None if utc_s is None else utc_s + 60 * number
    return MotionEvent(
        type=kind,
        camera=camera,
        id=f"event-{number}",
        seq=0,
        started_utc_s=began,
        captured_utc_s=None if began is None else began + duration_s,
        time_s=0.0,
        duration_s=duration_s,
        frame_width=640,
        frame_height=360,
        boxes=boxes,
        zones=("yard",),
        changed_ratio=0.1,
        score=score,
        reason=StopReason.QUIET if kind is EventType.STOP else None,
    )


def still(number: int, jpeg: bytes = JPEG) -> Still:
    return Still("door", jpeg, 64, 48, UTC_S + 60 * number, f"event-{number}")


class Kept:
    """A store in a folder, and what a reader sees of it."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "events.db"
        self.folder = folder / "stills"
        self.stills = Stills(self.folder)
        self.store = EventStore(self.database, self.stills)

    def add(self, number: int, kind: EventType = EventType.STOP, *, jpeg: bytes = JPEG) -> None:
        self.store.save_still(f"event-{number}", still(number, jpeg))
        self.store.save(event(number, kind))

    def rows(self, **query: object) -> list[dict[str, object]]:
        wanted: dict[str, object] = {"camera": None, "before": None, "limit": 50}
        return recent_events(self.database, **(wanted | query))  # type: ignore[arg-type]

    def ids(self, **query: object) -> list[object]:
        return [row["id"] for row in self.rows(**query)]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.store.close()


def test_a_finished_event_is_told_in_full(kept: Kept) -> None:
    kept.add(0)

    assert kept.rows() == [
        {
            "id": "event-0",
            "camera": "door",
            "started_at": "2026-11-18T11:06:40.000+00:00",
            "ended_at": "2026-11-18T11:06:44.000+00:00",
            "duration_s": 4.0,
            "frame": {"width": 640, "height": 360},
            "zones": ["yard"],
            "boxes": [{"x": 1, "y": 2, "width": 30, "height": 40, "track": None}],
            "score": 0.5,
            "reason": "quiet",
            "snapshot": True,
        }
    ]
    assert kept.stills.read("event-0") == JPEG


def test_a_running_event_has_no_end_yet(kept: Kept) -> None:
    kept.store.save(event(0, EventType.START))

    [row] = kept.rows()
    assert (row["ended_at"], row["reason"], row["snapshot"]) == (None, None, False)


def test_an_event_is_told_while_the_clock_is_not_set(kept: Kept) -> None:
    kept.store.save(event(0, utc_s=None))

    [row] = kept.rows()
    assert (row["started_at"], row["ended_at"], row["reason"]) == (None, None, "quiet")


def test_a_database_that_the_first_start_is_about_to_make_holds_no_events(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "events.db")) as making:
        making.execute("PRAGMA journal_mode = WAL")
        assert recent_events(tmp_path / "events.db", camera=None, before=None, limit=9) == []


def test_boxes_and_score_are_the_best_of_the_event(kept: Kept) -> None:
    small, large = Box(0, 0, 10, 10), Box(5, 5, 50, 50, track=3)
    kept.store.save(event(0, EventType.START, boxes=(small,), score=0.4))
    kept.store.save(event(0, EventType.UPDATE, boxes=(large, small), score=0.9))
    kept.store.save(event(0, boxes=(small,), score=0.3))

    [row] = kept.rows()
    assert row["score"] == 0.9
    assert row["boxes"] == [
        {"x": 5, "y": 5, "width": 50, "height": 50, "track": 3},
        {"x": 0, "y": 0, "width": 10, "height": 10, "track": None},
    ]


def test_events_come_newest_first_by_camera_and_page(kept: Kept) -> None:
    for number in range(6):
        kept.store.save(event(number, camera="gate" if number % 2 else "door"))

    assert kept.ids(limit=2) == ["event-5", "event-4"]
    assert kept.ids(limit=2, before="event-4") == ["event-3", "event-2"]
    assert kept.ids(camera="gate") == ["event-5", "event-3", "event-1"]
    assert kept.ids(camera="gate", before="event-5") == ["event-3", "event-1"]
    assert kept.ids(before="never-was") == []


def test_newest_means_last_to_arrive_even_when_the_clock_jumps_back(kept: Kept) -> None:
    kept.store.save(event(0, utc_s=UTC_S))
    kept.store.save(event(1, utc_s=UTC_S - 86_400))

    assert kept.ids() == ["event-1", "event-0"]


def test_the_last_event_of_a_camera_is_the_newest_to_arrive(kept: Kept) -> None:
    for number, camera in [(2, "door"), (1, "door"), (3, "yard")]:
        kept.store.save(event(number, camera=camera))

    assert last_event_utc_s(kept.database, "door") == UTC_S + 60
    assert last_event_utc_s(kept.database, "garden") is None


@pytest.mark.parametrize("damage", ["started_utc_s = 1e300", "started_utc_s = 'noon'"])
def test_a_last_event_that_cannot_be_told_is_not_known(kept: Kept, damage: str) -> None:
    """Told, it would end the thread that tells it, at each start."""
    kept.store.save(event(0))
    kept.store._connection.execute(f"UPDATE events SET {damage}")

    assert last_event_utc_s(kept.database, "door") is None


def test_a_better_still_takes_the_place_of_the_first(kept: Kept) -> None:
    kept.add(0)
    kept.store.save_still("event-0", still(0, b"better"))

    assert kept.stills.read("event-0") == b"better"
    assert len(kept.rows()) == 1


@pytest.mark.parametrize(
    "name", ["../state", "a/b", "", ".", "a" * 65, "event-0.jpg", "caf\u00e9", "a\x00b", "a\n"]
)
def test_only_ids_reach_the_disk(kept: Kept, name: str) -> None:
    (kept.folder.parent / "state.jpg").write_bytes(b"secret")
    kept.add(0)

    assert kept.stills.read(name) is None
    kept.stills.remove(name)
    with pytest.raises(ValueError, match="not an event id"):
        kept.stills.write(name, JPEG)
    assert kept.ids() == ["event-0"]


def test_what_is_no_file_in_place_of_a_still_is_no_still(kept: Kept, tmp_path: Path) -> None:
    kept.folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (kept.folder / "link.jpg").symlink_to(secret)
    os.mkfifo(kept.folder / "pipe.jpg")
    (kept.folder / "folder.jpg").mkdir()

    assert kept.stills.read("link") is None
    assert kept.stills.read("pipe") is None
    assert kept.stills.read("folder") is None
    # Not their number: what tests before this one left behind may be closed meanwhile.
    still_open = {each.resolve() for each in Path("/proc/self/fd").iterdir()}
    assert not [each for each in still_open if each.is_relative_to(kept.folder)]


def test_events_older_than_wanted_are_forgotten_with_their_stills(kept: Kept) -> None:
    for number in range(4):
        kept.add(number)
    kept.store.save(event(9, utc_s=None))

    kept.store.forget_older(UTC_S + 2 * 60)

    assert kept.ids() == ["event-9", "event-3", "event-2"]
    assert kept.stills.ids() == {"event-3", "event-2"}


def test_the_oldest_events_make_room(kept: Kept) -> None:
    for number in range(5):
        kept.add(number)
    before = kept.store.disk_bytes()

    assert kept.store.forget_oldest(10_000)

    assert kept.ids() == ["event-4", "event-3", "event-2"]
    assert kept.stills.ids() == {"event-4", "event-3", "event-2"}
    assert kept.store.disk_bytes() <= before - 10_000


def test_a_running_event_is_not_forgotten(kept: Kept) -> None:
    kept.add(0, EventType.START)

    kept.store.forget_older(UTC_S + 1_000_000)

    assert not kept.store.forget_oldest(1)
    assert kept.ids() == ["event-0"]


def test_what_it_takes_on_the_disk_is_counted_in_whole_blocks(kept: Kept) -> None:
    empty = kept.store.disk_bytes()
    kept.add(0, jpeg=bytes(4097))

    on_disk = sum(path.stat().st_blocks * 512 for path in kept.folder.iterdir())
    assert on_disk == 8192
    assert kept.store.disk_bytes() >= empty + on_disk


def test_a_database_of_many_forgotten_rows_shrinks(kept: Kept) -> None:
    for number in range(400):
        kept.store.save(event(number, boxes=tuple(Box(n, n, 9, 9) for n in range(16))))
    full = kept.store.disk_bytes()

    while len(kept.ids(limit=500)) > 10:
        kept.store.forget_oldest(50_000)

    assert kept.store.disk_bytes() < full / 3


def test_an_event_that_a_crash_cut_off_ends_with_that_reason(kept: Kept) -> None:
    kept.add(0)
    kept.store.save(event(1, EventType.UPDATE, duration_s=7))
    kept.store.close()

    again = EventStore(kept.database, kept.stills)
    again.clean_up()
    again.close()

    cut, whole = kept.rows()
    assert (cut["reason"], whole["reason"]) == ("crash", "quiet")
    assert cut["ended_at"] == "2026-11-18T11:07:47.000+00:00"


def restarted(kept: Kept) -> list[tuple[MotionEvent, bool]]:
    """What the next start has to tell."""
    kept.store.close()
    kept.store = EventStore(kept.database, kept.stills)
    kept.store.clean_up()
    return kept.store.untold()


def test_what_nobody_was_told_is_known_at_each_start_until_somebody_was(kept: Kept) -> None:
    stops = [replace(event(n), seq=n + 3, time_s=1.5, changed_ratio=0.25) for n in range(2)]
    for stop in (*stops, event(2, camera="gate")):
        kept.store.save(stop)
    kept.store.keep_untold(stops)

    assert restarted(kept) == [(stops[0], False), (stops[1], True)]
    assert restarted(kept) == [(stops[0], False), (stops[1], True)]
    kept.store.keep_untold(stops[:1])
    assert restarted(kept) == [(stops[0], False)]
    kept.store.keep_untold([])
    assert restarted(kept) == []


def test_an_event_that_a_crash_cut_off_is_known_until_it_was_told(kept: Kept) -> None:
    """The broker may be away at the start after the crash, and the one after that."""
    kept.store.save(event(0))
    kept.store.save(event(1, EventType.UPDATE))

    for _ in range(2):
        [(cut, is_last)] = restarted(kept)
        assert (cut.id, cut.reason, cut.seq, is_last) == ("event-1", "crash", 9999, True)


def test_a_database_from_before_there_were_marks_is_kept(kept: Kept) -> None:
    kept.add(0)
    kept.store._connection.execute("DROP TABLE untold")

    assert restarted(kept) == []
    assert kept.ids() == ["event-0"]


def test_rows_and_stills_are_brought_in_step_after_a_crash(kept: Kept) -> None:
    kept.add(0)
    kept.add(1)
    kept.stills.remove("event-0")
    kept.stills.write("orphan", JPEG)
    (kept.folder / ".event-2.jpg.new").write_bytes(b"half")

    kept.store.clean_up()

    assert [(row["id"], row["snapshot"]) for row in kept.rows()] == [
        ("event-1", True),
        ("event-0", False),
    ]
    assert [path.name for path in kept.folder.iterdir()] == ["event-1.jpg"]


def test_what_is_not_ours_beside_the_stills_harms_nothing_and_stays(kept: Kept) -> None:
    """A disk of its own for the stills has a folder `lost+found`, a NAS has `@eaDir`."""
    kept.add(0)
    (kept.folder / "lost+found").mkdir()
    (kept.folder / ".event-2.jpg.new").write_bytes(b"half")

    kept.store.clean_up()

    assert kept.ids() == ["event-0"]
    assert {path.name for path in kept.folder.iterdir()} == {"event-0.jpg", "lost+found"}


@pytest.mark.parametrize(
    "damage",
    ["boxes = '[{\"x\": 1,,}]'", "boxes = '7'", "zones = '[\"ya'", "boxes = '[{\"z\": 1}]'",
     "started_utc_s = 1e300", "started_utc_s = 1e17", "duration_s = 'long'", "score = 9e999",
     "frame_width = 9e999", "camera = x'646f6f72'", "zones = '[\"\\ud800\"]'"],
)  # fmt: skip
@pytest.mark.parametrize("kind", [EventType.UPDATE, EventType.STOP])
def test_an_event_that_a_worn_card_damaged_is_left_out_and_the_others_stay(
    kept: Kept, damage: str, kind: EventType
) -> None:
    """Such a row ended the process at each start, and with it the history."""
    kept.store.save(event(0, EventType.UPDATE))
    kept.store.save(event(1, kind))
    kept.store.save(event(2))
    kept.store._connection.execute(f"UPDATE events SET {damage} WHERE id = 'event-1'")

    kept.store.clean_up()
    assert [stop.id for stop, _ in kept.store.untold()] == ["event-0"]
    assert kept.ids() == ["event-2", "event-0"]


@pytest.mark.parametrize(
    "damage",
    ["id = CAST(x'e576656e742d31' AS TEXT)", "id = x'6576'", "zones = CAST(x'5bff5d' AS TEXT)",
     "still_bytes = 'many'"],
)  # fmt: skip
def test_an_event_of_which_a_worn_card_damaged_a_text_is_forgotten_with_the_others(
    kept: Kept, damage: str
) -> None:
    """A flipped bit makes bytes of a text, or a text that is none: no event was kept any more."""
    for number in range(3):
        kept.add(number)
    kept.store._connection.execute(f"UPDATE events SET {damage} WHERE id = 'event-1'")

    kept.store.clean_up()
    assert {"event-0", "event-2"} <= set(kept.ids())
    kept.store.forget_older(UTC_S + 90)
    assert kept.ids() == ["event-2"]


def test_an_event_with_a_damaged_name_makes_room_as_others_do(kept: Kept) -> None:
    for number in range(3):
        kept.add(number)
    kept.store._connection.execute("UPDATE events SET id = x'6576' WHERE id = 'event-1'")

    while kept.store.forget_oldest(1):
        pass
    assert kept.ids() == []


def reopened(kept: Kept) -> list[object]:
    kept.store.close()
    EventStore(kept.database, kept.stills).close()
    return kept.ids()


def test_a_sound_database_is_kept(kept: Kept) -> None:
    kept.add(0)

    assert reopened(kept) == ["event-0"]


def test_a_damaged_database_is_put_aside_and_a_new_one_begun(kept: Kept) -> None:
    for number in range(50):
        kept.store.save(event(number))
    kept.store.close()
    data = bytearray(kept.database.read_bytes())
    data[4096 : 4096 * 3] = b"\xa5" * 8192
    kept.database.write_bytes(bytes(data))

    assert reopened(kept) == []
    assert kept.database.with_suffix(".broken").exists()


def test_a_file_that_is_no_database_is_put_aside(kept: Kept) -> None:
    kept.store.close()
    kept.database.write_bytes(b"not a database at all" * 100)

    assert reopened(kept) == []


@pytest.mark.parametrize("version", [0, VERSION + 1])
def test_a_database_of_another_program_or_version_is_put_aside(kept: Kept, version: int) -> None:
    kept.store._connection.execute(f"PRAGMA user_version = {version}")

    assert reopened(kept) == []
    assert kept.database.with_suffix(".broken").exists()


def test_a_database_that_cannot_be_made_is_not_put_aside(tmp_path: Path) -> None:
    (tmp_path / "events.db").mkdir()

    with pytest.raises(sqlite3.OperationalError):
        open_database(tmp_path / "events.db")
