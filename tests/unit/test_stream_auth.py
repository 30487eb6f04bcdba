"""Who may see and change what."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pimotion.config.settings import Http, HttpToken, HttpUser
from pimotion.config.values import Secret
from pimotion.stream import auth
from pimotion.stream.auth import Caller, Gate, caller_of, credentials
from pimotion.stream.users import Role

ANNA = HttpUser(name="Anna", password=Secret("correct horse"), role="admin")
BODO = HttpUser(name="Bodö", password=Secret("grüße 1234"))
DOOR_TOKEN = HttpToken(name="tv", token=Secret("0123456789abcdef"), cameras=("door",))
OLD_TOKEN = HttpToken(name="old", token=Secret("fedcba9876543210"), expires="2026-11-24")
NOON_UTC_S = 1795521600.0  # 2026-11-24T12:00:00Z
MIDNIGHT_UTC_S = NOON_UTC_S + 12 * 3600.0


def basic(text: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(text.encode(encoding)).decode()


def role(gate: Gate, caller: Caller) -> Role:
    return gate.standing(caller).role


def caller(authorization: str | None = None, *, local: bool = False) -> Caller:
    return Caller(authorization, on_loopback=local, is_local=local)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(None, Role.NOBODY, id="nothing"),
        pytest.param("Basic Og==", Role.NOBODY, id="Home Assistant's empty form"),
        pytest.param("Basic", Role.NOBODY, id="scheme alone"),
        pytest.param("Basic !!!", Role.NOBODY, id="not base64"),
        pytest.param("Bearer abc", Role.NOBODY, id="another scheme"),
        pytest.param(basic("Anna:correct horse"), Role.ADMIN, id="admin"),
        pytest.param(basic("Anna:correct horse").replace("Basic", "bAsIc"), Role.ADMIN, id="case"),
        pytest.param(basic("anna:correct horse"), Role.NOBODY, id="names have case"),
        pytest.param(basic("Anna:correct"), Role.NOBODY, id="wrong password"),
        pytest.param(basic("Anna:correct horse:"), Role.NOBODY, id="password and more"),
        pytest.param(basic("Bodö:correct horse"), Role.NOBODY, id="another's password"),
        pytest.param(basic("Bodö:grüße 1234"), Role.VIEWER, id="umlauts from a browser"),
        pytest.param(basic("Bodö:grüße 1234", "latin-1"), Role.VIEWER, id="umlauts from aiohttp"),
        pytest.param(basic("Anna:\u20ac"), Role.NOBODY, id="letters outside latin-1"),
    ],
)
def test_logins(header: str | None, expected: Role) -> None:
    gate = Gate(Http(users=(ANNA, BODO)))
    assert role(gate, caller(header)) is expected
    assert role(gate, caller(header, local=True)) is expected


def test_a_configuration_without_secrets_makes_the_machine_itself_admin() -> None:
    gate = Gate(Http())
    assert role(gate, caller(local=True)) is Role.ADMIN
    assert role(gate, caller()) is Role.VIEWER


def test_an_open_page_is_seen_by_all_and_changed_by_admins() -> None:
    gate = Gate(Http(host="0.0.0.0", open=True, users=(ANNA,)))
    assert role(gate, caller()) is Role.VIEWER
    assert role(gate, caller(basic("Anna:correct horse"))) is Role.ADMIN


def test_tokens_alone_still_ask_for_a_login() -> None:
    gate = Gate(Http(tokens=(DOOR_TOKEN,)))
    assert role(gate, caller(local=True)) is Role.NOBODY


def test_a_token_opens_its_cameras_only() -> None:
    gate = Gate(Http(tokens=(DOOR_TOKEN,)))
    assert gate.opens("0123456789abcdef", ["door"])
    assert not gate.opens("0123456789abcdef", ["garden"])
    assert not gate.opens("0123456789abcdef", ["door", "garden"])
    assert not gate.opens("0123456789abcdeF", ["door"])
    assert not gate.opens("", ["door"])
    assert not gate.opens(None, ["door"])


def test_a_token_that_names_no_camera_opens_all() -> None:
    token = HttpToken(name="wall", token=Secret("0123456789abcdef"))
    assert Gate(Http(tokens=(token,))).opens("0123456789abcdef", ["door", "garden"])


@pytest.mark.parametrize("given", ["Zm9v+YmFy/cXV4+eA==", "Zm9v YmFy/cXV4 eA=="])
def test_a_token_of_base64_opens_as_it_is_written(given: str) -> None:
    """A plus in a query is read as a space."""
    token = HttpToken(name="wall", token=Secret("Zm9v+YmFy/cXV4+eA=="))
    assert Gate(Http(tokens=(token,))).opens(given, ["door"])
    assert not Gate(Http(tokens=(token,))).opens(given[:-1], ["door"])


@pytest.mark.parametrize(
    ("now_utc_s", "opens"),
    [
        pytest.param(NOON_UTC_S, True, id="on its last day"),
        pytest.param(NOON_UTC_S + 86400, False, id="the day after"),
        pytest.param(None, False, id="the clock is not set"),
    ],
)
def test_a_token_expires(
    monkeypatch: pytest.MonkeyPatch, now_utc_s: float | None, opens: bool
) -> None:
    monkeypatch.setattr(auth, "utc_now_s", lambda: now_utc_s)
    assert Gate(Http(tokens=(OLD_TOKEN,))).opens("fedcba9876543210", ["any"]) is opens


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the time zone of this machine, for one test."""

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "now_utc_s", "opens"),
    [
        pytest.param("EAST-14", MIDNIGHT_UTC_S - 1, True, id="east, where the next day has begun"),
        pytest.param("WEST+12", MIDNIGHT_UTC_S, False, id="west, where it is still that day"),
    ],
)
def test_the_last_day_of_a_token_is_one_of_utc(
    in_zone: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    now_utc_s: float,
    opens: bool,
) -> None:
    in_zone(zone)
    monkeypatch.setattr(auth, "utc_now_s", lambda: now_utc_s)
    assert Gate(Http(tokens=(OLD_TOKEN,))).opens("fedcba9876543210", ["any"]) is opens


