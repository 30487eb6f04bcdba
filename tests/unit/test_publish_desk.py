"""What listeners are told after the broker was away: the truth of now, and nothing of the past."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from publish_messages import (
    MANY,
    STARTED_UTC_S,
    event,
    everywhere,
    motion,
    settings,
    still,
)

from pimotion.publish.announcer import Announcer
from pimotion.publish.desk import Desk
from pimotion.publish.discovery import discovery
from pimotion.publish.outbox import MAX_STEPS, Outgoing
from pimotion.publish.past import AGAIN_S
from pimotion.publish.payloads import encode
from pimotion.types import Message, SettingState

EVENT_LIFE_S = 30.0


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose clock stands at 0."""
    monkeypatch.setattr("pimotion.publish.desk.time.monotonic", lambda: 0.0)
    return Desk(Announcer(settings(), version="1", now_s=0.0))


def connect(desk: Desk, now_s: float = 0.0) -> list[Outgoing]:
    """Open it and take everything that is said at once."""
    desk.open(mqtt5=True, now_s=now_s)
    return take_all(desk, now_s)


def take_all(desk: Desk, now_s: float = 0.0) -> list[Outgoing]:
    taken = []
    while (message := desk.next(now_s)) is not None:
        taken.append(message)
    return taken


def put(desk: Desk, *messages: Message) -> None:
    for message in messages:
        desk.put(message)


def events(messages: list[Outgoing]) -> list[str]:
    return [f"{m.event.id} {m.event.type} {m.event.seq}" for m in messages if m.event]


def levels(messages: list[Outgoing]) -> list[bytes]:
    return [m.payload for m in messages if m.topic == "pimotion/garden-pi/front_door/motion"]


def test_what_happened_while_the_broker_was_away_is_not_said_as_live(desk: Desk) -> None:
    put(desk, still("e1"), motion(True), event(), event("stop", seq=1), motion(False))
    said = connect(desk)
    assert events(said) == []
    assert levels(said) == [b"OFF"]
    assert desk.counts()["event_missed"] == 2


def test_an_event_that_still_runs_is_said_as_its_start_with_its_picture(desk: Desk) -> None:
    put(desk, still("e1"), motion(True), event())
    said = connect(desk)
    assert events(said) == ["e1 start 0"]
    assert [m.topic.split("/")[-1] for m in said[-3:]] == ["snapshot", "last_motion", "event"]
    assert levels(said) == [b"ON"]


def test_a_running_event_whose_start_arrived_goes_on_with_an_update(desk: Desk) -> None:
    connect(desk)
    start = event()
    put(desk, motion(True), start)
    take_all(desk)
    desk.arrived(start)
    desk.close([])
    put(desk, event("update", seq=1), event("update", seq=2))
    assert events(connect(desk)) == ["e1 update 2"]


def test_a_start_that_was_on_its_way_is_said_once_again(desk: Desk) -> None:
    """The link broke with it; the same id and seq let a listener tell a copy."""
    connect(desk)
    put(desk, motion(True), event())
    on_the_way = take_all(desk)
    desk.close(on_the_way)
    assert events(connect(desk)) == ["e1 start 0"]


def test_a_stop_that_was_on_its_way_is_sent_again_but_only_once(desk: Desk) -> None:
    connect(desk)
    start = event()
    put(desk, motion(True), start)
    take_all(desk)
    desk.arrived(start)
    put(desk, event("stop", seq=1), motion(False))
    desk.close(take_all(desk))
    again = connect(desk)
    assert events(again) == ["e1 stop 1"]
    desk.close(again)
    assert events(connect(desk)) == []
    assert desk.counts()["event_requeued"] == 1
    assert desk.counts()["event_lost_twice"] == 1


@pytest.mark.parametrize("has_it", ["taken", "refused", "nobody knows"])
def test_an_end_that_the_broker_has_is_no_history(desk: Desk, has_it: str) -> None:
    """Nor is one that it will never take: only what was lost on its way is told once more."""
    connect(desk)
    put(desk, event(), event("stop", seq=1))
    stop = take_all(desk)[-1]
    assert stop.event is not None
    if has_it == "taken":
        desk.arrived(stop.event)
    if has_it == "refused":
        desk.give_up(stop)
    desk.queue_due(AGAIN_S + 1)
    told = [message for message in take_all(desk, AGAIN_S + 1) if message.late]
    assert events(told) == (["e1 stop 1"] if has_it == "nobody knows" else [])


