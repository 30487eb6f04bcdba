"""What vanishes from the configuration vanishes from Home Assistant, and nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from publish_messages import settings

from pimotion.publish.discovery import discovery
from pimotion.publish.leftovers import Leftovers
from pimotion.publish.outbox import Outgoing

DOOR = "homeassistant/device/pimotion_garden-pi_front_door/config"
YARD = "homeassistant/device/pimotion_garden-pi_yard/config"
CAMERA = {"source": "synthetic"}
WITHOUT_ZONE = {"front_door": CAMERA, "yard": CAMERA}
WITHOUT_YARD = {"front_door": settings().cameras["front_door"]}


def said(**changes: Any) -> dict[str, bytes]:
    announced = discovery(settings(**changes), version="1")
    return {topic: json.dumps(payload).encode() for topic, payload in announced.items()}


def leftovers(departed: Any = None, marks: Any = None, **changes: Any) -> Leftovers:
    now = settings(**changes)
    announced = discovery(now, version="1") if now.mqtt.discovery else {}
    return Leftovers(now, announced, departed or {}, marks or {})


def removal(now: Leftovers, topic: str, payload: bytes) -> list[Outgoing]:
    """What makes a retained message go away, if it is a leftover."""
    is_leftover = now.found(topic, payload)
    messages = now.clear_out()
    assert is_leftover == bool(messages)
    return messages


def components(message: Outgoing) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.payload)["components"]
    return found


def test_a_zone_that_is_gone_is_ended_and_then_left_out() -> None:
    said_again, ended, now = removal(leftovers(cameras=WITHOUT_ZONE), DOOR, said()[DOOR])

    assert {said_again.topic, ended.topic, now.topic} == {DOOR}
    assert components(said_again)["zone_drive-way"]["unique_id"].endswith("_zone_drive-way")
    assert components(ended)["zone_drive-way"] == {"platform": "binary_sensor"}
    assert "zone_drive-way" not in components(now)
    assert [each.retain for each in (said_again, ended, now)] == [False, False, True]


def test_a_camera_that_is_gone_is_ended() -> None:
    said_again, cleared = removal(leftovers(cameras=WITHOUT_YARD), YARD, said()[YARD])

    assert (said_again.topic, said_again.retain) == (YARD, False)
    assert (cleared.topic, cleared.payload, cleared.retain) == (YARD, b"", True)


def test_what_is_there_still_stays() -> None:
    now = leftovers()
    assert [removal(now, topic, payload) for topic, payload in said().items()] == [[], [], []]


@pytest.mark.parametrize(
    "changes", [{"node": "garden-pi-2"}, {"node": "garden"}, {"mqtt": {"prefix": "other"}}]
)
def test_another_nodes_announcements_are_left_alone(changes: dict[str, Any]) -> None:
    now = leftovers(cameras=WITHOUT_YARD)
    others = said(**changes).items()
    assert [removal(now, topic, payload) for topic, payload in others] == [[], [], []]


def with_change(**changes: Any) -> bytes:
    return json.dumps({**json.loads(said()[YARD]), **changes}).encode()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"components": {}}',
        b"[" * 100_000,
        said()[YARD][:-1] + b', "more": 1e999}',
        with_change(origin={"name": "zigbee2mqtt"}),
        with_change(origin=None),
        with_change(components=None),
        with_change(components={"x": {"state_topic": "pimotion/garden-pi-2/yard/motion"}}),
        with_change(components={"x": {"state_topic": 7}}),
        with_change(components={"x": None, "y": {"availability": [7, {}]}}),
        with_change(more=float("nan")),
    ],
)
def test_what_is_not_certainly_ours_is_left_alone(payload: bytes) -> None:
    assert removal(leftovers(cameras=WITHOUT_YARD), YARD, payload) == []


def test_once_home_assistant_has_started_all_is_said_once_more_and_forgotten() -> None:
    """While it was down it could not see the end, and it keeps what it knew."""
    now = leftovers(cameras=WITHOUT_YARD)
    at_once = removal(now, YARD, said()[YARD])
    assert now.clear_out() == [], "each only once"
    departed = now.departed
    assert now.farewells(is_alone=False) == []
    assert now.farewells(is_alone=True) == at_once

    after_restart = leftovers(departed, cameras=WITHOUT_YARD)
    assert after_restart.clear_out() == at_once
    assert after_restart.farewells(is_alone=True) == at_once
    assert after_restart.farewells(is_alone=True) == after_restart.clear_out() == []


def test_what_has_come_back_is_not_ended() -> None:
    gone = leftovers(cameras=WITHOUT_YARD)
    removal(gone, YARD, said()[YARD])
    assert list(gone.departed) == [YARD]
    assert leftovers(gone.departed).clear_out() == []


def test_without_discovery_everything_is_ended() -> None:
    now = leftovers(mqtt={"discovery": False})
    assert [each.payload for each in removal(now, YARD, said()[YARD])][-1] == b""


def test_pictures_and_states_of_a_camera_that_is_gone_are_cleared() -> None:
    cleared = removal(leftovers(cameras=WITHOUT_YARD), "pimotion/garden-pi/yard/status", b"offline")

    assert all(each.retain and each.payload == b"" for each in cleared)
    topics = {each.topic.removeprefix("pimotion/garden-pi/yard/") for each in cleared}
    assert {"status", "health", "motion", "attributes", "snapshot", "stats"} <= topics
    assert {"detection/state", "privacy/state", "event_gap_s/state"} <= topics


def test_the_state_of_a_zone_that_is_gone_is_cleared() -> None:
    now = leftovers(cameras=WITHOUT_ZONE)
    topic = "pimotion/garden-pi/front_door/zone/drive-way/motion"
    assert [(each.topic, each.payload) for each in removal(now, topic, b"OFF")] == [(topic, b"")]


@pytest.mark.parametrize("rest", ["front_door/status", "front_door/zone/drive-way/motion"])
def test_the_states_of_what_is_there_stay(rest: str) -> None:
    assert removal(leftovers(), f"pimotion/garden-pi/{rest}", b"x") == []


def test_what_is_found_is_kept_and_not_cleared_before_it_is_sure_to_be_ours() -> None:
    """The new announcement replaces the old one at once, and a stop may come before the end."""
    now = leftovers(cameras=WITHOUT_ZONE)
    assert now.found(DOOR, said()[DOOR])
    after_restart = leftovers(now.departed, cameras=WITHOUT_ZONE)
    assert not after_restart.found(DOOR, said(cameras=WITHOUT_ZONE)[DOOR])
    _, ended, _ = after_restart.clear_out()
    assert components(ended)["zone_drive-way"] == {"platform": "binary_sensor"}


def test_who_is_renamed_because_of_a_twin_leaves_the_twins_cameras_alone() -> None:
    """They looked like ours while we had one name."""
    shared = leftovers(cameras=WITHOUT_YARD)
    assert shared.found(YARD, said()[YARD])
    renamed = leftovers(shared.departed, cameras=WITHOUT_YARD, node="shed-pi")
    assert renamed.clear_out() == []


@pytest.mark.parametrize("damage", [{"more": float("inf")}, {"origin": None}])
def test_what_was_kept_and_is_damaged_ends_nothing(damage: dict[str, Any]) -> None:
    """It could not be said, and each start ended with that 25 s later."""
    damaged = json.loads(said()[YARD]) | damage
    assert leftovers({YARD: damaged}, cameras=WITHOUT_YARD).clear_out() == []


def test_who_floods_our_topics_takes_no_memory_without_end() -> None:
    now = leftovers()
    found = [now.found(f"pimotion/garden-pi/x{number}/status", b"x") for number in range(3000)]
    assert found[0]
    assert not found[-1]


def test_what_this_machine_announced_itself_goes_at_once() -> None:
    """Nobody has to wait until it is certain that no other machine has our name."""
    now = leftovers(marks=leftovers().marks, cameras=WITHOUT_YARD)
    for topic, payload in said().items():
        now.found(topic, payload)
    now.found("pimotion/garden-pi/yard/status", b"offline")

    own = now.clear_own()

    assert [each.topic for each in own if not each.payload][:2] == [
        YARD,
        "pimotion/garden-pi/yard/status",
    ]
    assert now.clear_own() == now.clear_out() == []
    assert list(now.departed) == [YARD]
    again = [each.topic for each in now.farewells(is_alone=False)]
    assert again == [YARD, YARD], "Home Assistant has started, and may not have seen it"
    assert now.departed == {}


def test_a_zone_that_this_machine_announced_itself_goes_at_once() -> None:
    now = leftovers(marks=leftovers().marks, cameras=WITHOUT_ZONE)
    now.found(DOOR, said()[DOOR])
    topic = "pimotion/garden-pi/front_door/zone/drive-way/motion"
    now.found(topic, b"OFF")

    assert [each.topic for each in now.clear_own()] == [DOOR, DOOR, DOOR, topic]


def test_what_this_machine_announced_under_another_prefix_goes_as_well() -> None:
    """Prefix, a camera and a zone were changed in one go."""
    before = leftovers(marks={}).marks
    now = leftovers(
        marks=before, cameras={"front_door": CAMERA}, mqtt={"host": "nas", "prefix": "cams"}
    )
    for topic, payload in said().items():
        now.found(topic, payload)

    own = now.clear_own()
    assert [each.topic for each in own if not each.payload] == [YARD]
    assert components(own[1])["zone_drive-way"] == {"platform": "binary_sensor"}
    after_restart = leftovers(now.departed, cameras={"front_door": CAMERA}, mqtt={"prefix": "cams"})
    assert set(after_restart.departed) == {DOOR, YARD}


@pytest.mark.parametrize(
    ("marks", "changes"),
    [
        pytest.param({}, {"mqtt": {"prefix": "cams"}}, id="not known to be ours"),
        pytest.param(leftovers().marks, {"node": "shed-pi"}, id="of our old name"),
    ],
)
def test_under_another_prefix_or_name_nothing_else_is_touched(marks: Any, changes: Any) -> None:
    now = leftovers(marks=marks, cameras=WITHOUT_YARD, **changes)
    assert not now.found(YARD, said()[YARD])
    assert now.clear_out() == []


@pytest.mark.parametrize(
    ("marks", "payload"),
    [
        pytest.param({}, said()[YARD], id="unknown"),
        pytest.param({YARD: "0123"}, said()[YARD], id="another one of ours"),
        pytest.param(leftovers().marks, with_change(more=1), id="changed since"),
    ],
)
def test_what_another_machine_may_have_announced_waits(marks: Any, payload: bytes) -> None:
    now = leftovers(marks=marks, cameras=WITHOUT_YARD)
    now.found(YARD, payload)
    now.found("pimotion/garden-pi/yard/status", b"offline")

    assert now.clear_own() == []
    assert next(each.topic for each in now.clear_out() if not each.payload) == YARD
