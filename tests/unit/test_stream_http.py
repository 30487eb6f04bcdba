"""What every route owes to HTTP: names, paths, frames, stills that have not changed, OPTIONS."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import pytest
from wsgi_site import TOKEN, USERS, Site

from pimotion.config.settings import Http


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize("target", ["/", "/door/stream.mjpg", "/api/state", "/healthz", "/nothing"])
def test_a_name_that_is_not_ours_gets_nothing(site: Site, target: str) -> None:
    """Another web site may have bound it to this machine, and would read what we say."""
    answer = site.call(target, HTTP_HOST="evil.example:8080")
    assert answer.status == 421
    assert answer.text == (
        "this page does not go by the name in the address; it can be added to http.allowed_hosts\n"
    )


def test_a_name_in_the_list_is_ours() -> None:
    site = Site(Http(allowed_hosts=("cams.example.org",)))
    assert site.call("/", HTTP_HOST="cams.example.org").status == 200
    assert site.call("/", HTTP_HOST="127.0.0.1").status == 200
    assert site.call("/", HTTP_HOST="192.168.1.5").status == 421


def test_nobody_may_show_the_page_in_a_frame(site: Site) -> None:
    headers = site.call("/").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_dashboard_that_is_named_may_show_the_page_in_a_frame() -> None:
    site = Site(Http(frame_ancestors=("self", "http://homeassistant.local:8123")))
    headers = site.call("/").headers
    assert "X-Frame-Options" not in headers, "it knows no list, and old browsers believe it first"
    policy = headers["Content-Security-Policy"]
    assert policy.endswith("; frame-ancestors 'self' http://homeassistant.local:8123")


@pytest.mark.parametrize(
    ("public_url", "script_name", "path"),
    [
        pytest.param("https://x.org/pimotion", "", "/pimotion{}", id="left there by a proxy"),
        pytest.param("https://x.org/pimotion", "", "{}", id="taken off by a proxy"),
        pytest.param("https://x.org/my%20home", "", "/my home{}", id="with a space, left there"),
        pytest.param("https://x.org/t%C3%BCr", "", "/t\xc3\xbcr{}", id="with an umlaut"),
        pytest.param(None, "/pimotion", "{}", id="mounted by another application"),
    ],
)
def test_everything_works_behind_a_path(
    public_url: str | None, script_name: str, path: str
) -> None:
    site = Site(Http(public_url=public_url))
    for target in ("/", "/static/page.js", "/api/state", "/door/snapshot.jpg?width=64", "/healthz"):
        assert site.call(path.format(target), SCRIPT_NAME=script_name).status == 200
    assert (
        site.call(path.format("/door/stream.mjpg"), "HEAD", SCRIPT_NAME=script_name).status == 200
    )


@pytest.mark.parametrize(
    ("http", "script_name", "path", "folder"),
    [
        (Http(public_url="https://x.org/a/pimotion"), "", "/a/pimotion", "pimotion/"),
        (Http(public_url="https://x.org/my%20t%C3%BCr"), "", "/my t\xc3\xbcr", "my%20t%C3%BCr/"),
        (Http(), "/a/pimotion", "", "pimotion/"),
        (Http(), "/a/t\xc3\xbcr", "", "t%C3%BCr/"),
    ],
)
def test_the_page_is_a_folder(http: Http, script_name: str, path: str, folder: str) -> None:
    """Without the slash at its end its relative addresses would lead beside it."""
    answer = Site(http).call(path, SCRIPT_NAME=script_name)
    assert answer.status == 308
    assert answer.headers["Location"] == folder


@pytest.mark.parametrize("target", ["/door/snapshot.jpg", "/snapshot.jpg", "/all/snapshot.jpg"])
def test_a_still_that_has_not_changed_is_not_sent_again(site: Site, target: str) -> None:
    first = site.call(target)
    assert first.status == 200
    tag = first.headers["Etag"]
    assert re.fullmatch(r'"[0-9a-f]{24}"', tag)
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = site.call(target, HTTP_IF_NONE_MATCH=given)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["Etag"] == tag
        assert again.headers["Cache-Control"] == "no-store"
    assert site.call(target, HTTP_IF_NONE_MATCH='"other"').body == first.body
    site.door.show()
    changed = site.call(target, HTTP_IF_NONE_MATCH=tag)
    assert changed.status == 200
    assert changed.headers["Etag"] != tag


def test_a_still_says_when_it_was_taken(site: Site) -> None:
    headers = site.call("/door/snapshot.jpg").headers
    taken_utc_s = float(headers["X-Timestamp"])
    assert parsedate_to_datetime(headers["Last-Modified"]).timestamp() == int(taken_utc_s)
    assert headers["Last-Modified"].endswith(" GMT")


def test_a_still_of_an_event_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    site.events.stills["2"] = b"\xff\xd8still\xff\xd9"
    tag = site.call("/api/events/2/snapshot.jpg").headers["Etag"]
    assert site.call("/api/events/2/snapshot.jpg", HTTP_IF_NONE_MATCH=tag).status == 304
    site.events.stills["2"] = b"\xff\xd8better\xff\xd9"
    assert site.call("/api/events/2/snapshot.jpg", HTTP_IF_NONE_MATCH=tag).status == 200


_WITH_AGES = ("/api/state", "/healthz", "/metrics")


@pytest.mark.parametrize("target", ["/", "/static/page.js", "/door/snapshot.jpg", *_WITH_AGES])
def test_head_has_the_headers_of_get_and_no_body(site: Site, target: str) -> None:
    head, get = site.call(target, "HEAD"), site.call(target)
    assert head.body == b""
    assert head.status == get.status
    for headers in (head.headers, get.headers):
        # What tells ages is as long as they are at that moment.
        headers.pop("Content-Length" if target in _WITH_AGES else "", None)
    assert head.headers == get.headers


def test_a_head_tells_how_long_the_still_is(site: Site) -> None:
    length = site.call("/door/snapshot.jpg", "HEAD").headers["Content-Length"]
    assert int(length) == len(site.call("/door/snapshot.jpg").body)


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/door/stream.mjpg", "GET, HEAD, OPTIONS"),
        ("/video_feed", "GET, HEAD, OPTIONS"),
        ("/door/snapshot.jpg", "GET, HEAD, OPTIONS"),
        ("/api/cameras/door/detection", "OPTIONS, POST"),
    ],
)
def test_options_tells_what_may_be_done(target: str, allowed: str) -> None:
    site = Site(Http(users=USERS))
    answer = site.call(target, "OPTIONS", HTTP_ORIGIN="http://elsewhere.example")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Allow"] == allowed
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize(
    "target", ["/nothing", "/cellar/stream.mjpg", "/cellar/snapshot.jpg", "/api/cameras/cellar/x"]
)
def test_options_of_nothing_is_nothing(site: Site, target: str) -> None:
    assert site.call(target, "OPTIONS").status == 404


def test_options_does_not_tell_a_stranger_which_cameras_there_are() -> None:
    site = Site(Http(users=USERS))
    answers = [site.call(f"/{camera}/stream.mjpg", "OPTIONS") for camera in ("door", "cellar")]
    assert answers[0] == answers[1]
    assert answers[0].status == 204


@pytest.mark.parametrize(
    ("target", "method", "allowed"),
    [
        ("/", "POST", "GET, HEAD, OPTIONS"),
        ("/door/stream.mjpg", "POST", "GET, HEAD, OPTIONS"),
        ("/api/cameras/door/detection", "GET", "OPTIONS, POST"),
    ],
)
def test_a_refusal_tells_the_same_as_options(
    site: Site, target: str, method: str, allowed: str
) -> None:
    assert site.call(target, method).headers["Allow"] == allowed
    assert site.call(target, "OPTIONS").headers["Allow"] == allowed


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_may_not_be_done_is_answered_with_what_may(site: Site, method: str) -> None:
    answer = site.call("/door/snapshot.jpg", method)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert method not in answer.headers["Allow"]


def test_other_web_sites_read_pictures_only_with_a_token() -> None:
    """Without a login any page in the browser could else look into the home through us."""
    site = Site(Http(tokens=(TOKEN,), open=True))
    with_token = site.call("/door/snapshot.jpg?token=0123456789abcdef").headers
    assert with_token["Access-Control-Allow-Origin"] == "*"
    for target in (
        "/door/snapshot.jpg",
        "/garden/snapshot.jpg?token=0123456789abcdef",
        "/api/state",
    ):
        answer = site.call(target)
        assert answer.status == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


WRONG_QUERIES = (
    "with=640",
    "width=64&width=64",
    "token=0123456789abcdef",
    "overlay=%ff",
    "&".join(f"a{number}=1" for number in range(30)),
)


@pytest.mark.parametrize("wrong", WRONG_QUERIES, ids=lambda query: query[:20])
def test_who_has_a_token_is_told_what_is_wrong_with_his_address(wrong: str) -> None:
    """A browser would else ask him for a password that he does not have."""
    site = Site(Http(users=USERS, tokens=(TOKEN,)))
    for query in (f"token=0123456789abcdef&{wrong}", f"{wrong}&token=0123456789abcdef"):
        answer = site.call(f"/door/snapshot.jpg?{query}")
        assert answer.status == 400
        assert answer.text.count("\n") == 1


@pytest.mark.parametrize("wrong", ["with=640", "width=64&width=64", "overlay=%ff", "token=%ff"])
@pytest.mark.parametrize("token", ["", "&token=", "&token=fedcba9876543210"])
def test_a_stranger_is_not_told_what_is_wrong_with_his_address(wrong: str, token: str) -> None:
    site = Site(Http(users=USERS, tokens=(TOKEN,)))
    assert site.call(f"/door/snapshot.jpg?{wrong}{token}").status == 401


def test_a_token_for_one_camera_does_not_open_the_picture_of_all() -> None:
    site = Site(Http(users=USERS, tokens=(TOKEN,)))
    assert site.call("/all/snapshot.jpg?token=0123456789abcdef").status == 401
    both = TOKEN.model_copy(update={"cameras": ("garden", "door")})
    site = Site(Http(users=USERS, tokens=(both,)))
    assert site.call("/all/snapshot.jpg?token=0123456789abcdef").status == 200