@pytest.mark.parametrize(
    ("environ", "on_loopback", "is_local"),
    [
        pytest.param({}, True, True, id="on the machine"),
        pytest.param({"REMOTE_ADDR": "192.168.1.9"}, False, False, id="from the network"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False, False, id="through a proxy"),
        pytest.param({"HTTP_HOST": "evil.example"}, True, False, id="a name bound to us"),
        pytest.param({"HTTP_HOST": "[::1"}, True, False, id="a broken host"),
        pytest.param({"HTTP_HOST": "[::1]:80", "REMOTE_ADDR": "::1"}, True, True, id="IPv6"),
        pytest.param({"REMOTE_ADDR": "::ffff:127.0.0.1"}, True, True, id="IPv4 at a socket on ::"),
        pytest.param({"REMOTE_ADDR": "::ffff:10.0.0.7"}, False, False, id="the network's on ::"),
        pytest.param(
            {"REMOTE_ADDR": "::ffff:127.0.0.1", "HTTP_VIA": "1.1 nginx"},
            False,
            False,
            id="through a proxy on ::",
        ),
    ],
)
def test_who_counts_as_local(environ: dict[str, Any], on_loopback: bool, is_local: bool) -> None:
    found = caller_of({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8080", **environ})
    assert (found.on_loopback, found.is_local) == (on_loopback, is_local)


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        pytest.param({}, "127.0.0.1", id="on the machine"),
        pytest.param({"REMOTE_ADDR": "192.168.1.9"}, "192.168.1.9", id="from the network"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "1.1.1.1, 10.0.0.7"}, "10.0.0.7", id="by a proxy"),
        pytest.param({"REMOTE_ADDR": "::ffff:10.0.0.7"}, "10.0.0.7", id="IPv4 at a socket on ::"),
        pytest.param({"REMOTE_ADDR": "fd00::7"}, "fd00::7", id="IPv6"),
        pytest.param(
            {"REMOTE_ADDR": "::ffff:127.0.0.1", "HTTP_X_FORWARDED_FOR": "::ffff:10.0.0.7"},
            "10.0.0.7",
            id="by a proxy that listens on ::",
        ),
        pytest.param(
            {"REMOTE_ADDR": "192.168.1.9", "HTTP_X_FORWARDED_FOR": "10.0.0.7"},
            "192.168.1.9",
            id="who is no proxy of ours is not believed",
        ),
    ],
)
def test_where_a_viewer_is(environ: dict[str, Any], address: str) -> None:
    assert caller_of({"REMOTE_ADDR": "127.0.0.1", **environ}).address == address


def test_an_empty_form_is_no_attempt_to_log_in() -> None:
    """Home Assistant sends it with every picture; it must not count as a failed login."""
    assert credentials("Basic Og==") is None
    assert credentials(basic("anna:")) == ("anna", ""), "half an empty form is a wrong login"


def test_what_is_not_basic_is_no_attempt_to_log_in() -> None:
    """A proxy may send its own tokens; they must not lock out who comes through it."""
    assert credentials(basic("anna:secret").replace("Basic", "Bearer")) is None


def test_passwords_may_hold_colons() -> None:
    assert credentials(basic("name:a:b")) == ("name", "a:b")