def test_an_event_older_than_30_s_alarms_nobody(desk: Desk) -> None:
    connect(desk)
    put(desk, motion(True), event())
    on_the_way = take_all(desk)
    put(desk, event("stop", seq=1), motion(False))
    desk.close(on_the_way)
    assert events(connect(desk, EVENT_LIFE_S + 1)) == []
    assert desk.counts()["event_too_late"] == 2


def test_an_announcement_goes_before_what_happens_during_it(desk: Desk) -> None:
    """Else an old OFF could overtake a new ON."""
    desk.open(mqtt5=True, now_s=0.0)
    put(desk, motion(True), event())
    assert levels(take_all(desk)) == [b"OFF", b"ON"]


def test_nothing_of_an_old_connection_is_sent_over_a_new_one(desk: Desk) -> None:
    desk.open(mqtt5=True, now_s=0.0)
    put(desk, motion(True), motion(False))
    desk.close([])
    assert levels(connect(desk)) == [b"OFF"]


def test_the_end_says_what_waits_and_then_offline_without_pictures(desk: Desk) -> None:
    connect(desk)
    put(desk, still(), motion(True), event(), event("stop", seq=1), motion(False))
    desk.queue_farewell()
    said = [m.topic.removeprefix("pimotion/garden-pi/") for m in take_all(desk)]
    assert "front_door/snapshot" not in said
    assert said[-4:] == ["front_door/motion", "front_door/status", "yard/status", "status"]


def test_a_flood_of_one_setting_is_cut_and_its_newest_value_is_said(desk: Desk) -> None:
    connect(desk)
    for number in range(10 * MAX_STEPS):
        put(desk, SettingState("front_door", "sensitivity", number % 100))
    said = take_all(desk)
    assert [each.payload for each in said] == [b"%d" % n for n in range(72, 80)]
    assert desk.counts()["state_overflow"] == 9 * MAX_STEPS
    assert take_all(desk) == []


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk for six cameras of twelve zones each, with a connection."""
    monkeypatch.setattr("pimotion.publish.desk.time.monotonic", lambda: 0.0)
    desk = Desk(Announcer(settings(cameras=MANY), version="1", now_s=0.0))
    connect(desk)
    return desk


def test_when_everything_moves_at_once_each_start_comes_in_its_order(many: Desk) -> None:
    for camera in MANY:
        put(many, still(camera, camera=camera), everywhere(camera, True))
        put(many, event(event_id=camera, camera=camera))
    said = [each.topic.split("/", 2)[2] for each in take_all(many)]
    whole = [*[f"zone/z{zone}/motion" for zone in range(12)], "snapshot", "last_motion", "event"]
    assert said == [
        f"{camera}/{name}" for camera in MANY for name in ("attributes", "motion", *whole)
    ]


def test_a_stop_while_everything_moves_leaves_no_on_and_no_event_without_its_end(
    many: Desk,
) -> None:
    for camera in MANY:
        put(many, everywhere(camera, True), event(event_id=camera, camera=camera))
    last = {each.topic: each.payload for each in take_all(many)}
    for camera in MANY:
        put(many, event("stop", event_id=camera, seq=1, camera=camera), everywhere(camera, False))
    many.queue_farewell()
    ended = take_all(many)
    last |= {each.topic: each.payload for each in ended}
    assert events(ended) == [f"{camera} stop 1" for camera in MANY]
    assert [topic for topic, payload in last.items() if payload == b"ON"] == []
    assert last["pimotion/garden-pi/status"] == b"offline"


def test_in_an_hour_of_quiet_nothing_is_announced_anew(
    many: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, began_s = [], time.time()
    for minute in range(1, 60):
        wall_s = began_s + 60.0 * minute
        monkeypatch.setattr("pimotion.publish.announcer.utc_now_s", lambda: wall_s)  # noqa: B023
        many.queue_due(60.0 * minute)
        said += take_all(many, 60.0 * minute)
    assert {each.payload for each in said if not each.topic.endswith("/stats")} == {b"OFF"}
    assert many.counts().get("state_overflow") is None


def test_a_stop_in_the_middle_of_an_announcement_still_says_what_is_kept(desk: Desk) -> None:
    """What the broker has kept of a life before this one must not stay ON."""
    put(desk, event(), event("stop", seq=1))
    desk.open(mqtt5=True, now_s=0.0)
    desk.next(0.0)
    desk.queue_farewell()
    said = [each.topic.removeprefix("pimotion/garden-pi/") for each in take_all(desk)]
    assert said == [
        "front_door/attributes",
        "front_door/motion",
        "front_door/zone/drive-way/motion",
        "front_door/status",
        "yard/motion",
        "yard/status",
        "status",
    ]


def test_what_still_waited_when_a_dead_link_was_noticed_is_history(desk: Desk) -> None:
    """For ten seconds nobody knows that a link is dead; a visit in that time is over, too."""
    connect(desk)
    put(desk, still("e1"), motion(True), event(), event("stop", seq=1), motion(False))
    desk.close([])
    said = connect(desk)
    desk.queue_due(0.0)
    later = take_all(desk)
    assert events(said) == []
    assert levels(said) == [b"OFF"]
    assert [(m.event.id, m.late) for m in later if m.event] == [("e1", True)]
    assert desk.counts()["event_missed"] >= 2


def test_what_had_begun_for_a_listener_ends_for_him(desk: Desk) -> None:
    connect(desk)
    put(desk, motion(True), event())
    on_the_way = take_all(desk)
    put(desk, event("stop", seq=1), motion(False))
    desk.close(on_the_way)
    assert events(connect(desk)) == ["e1 start 0", "e1 stop 1"]


def late(desk: Desk) -> list[str]:
    desk.queue_due(0.0)
    return [each.event.id for each in take_all(desk) if each.event and each.late]


def test_what_an_earlier_run_could_not_tell_is_told_once_and_its_attributes_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker still has `running: true`, and no list of events has its end."""
    hour_s = 3600.0
    monkeypatch.setattr("pimotion.publish.desk.utc_now_s", lambda: STARTED_UTC_S + hour_s)
    old = replace(event("stop", event_id="old"), captured_utc_s=STARTED_UTC_S - 1)
    desk.put_late(old, is_last=False)
    desk.put_late(event("stop", event_id="new"), is_last=True)
    assert [each.id for each in desk.untold()] == ["old", "new"]
    (said,) = [each for each in connect(desk) if each.topic.endswith("/attributes")]
    assert json.loads(said.payload)["id"] == "new"
    assert json.loads(said.payload)["running"] is False
    assert late(desk) == ["new"]
    desk.arrived(event("stop", event_id="new"))
    assert desk.untold() == []
    assert late(desk) == []


