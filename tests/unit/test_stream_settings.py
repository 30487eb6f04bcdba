"""What the page's API says of settings, and what it takes and refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_feed import CONFIGURED, Feed, connected
from wsgi_site import USERS, Answer, Site

from pimotion.config.file import load
from pimotion.config.settings import Http
from pimotion.stream.board import Board
from pimotion.stream.tuning import Tuning
from pimotion.types import Command, Reset, SettingState


@pytest.fixture
def site() -> Site:
    return Site()


def tell(site: Site, **values: bool | float) -> None:
    """Say the true values, as the camera does."""
    for name, value in {**CONFIGURED, **values}.items():
        site.server.put(SettingState("door", name, value))


def door(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = site.call("/api/state").json["cameras"][0]
    return told


def ask(site: Site, setting: str, body: object, **env: str) -> Answer:
    sent = json.dumps(body).encode()
    env = {"CONTENT_TYPE": "application/json", **env}
    return site.call(f"/api/cameras/door/{setting}", "POST", body=sent, **env)


def test_the_state_says_of_each_setting_whether_it_is_changed(site: Site) -> None:
    assert door(site)["settings"] == {}, "nothing is known yet"
    tell(site, sensitivity=70)
    assert door(site)["settings"] == {
        "detection": {"value": True, "configured": True, "changed": False},
        "privacy": {"value": False, "configured": False, "changed": False},
        "sensitivity": {"value": 70, "configured": 50, "changed": True},
        "min_area_percent": {"value": 0.1, "configured": 0.1, "changed": False},
        "event_gap_s": {"value": 10.0, "configured": 10.0, "changed": False},
    }


def test_there_is_nothing_to_paste_while_all_is_as_configured(site: Site) -> None:
    tell(site)
    assert door(site)["yaml"] is None
    tell(site, privacy=True, detection=False)
    assert door(site)["yaml"] is None, "the configuration has no word for switches"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"sensitivity": 70}, "    detect:\n      sensitivity: 70\n"),
        ({"min_area_percent": 2.5}, "    detect:\n      min_area_ratio: 0.025\n"),
        ({"min_area_percent": 0.001}, "    detect:\n      min_area_ratio: 0.00001\n"),
        ({"event_gap_s": 60.0}, "    events:\n      event_gap_s: 60\n"),
        (
            {"event_gap_s": 0.5, "sensitivity": 1, "min_area_percent": 0.0},
            "    detect:\n      sensitivity: 1\n      min_area_ratio: 0\n"
            "    events:\n      event_gap_s: 0.5\n",
        ),
    ],
)
def test_the_yaml_to_paste_has_what_is_changed(
    site: Site, values: Mapping[str, float], text: str
) -> None:
    tell(site, **values)
    assert door(site)["yaml"] == f"cameras:\n  door:\n{text}"


def test_the_pasted_yaml_says_what_was_set(site: Site, tmp_path: Path) -> None:
    tell(site, sensitivity=100, min_area_percent=0.001, event_gap_s=7.5)
    file = tmp_path / "pimotion.yml"
    source = "  door:\n    source: synthetic\n"
    file.write_text(door(site)["yaml"].replace("  door:\n", source))
    camera = load(file).cameras["door"]
    assert camera.detect.sensitivity == 100
    assert camera.detect.min_area_ratio == 0.00001
    assert camera.events.event_gap_s == 7.5


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("detection", False),
        ("privacy", True),
        ("privacy", False),
        ("sensitivity", 1),
        ("sensitivity", 100),
        ("min_area_percent", 0),
        ("min_area_percent", 79.9),
        ("event_gap_s", 0.5),
        ("event_gap_s", 600),
        ("snapshot", True),
        ("recalibrate", True),
        ("inhibit", 60),
    ],
)
def test_an_admin_sets_what_may_be_set(site: Site, setting: str, value: bool | float) -> None:
    answer = ask(site, setting, {"value": value})
    assert (answer.status, answer.json) == (202, {"requested": value})
    assert site.commands == [Command("door", setting, value)]


@pytest.mark.parametrize(
    ("setting", "value", "text"),
    [
        ("detection", "ON", "detection must be true or false"),
        ("privacy", None, "privacy must be true or false"),
        ("privacy", 1, "privacy must be true or false"),
        ("sensitivity", 0, "sensitivity must be a whole number from 1 to 100"),
        ("sensitivity", 50.5, "sensitivity must be a whole number from 1 to 100"),
        ("sensitivity", True, "sensitivity must be a whole number from 1 to 100"),
        ("sensitivity", "70", "sensitivity must be a whole number from 1 to 100"),
        ("min_area_percent", -1, "min_area_percent must be a number of percent from 0 to 100"),
        ("min_area_percent", 80, "min_area_percent must be less than 80, the largest motion"),
        ("min_area_percent", float("nan"), "min_area_percent must be a number of percent from"),
        ("event_gap_s", 0.4, "event_gap_s must be a number of seconds from 0.5 to 600"),
        ("event_gap_s", 10**400, "event_gap_s must be a number of seconds from 0.5 to 600"),
        ("snapshot", False, "snapshot must be true"),
        ("recalibrate", "PRESS", "recalibrate must be true"),
        ("inhibit", 3601, "inhibit must be a number of seconds from 0 to 3600"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_what_is_allowed(
    site: Site, setting: str, value: object, text: str
) -> None:
    answer = ask(site, setting, {"value": value})
    assert answer.status == 400
    assert answer.text.startswith(text)
    assert site.commands == []


@pytest.mark.parametrize("setting", list(CONFIGURED))
def test_a_reset_asks_for_what_is_configured(site: Site, setting: str) -> None:
    answer = ask(site, setting, {"reset": True})
    assert (answer.status, answer.json) == (202, {"requested": CONFIGURED[setting]})
    assert site.commands == [Reset("door", setting)]


@pytest.mark.parametrize("body", [{"value": True}, {"reset": True}])
def test_what_nobody_will_do_any_more_is_not_said_to_be_requested(
    site: Site, body: dict[str, object]
) -> None:
    """Whoever asks for privacy while pimotion stops must not believe that it is on."""
    site.is_stopping = True
    answer = ask(site, "privacy", body)
    assert answer.status == 503
    assert answer.text == "pimotion is stopping or starting anew: ask again in a moment\n"


@pytest.mark.parametrize(
    ("setting", "body"),
    [
        ("privacy", {"reset": False}),
        ("privacy", {"reset": True, "value": True}),
        ("privacy", {}),
        ("privacy", [True]),
        ("snapshot", {"reset": True}),
    ],
)
def test_what_is_neither_a_value_nor_a_reset_is_refused(
    site: Site, setting: str, body: object
) -> None:
    answer = ask(site, setting, body)
    assert answer.status == 400
    assert answer.text.startswith("the body must be ")
    assert site.commands == []


def test_a_setting_that_is_not_there_is_refused_with_those_that_are(site: Site) -> None:
    answer = ask(site, "volume", {"value": 11})
    assert (answer.status, answer.text) == (
        404,
        "there is no such setting; there are detection, privacy, sensitivity, min_area_percent, "
        "event_gap_s, snapshot, recalibrate, inhibit\n",
    )


@pytest.mark.parametrize("setting", Tuning(CONFIGURED, 80).names)
def test_no_setting_is_changed_by_another_web_site(site: Site, setting: str) -> None:
    for body in ({"value": True}, {"reset": True}):
        assert ask(site, setting, body, HTTP_SEC_FETCH_SITE="cross-site").status == 403
        assert ask(site, setting, body, HTTP_ORIGIN="http://evil.example").status == 403
        assert ask(site, setting, body, CONTENT_TYPE="text/plain").status == 415
    assert site.commands == []


@pytest.mark.parametrize("setting", Tuning(CONFIGURED, 80).names)
def test_a_viewer_changes_no_setting(setting: str) -> None:
    site = Site(Http(users=USERS))
    for body in (b'{"value": true}', b'{"reset": true}'):
        for login, status in {"": 401, "bodo:battery staple": 403}.items():
            target = f"/api/cameras/door/{setting}"
            env = {"CONTENT_TYPE": "application/json"}
            assert site.call(target, "POST", login=login, body=body, **env).status == status
    assert site.commands == []


def test_a_wish_is_judged_by_the_configuration_of_its_own_camera() -> None:
    door, garden = Feed("door").camera, Feed("garden").camera
    garden = replace(garden, tuning=Tuning(CONFIGURED, max_area_percent=5))
    board = Board([door, garden], link=connected, node="pi", version="1", public_url=None)
    assert board.tuning("door") is door.tuning
    assert board.tuning("garden") is garden.tuning
