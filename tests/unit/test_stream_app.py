"""The routes, called as WSGI without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from live_feed import health, numbered_jpeg
from wsgi_site import TOKEN, USERS, Site

from pimotion.config.settings import Http
from pimotion.types import (
    Box,
    CameraState,
    Command,
    EventType,
    LinkStatus,
    MotionEvent,
    MotionState,
    SettingState,
    Suppressed,
)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize("path", ["/", "/static/page.css", "/static/page.js", "/static/icon.svg"])
def test_the_page_is_served_with_headers_that_keep_others_out(site: Site, path: str) -> None:
    answer = site.call(path)
    assert answer.status == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_page_is_one_that_its_own_policy_allows(site: Site) -> None:
    page = site.call("/").text
    assert "style=" not in page
    assert "<style" not in page
    assert ' onclick="' not in page
    assert page.count("<script") == page.count("<script src=")
    assert 'href="/' not in page
    assert 'src="/' not in page


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        ("/nothing", 404, "there is nothing here"),
        ("/static/..%2fapp.py", 404, "there is nothing here"),
        ("/static/../app.py", 404, "there is nothing here"),
        ("/cellar/stream.mjpg", 404, "there is no such camera; there are door, garden"),
        ("/cellar/snapshot.jpg", 404, "there is no such camera; there are door, garden"),
        ("/door/snapshot.jpg?width=5", 400, "width must be 64 to 4096, got '5'"),
        ("/door/stream.mjpg?fps=0", 400, "fps must be 0.2 to 60, got '0'"),
        ("/api/events?limit=0", 400, "limit must be 1 to 200, got '0'"),
        ("/api/events?camera=cellar", 404, "there is no such camera; there are door, garden"),
        ("/api/events/none/snapshot.jpg", 404, "there is no picture of this event"),
        ("/api/events/..%2f..%2fx/snapshot.jpg", 404, "there is nothing here"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    site: Site, target: str, status: int, text: str
) -> None:
    answer = site.call(target)
    assert (answer.status, answer.text) == (status, text + "\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("target", ["/snapshot.jpg", "/door/snapshot.jpg", "/garden/snapshot.jpg"])
def test_a_still_is_the_newest_frame_and_never_cached(site: Site, target: str) -> None:
    answer = site.call(target + "?overlay=none")
    feed = site.garden if "garden" in target else site.door
    assert answer.body == numbered_jpeg(feed.number)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Cache-Control"] == "no-store"
    site.door.show()
    site.garden.show()
    assert site.call(target + "?overlay=none").body == numbered_jpeg(2)


def test_the_still_of_a_dead_source_is_a_card_with_200(site: Site) -> None:
    site.door.lose("unplugged")
    answer = site.call("/door/snapshot.jpg")
    assert answer.status == 200
    assert answer.body[:2] == b"\xff\xd8"


def test_head_of_a_stream_has_its_headers_and_takes_no_place(site: Site) -> None:
    for target in ("/door/stream.mjpg", "/stream.mjpg", "/video_feed"):
        answer = site.call(target, "HEAD")
        assert answer.status == 200
        assert answer.body == b""
        assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=pimotion"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert "Content-Length" not in answer.headers
    assert site.server.viewers("door") == 0


PICTURES = ("/door/snapshot.jpg", "/door/stream.mjpg")
PRIVATE = (
    "/",
    "/static/page.js",
    "/api/state",
    "/api/rules",
    "/api/events",
    "/api/events/1/snapshot.jpg",
)


@pytest.mark.parametrize("target", [*PICTURES, *PRIVATE, "/cellar/snapshot.jpg",
                                    "/door/snapshot.jpg?width=5"])  # fmt: skip
def test_with_users_everything_asks_for_a_login(target: str) -> None:
    site = Site(Http(users=USERS))
    answer = site.call(target, "HEAD")
    assert answer.status == 401
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["www-authenticate"] == 'Basic realm="pimotion"'
    assert site.call(target, "HEAD", login="bodo:battery staple").status != 401
    assert site.call(target, "HEAD", login="bodo:wrong").status == 401


def test_a_token_opens_pictures_of_its_camera_and_nothing_else() -> None:
    site = Site(Http(users=USERS, tokens=(TOKEN,)))
    for target in PICTURES:
        assert site.call(target + "?token=0123456789abcdef", "HEAD").status == 200
    for target in (*PRIVATE, "/garden/snapshot.jpg"):
        assert site.call(target + "?token=0123456789abcdef", "HEAD").status == 401


def test_healthz_tells_strangers_only_whether_all_is_well() -> None:
    site = Site(Http(users=USERS))
    assert site.call("/healthz", REMOTE_ADDR="192.168.1.9").json == {"status": "ok"}
    assert site.call("/healthz", HTTP_X_FORWARDED_FOR="127.0.0.1").json == {"status": "ok"}
    login = site.call("/healthz", login="bodo:battery staple", REMOTE_ADDR="192.168.1.9")
    assert login.json["version"] == "0.1.0"


def test_healthz_names_what_is_wrong(site: Site) -> None:
    assert site.call("/healthz").status == 200
    site.garden.lose("no route to host")
    answer = site.call("/healthz")
    assert answer.status == 503
    assert answer.json["status"] == "degraded"
    assert answer.json["node"] == "garden-pi"
    assert answer.json["mqtt"] == {
        "host": "127.0.0.1", "port": 1883, "connected": True, "reason": None, "birth_age_s": None,
    }  # fmt: skip
    door, garden = answer.json["cameras"]["door"], answer.json["cameras"]["garden"]
    assert 0 <= door.pop("age_s") < 5
    assert door == {"status": "online", "state": "ok", "reason": None, "fps": 15.0}
    assert garden == {
        "status": "offline", "state": "lost", "reason": "no route to host",
        "fps": 15.0, "age_s": None,
    }  # fmt: skip


@pytest.mark.parametrize("link", [None, LinkStatus("nas", 1883, False, "refused")])
def test_without_a_broker_all_is_not_well(site: Site, link: LinkStatus | None) -> None:
    site.link = link
    assert site.call("/healthz").status == 503


def event(seq: int = 0) -> MotionEvent:
    return MotionEvent(
        EventType.START, "door", "e1", seq, 1.0, 1.0, 0.5, 0.0, 640, 360,
        (Box(1, 2, 3, 4),), ("path",), 0.1, 0.9,
    )  # fmt: skip


def test_a_reason_with_a_file_name_that_is_no_text_is_told_all_the_same(site: Site) -> None:
    """A broken picture whose name is of an old camera, in Latin-1: no page, and no health."""
    site.door.lose("B\udce4r.jpg is broken")
    told = [
        site.call("/healthz").json["cameras"]["door"],
        site.call("/api/state").json["cameras"][0],
    ]
    assert [each["reason"] for each in told] == ["B?r.jpg is broken"] * 2


def test_the_state_follows_the_news(site: Site) -> None:
    before = site.call("/api/state").json
    assert [camera["id"] for camera in before["cameras"]] == ["door", "garden"]
    assert before["cameras"][0]["motion"] is False
    assert before["cameras"][0]["zones"] == {"path": False}
    assert before["admin"] is True
    site.server.put(MotionState("door", True, {"path": True}))
    site.server.put(event())
    site.server.put(SettingState("door", "detection", False))
    site.server.put(health("door", CameraState.OK))
    after = site.call("/api/state").json
    door = after["cameras"][0]
    assert door["motion"] is True
    assert door["zones"] == {"path": True}
    assert door["event"] == {"id": "e1", "event_type": "start"}
    assert door["detection"] is False
    assert door["viewers"] == 0
    assert after["cameras"][1]["motion"] is False
    assert after["run"] == before["run"]


def test_the_state_says_why_nothing_counted(site: Site) -> None:
    site.door.suppressed = Suppressed({"light": 7, "masked": 2}, {"light": 1})
    door = site.call("/api/state").json["cameras"][0]
    assert door["suppressed"] == {"light": 7, "masked": 2}
    assert door["suppressed_last_minute"] == {"light": 1}
    assert door["overlay"] == ["boxes", "time"]
    light = site.call("/api/rules").json["light"]
    assert light["label"] == "only light"
    assert set(light) == {"label", "meaning", "advice"}


def test_the_state_says_whether_a_camera_still_learns_its_scene(site: Site) -> None:
    def learning() -> object:
        return site.call("/api/state").json["cameras"][0]["learning"]

    assert learning() is None, "nothing has been looked at"
    site.door.detect(site.door.show(), learning=True)
    assert learning() is True
    site.door.detect(site.door.show())
    assert learning() is False
    site.server.put(SettingState("door", "detection", False))
    assert learning() is None, "nothing is looked at any more"


def test_events_are_listed_and_have_their_still(site: Site) -> None:
    site.events.rows = [{"id": "2", "camera": "door"}, {"id": "1", "camera": "garden"}]
    site.events.stills["2"] = b"\xff\xd8still\xff\xd9"
    assert [row["id"] for row in site.call("/api/events").json] == ["2", "1"]
    assert [row["id"] for row in site.call("/api/events?limit=1").json] == ["2"]
    assert [row["id"] for row in site.call("/api/events?camera=garden").json] == ["1"]
    assert [row["id"] for row in site.call("/api/events?before=2").json] == ["1"]
    answer = site.call("/api/events/2/snapshot.jpg")
    assert answer.body == b"\xff\xd8still\xff\xd9"
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_events_that_cannot_be_read_are_not_told_as_none(site: Site) -> None:
    site.events.trouble = "the events cannot be read now; the log says why"
    answer = site.call("/api/events")
    assert answer.status == 503
    assert answer.text == "the events cannot be read now; the log says why\n"


def switch(site: Site, value: object, **more: str) -> int:
    env = {"CONTENT_TYPE": "application/json", **more}
    body = json.dumps({"value": value}).encode()
    return site.call("/api/cameras/door/detection", "POST", body=body, **env).status


def test_an_admin_switches_detection(site: Site) -> None:
    assert switch(site, False) == 202
    assert switch(site, True, HTTP_SEC_FETCH_SITE="same-origin") == 202
    assert site.commands == [
        Command("door", "detection", False),
        Command("door", "detection", True),
    ]


@pytest.mark.parametrize(
    ("value", "env", "status"),
    [
        pytest.param("off", {}, 400, id="not a boolean"),
        pytest.param(1, {}, 400, id="a number"),
        pytest.param(False, {"CONTENT_TYPE": "text/plain"}, 415, id="a form of another site"),
        pytest.param(False, {"HTTP_SEC_FETCH_SITE": "cross-site"}, 403, id="another site"),
        pytest.param(False, {"HTTP_SEC_FETCH_SITE": "same-site"}, 403, id="a sister site"),
        pytest.param(False, {"HTTP_HOST": "evil.example"}, 421, id="a name bound to us"),
        pytest.param(False, {"HTTP_HOST": "192.168.1.5"}, 401, id="the name of a proxy"),
        pytest.param(False, {"HTTP_ORIGIN": "http://evil.example"}, 403, id="an old browser"),
        pytest.param(False, {"REMOTE_ADDR": "192.168.1.9"}, 401, id="not at the machine"),
    ],
)
def test_others_do_not_switch_detection(
    site: Site, value: object, env: dict[str, str], status: int
) -> None:
    assert switch(site, value, **env) == status
    assert site.commands == []


def test_a_viewer_changes_nothing() -> None:
    site = Site(Http(users=USERS))
    body, json_type = b'{"value": false}', "application/json"
    target = "/api/cameras/door/detection"
    for login, status in {"": 401, "bodo:battery staple": 403, "anna:correct horse": 202}.items():
        answer = site.call(target, "POST", login=login, body=body, CONTENT_TYPE=json_type)
        assert answer.status == status


def test_a_get_changes_nothing(site: Site) -> None:
    assert site.call("/api/cameras/door/detection").status == 405


@pytest.mark.parametrize("name", ["USER_AGENT", "ACCEPT", "SEC_FETCH_DEST", "IF_NONE_MATCH"])
def test_a_header_that_is_no_utf_8_is_no_bug(site: Site, name: str) -> None:
    """As a letter of a player's name in Latin-1: it got no picture, and the log a traceback."""
    told: Any = {f"HTTP_{name}": "Caf\xe9"}
    assert site.call("/door/snapshot.jpg", **told).status == 200
    assert site.call("/door/stream.mjpg", "HEAD", **told).status == 200


@pytest.mark.parametrize("name", ["ORIGIN", "SEC_FETCH_SITE"])
def test_a_caller_whose_site_is_no_utf_8_changes_nothing(site: Site, name: str) -> None:
    assert switch(site, False, **{f"HTTP_{name}": "http://caf\xe9"}) == 403


def test_a_bug_is_not_told_to_the_client(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(event_id: str) -> bytes | None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(site.events, "still", broken)
    answer = site.call("/api/events/1/snapshot.jpg")
    assert answer.status == 500
    assert answer.text == "something went wrong in pimotion; its log says what\n"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