def test_attributes_of_an_event_that_is_told_late_do_not_replace_those_of_a_newer_one(
    desk: Desk,
) -> None:
    desk.put_late(event("stop"), is_last=False)
    assert not [each for each in connect(desk) if each.topic.endswith("/attributes")]


def test_an_end_without_a_broker_leaves_its_stops_to_the_next_start(desk: Desk) -> None:
    connect(desk)
    put(desk, motion(True), event(), event("stop", seq=1))
    assert desk.untold() == [], "they are about to leave"
    desk.close(take_all(desk))
    put(desk, event(event_id="e2"), event("stop", event_id="e2", seq=1))
    assert [each.id for each in desk.untold()] == ["e1", "e2"]


YARD = "homeassistant/device/pimotion_garden-pi_yard/config"


@pytest.fixture
def smaller(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose yard was taken out of the configuration, with a broker that still has it."""
    monkeypatch.setattr("pimotion.publish.desk.time.monotonic", lambda: 0.0)
    only_door = {"front_door": settings().cameras["front_door"]}
    desk = Desk(Announcer(settings(cameras=only_door), version="1", now_s=0.0))
    connect(desk)
    desk.found(YARD, encode(discovery(settings(), version="1")[YARD]))
    desk.found("pimotion/garden-pi/yard/status", b"offline")
    return desk


def ended(messages: list[Outgoing]) -> list[str]:
    return [each.topic for each in messages if each.retain and not each.payload]


def test_a_birth_before_we_are_sure_to_be_alone_ends_nothing(smaller: Desk) -> None:
    smaller.announce(0.0, is_alone=False)
    assert not [each for each in take_all(smaller) if "yard" in each.topic]
    smaller.clear_out()
    gone = ended(take_all(smaller))
    assert gone[:2] == [YARD, "pimotion/garden-pi/yard/status"]
    assert list(smaller.departed()) == [YARD], "said again at the next birth"


def test_a_birth_in_the_middle_of_clearing_out_loses_nothing_of_it(smaller: Desk) -> None:
    smaller.clear_out()
    smaller.announce(0.0, is_alone=True)
    gone = ended(take_all(smaller))
    assert {YARD, "pimotion/garden-pi/yard/status", "pimotion/garden-pi/yard/motion"} <= set(gone)
    assert smaller.departed() == {}
