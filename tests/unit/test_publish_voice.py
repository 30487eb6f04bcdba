"""In which order what is true leaves, so that no listener is ever misled."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from publish_messages import STARTED_UTC_S, event, health, motion, settings, still

from pimotion.clock import iso
from pimotion.publish.announcer import Announcer
from pimotion.publish.outbox import Kind, Outgoing
from pimotion.types import CameraState, Message, SettingState

BASE = "pimotion/garden-pi/"


@pytest.fixture
def announcer() -> Announcer:
    made = Announcer(settings(), version="1", now_s=0.0)
    made.everything(0.0)
    return made


def names(messages: Iterable[Outgoing]) -> list[str]:
    """``front_door/motion ON``: topic, and the payload where it is short text."""
    named = []
    for message in messages:
        if message.event is not None:
            short = f"{message.event.type} {message.event.seq}"
        elif message.payload.startswith(b"\xff\xd8"):
            short = "jpeg"
        else:
            short = message.payload.decode() if len(message.payload) <= 7 else ""
        named.append(f"{message.topic.removeprefix(BASE)} {short}".strip())
    return named


def hand_in(announcer: Announcer, *messages: Message, now_s: float = 1.0) -> list[str]:
    return names(out for message in messages for out in announcer.take(message, now_s))


START = [
    "front_door/attributes",
    "front_door/motion ON",
    "front_door/zone/drive-way/motion ON",
    "front_door/snapshot jpeg",
    "front_door/last_motion jpeg",
    "front_door/event start 0",
]


def test_a_start_says_the_picture_before_the_event_that_names_it(announcer: Announcer) -> None:
    said = hand_in(announcer, still("e1"), motion(True, zone=True), event())
    assert said == START


def test_a_start_without_a_picture_does_not_wait_for_one(announcer: Announcer) -> None:
    said = hand_in(announcer, motion(True), event())
    assert said == ["front_door/attributes", "front_door/motion ON", "front_door/event start 0"]


def test_a_stop_ends_the_event_and_then_the_motion(announcer: Announcer) -> None:
    hand_in(announcer, motion(True, zone=True), event())
    said = hand_in(announcer, event("stop", seq=1), motion(False))
    assert said == [
        "front_door/attributes",
        "front_door/event stop 1",
        "front_door/motion OFF",
        "front_door/zone/drive-way/motion OFF",
    ]


def test_an_event_that_is_cut_at_its_longest_leaves_motion_on(announcer: Announcer) -> None:
    hand_in(announcer, motion(True), event())
    said = hand_in(announcer, event("stop", seq=9), still("e2"), event(event_id="e2"))
    assert said == [
        "front_door/attributes",
        "front_door/event stop 9",
        "front_door/attributes",
        "front_door/snapshot jpeg",
        "front_door/last_motion jpeg",
        "front_door/event start 0",
    ]


def test_a_zone_that_joins_later_is_said_at_once(announcer: Announcer) -> None:
    hand_in(announcer, motion(True), event())
    assert hand_in(announcer, motion(True, zone=True)) == ["front_door/zone/drive-way/motion ON"]


def test_a_better_picture_of_the_event_goes_to_both_topics(announcer: Announcer) -> None:
    hand_in(announcer, still("e1"), motion(True), event())
    said = hand_in(announcer, still("e1", jpeg=b"\xff\xd8better"))
    assert said == ["front_door/snapshot jpeg", "front_door/last_motion jpeg"]


def test_after_an_outage_a_start_that_never_left_has_the_best_picture(
    announcer: Announcer,
) -> None:
    hand_in(announcer, still("e1"), motion(True), event(), still("e1", jpeg=b"\xff\xd8better"))
    said = announcer.catch_up([], 5.0)
    assert names(said) == START[3:]
    assert {each.payload for each in said[:2]} == {b"\xff\xd8better"}


def test_a_picture_whose_event_never_starts_is_a_plain_one_after_2_s(announcer: Announcer) -> None:
    assert hand_in(announcer, still("e1")) == []
    assert names(announcer.due(2.9)) == []
    assert names(announcer.due(3.0)) == ["front_door/snapshot jpeg"]
    assert names(announcer.due(3.1)) == []


def test_a_picture_that_waits_for_its_event_is_not_shown_once_the_camera_is_closed(
    announcer: Announcer,
) -> None:
    hand_in(announcer, still("e1"), SettingState("front_door", "privacy", True), still())
    assert names(announcer.due(3.0)) == []


def test_a_plain_still_does_not_look_like_motion(announcer: Announcer) -> None:
    """`last_motion` runs automations in Home Assistant."""
    assert hand_in(announcer, still()) == ["front_door/snapshot jpeg"]


def test_a_picture_over_the_limit_is_dropped_and_counted(announcer: Announcer) -> None:
    said = hand_in(announcer, still("e1", jpeg=b"x" * 200_001), motion(True), event())
    assert said == ["front_door/attributes", "front_door/motion ON", "front_door/event start 0"]
    assert announcer.too_large == 1


def test_motion_without_an_event_is_said_all_the_same(announcer: Announcer) -> None:
    """ON waits for its event, but never long."""
    assert hand_in(announcer, motion(True)) == []
    assert names(announcer.due(1.4)) == []
    assert names(announcer.due(1.5)) == ["front_door/motion ON"]


def test_on_is_said_again_before_the_broker_forgets_it(announcer: Announcer) -> None:
    hand_in(announcer, motion(True), event(), now_s=1.0)
    assert names(announcer.due(20.9)) == []
    (again,) = announcer.due(21.0)
    assert names([again]) == ["front_door/motion ON"]
    assert (again.retain, again.expiry_s) == (True, 60)


def test_off_is_said_again_before_home_assistant_doubts_it(announcer: Announcer) -> None:
    assert names(announcer.due(59.9)) == []
    assert names(announcer.due(60.0))[:3] == [
        "front_door/motion OFF",
        "front_door/zone/drive-way/motion OFF",
        "yard/motion OFF",
    ]


def test_off_is_never_forgotten_by_the_broker(announcer: Announcer) -> None:
    off = next(each for each in announcer.everything(5.0) if each.payload == b"OFF")
    assert (off.retain, off.expiry_s) == (True, None)


def test_mqtt_3_says_on_again_once_home_assistant_listens(announcer: Announcer) -> None:
    """3.1.1 cannot forget a retained ON, so it is not retained and must be repeated."""
    announcer.retain_on(False)
    hand_in(announcer, motion(True), event(), now_s=1.0)
    on = next(each for each in announcer.everything(10.0) if each.payload == b"ON")
    assert not on.retain
    assert names(announcer.due(10.9)) == []
    assert names(announcer.due(11.0)) == ["front_door/motion ON"]
    assert names(announcer.due(12.0)) == []


def test_everything_is_said_in_the_order_of_the_contract(announcer: Announcer) -> None:
    hand_in(
        announcer,
        health(CameraState.OK),
        SettingState("front_door", "detection", True),
        still("e1"),
        motion(True, zone=True),
        event(),
    )
    assert names(announcer.everything(5.0)) == [
        "homeassistant/device/pimotion_garden-pi/config",
        "homeassistant/device/pimotion_garden-pi_front_door/config",
        "homeassistant/device/pimotion_garden-pi_yard/config",
        "front_door/status online",
        "front_door/health",
        "yard/status offline",
        "yard/health",
        "front_door/attributes",
        "front_door/motion ON",
        "front_door/zone/drive-way/motion ON",
        "yard/motion OFF",
        "front_door/detection/state ON",
        "status online",
        "stats",
        "front_door/snapshot jpeg",
    ]


def test_the_start_is_right_once_the_clock_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its clock began with yesterday's time, and was set by the network a minute later."""
    made = Announcer(settings(), version="1", now_s=0.0)

    def started_at(now_s: float, utc_s: float | None) -> str | None:
        monkeypatch.setattr("pimotion.publish.announcer.utc_now_s", lambda: utc_s)
        stats = next(each for each in made.due(now_s) if each.topic == f"{BASE}stats")
        at: str | None = json.loads(stats.payload)["started_at"]
        return at

    day_s = 86_400.0
    assert started_at(10, None) is None
    assert started_at(70, STARTED_UTC_S - day_s + 70) == "2026-11-21T10:15:30.123+00:00"
    assert started_at(130, STARTED_UTC_S + 130) == "2026-11-22T10:15:30.123+00:00"
    assert started_at(190, STARTED_UTC_S + 190.4) == "2026-11-22T10:15:30.123+00:00", "no flicker"


def test_discovery_can_be_switched_off() -> None:
    quiet = Announcer(settings(mqtt={"discovery": False}), version="1", now_s=0.0)
    assert not [each for each in quiet.everything(0.0) if "config" in each.topic]


def test_state_and_pictures_are_retained_but_no_event_is(announcer: Announcer) -> None:
    said = [*announcer.take(still("e1"), 1), *announcer.take(motion(True), 1)]
    said += announcer.take(event(), 1)
    kept = {each.topic.split("/")[-1]: each.retain for each in said}
    assert kept == {
        "attributes": True,
        "motion": True,
        "snapshot": True,
        "last_motion": False,
        "event": False,
    }
    assert all(each.qos == 1 for each in said)


def test_the_end_says_cameras_offline_and_the_node_last(announcer: Announcer) -> None:
    said = names(announcer.farewell(1.0, is_cut_short=False))
    assert said == ["front_door/status offline", "yard/status offline", "status offline"]


def test_a_lost_camera_is_offline_with_a_reason(announcer: Announcer) -> None:
    status, why = announcer.take(health(CameraState.LOST, "unplugged"), 1.0)
    assert status.payload == b"offline"
    assert b'"reason":"unplugged"' in why.payload


def test_a_setting_that_changes_is_said_alone_and_all_are_said_to_newcomers(
    announcer: Announcer,
) -> None:
    announcer.take(SettingState("front_door", "detection", True), 1.0)
    said = announcer.take(SettingState("front_door", "sensitivity", 70), 2.0)

    assert names(said) == ["front_door/sensitivity/state 70"]
    again = names(announcer.everything(3.0))
    assert {"front_door/detection/state ON", *names(said)} <= set(again)


def test_a_message_of_an_unknown_camera_is_ignored(announcer: Announcer) -> None:
    assert announcer.take(motion(True, camera="elsewhere"), 1.0) == []


def test_a_slow_link_does_not_keep_the_room_on_the_broker_when_the_camera_is_closed(
    announcer: Announcer,
) -> None:
    """The card takes the place of a retained picture: it is never held back or dropped as one."""
    announcer.take(SettingState("front_door", "privacy", True), 1.0)
    (card,) = announcer.take(still(), 1.0)
    assert card.topic == f"{BASE}front_door/snapshot"
    assert (card.kind, card.retain) == (Kind.SAMPLE, True)
    again = [each for each in announcer.everything(9.0) if each.topic == card.topic]
    assert [each.kind for each in again] == [Kind.SAMPLE]

    announcer.take(SettingState("front_door", "privacy", False), 10.0)
    (picture,) = announcer.take(still(), 10.0)
    assert picture.kind is Kind.PICTURE


def test_attributes_say_after_a_crash_that_its_event_is_over(announcer: Announcer) -> None:
    """The broker still has `running: true` from before; only a new event would have ended it."""
    (said,) = announcer.take_late(event("stop", seq=9999))
    assert (said.topic, said.retain) == (f"{BASE}front_door/attributes", True)
    assert json.loads(said.payload)["running"] is False

    hand_in(announcer, motion(True), event(event_id="e2"))
    assert announcer.take_late(event("stop", seq=9999)) == [], "what runs now is newer"


def test_after_a_step_of_the_clock_times_are_said_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network time comes after the start, and `started_at` and `since` stay for months."""

    def set_clock(utc_s: float) -> None:
        monkeypatch.setattr("pimotion.publish.announcer.utc_now_s", lambda: utc_s)

    set_clock(STARTED_UTC_S)
    announcer = Announcer(settings(), version="1", now_s=0.0)
    announcer.everything(0.0)
    set_clock(STARTED_UTC_S + 60)
    said = announcer.due(60.0)
    assert "yard/health" not in names(said)
    assert json.loads(said[-1].payload)["started_at"] == iso(STARTED_UTC_S)
    set_clock(STARTED_UTC_S + 8 * 3600 + 120)
    said = announcer.due(120.0)
    assert {"front_door/health", "yard/health"} <= set(names(said))
    assert json.loads(said[-1].payload)["started_at"] == iso(STARTED_UTC_S + 8 * 3600)
    set_clock(STARTED_UTC_S + 8 * 3600 + 180)
    assert "yard/health" not in names(announcer.due(180.0))
