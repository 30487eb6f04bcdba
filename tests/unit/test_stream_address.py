"""Under which names and paths the page answers."""

from __future__ import annotations

import socket

import pytest

from pimotion.config.settings import Http, HttpTls
from pimotion.stream.address import Address

CAMERAS = ("door", "garden")


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Garden-Pi.example.org")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        pytest.param("127.0.0.1:8080", True, id="loopback"),
        pytest.param("localhost", True, id="localhost"),
        pytest.param("[::1]:8080", True, id="IPv6 loopback"),
        pytest.param("192.168.1.5:8080", True, id="an address"),
        pytest.param("[fd00::5]", True, id="an IPv6 address"),
        pytest.param("GARDEN-pi.example.org:8080", True, id="this machine"),
        pytest.param("garden-pi.example.org.", True, id="with the root's dot"),
        pytest.param("pimotion:8080", True, id="a container"),
        pytest.param("nas.local", True, id="by multicast"),
        pytest.param("cams.fritz.box", True, id="behind a router"),
        pytest.param("cams.example.org", True, id="public_url"),
        pytest.param(None, True, id="no browser"),
        pytest.param("evil.example", False, id="another name"),
        pytest.param("evil.local.example", False, id="looks like multicast"),
        pytest.param("evillocal.example", False, id="the same without a dot"),
        pytest.param("evilfritz.box", False, id="looks like the router"),
        pytest.param(".", False, id="the root"),
        pytest.param("garden-pi.evil.example", False, id="our label below another name"),
        pytest.param("127.0.0.1.evil.example", False, id="looks like an address"),
        pytest.param("localhost.evil.example", False, id="looks like localhost"),
        pytest.param("cams.example.org.evil.example", False, id="looks like public_url"),
        pytest.param("[::1", False, id="broken"),
        pytest.param("evil.example@127.0.0.1", True, id="a login before the address"),
        pytest.param("127.0.0.1@evil.example", False, id="an address as a login"),
    ],
)
def test_names_that_are_ours(host: str | None, ours: bool) -> None:
    address = Address(Http(public_url="https://cams.example.org/pi"), CAMERAS)
    assert address.is_ours(host) is ours


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("pi.example.org:8443", True),
        ("10.1.2.3", True),
        ("127.0.0.1", True),
        ("garden-pi", False),
        ("nas.local", False),
        ("192.168.1.5", False),
        ("cams.example.org", False),
    ],
)
def test_with_a_list_only_those_and_loopback(host: str, ours: bool) -> None:
    http = Http(allowed_hosts=("Pi.Example.org:443", "10.1.2.3"), public_url="http://cams.x.org")
    assert Address(http, CAMERAS).is_ours(host) is ours


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://192.168.1.5:8080", "192.168.1.5:8080", True),
        ("http://192.168.1.5", "192.168.1.5:8080", False),
        ("https://cams.example.org", "127.0.0.1:8080", True),
        ("http://evil.example", "127.0.0.1:8080", False),
        ("null", "127.0.0.1:8080", False),
        ("null", None, False),
        ("http://[", "127.0.0.1:8080", False),
    ],
)
def test_whose_page_an_origin_is(origin: str, host: str | None, own: bool) -> None:
    address = Address(Http(public_url="https://cams.example.org/pi"), CAMERAS)
    assert address.is_own_origin(origin, host) is own


def test_with_tls_a_plain_page_of_the_same_name_is_not_ours() -> None:
    address = Address(Http(tls=HttpTls(cert="a.pem", key="a.key")), CAMERAS)
    assert address.is_own_origin("https://pi.local:8080", "pi.local:8080")
    assert not address.is_own_origin("http://pi.local:8080", "pi.local:8080")


def test_a_page_without_a_name_is_nobodys() -> None:
    assert not Address(Http(), CAMERAS).is_own_origin("null", "127.0.0.1:8080")


@pytest.mark.parametrize(
    ("public_url", "path", "mounted", "rest"),
    [
        ("http://x/pimotion/", "/pimotion/door/stream.mjpg", "/pimotion", "/door/stream.mjpg"),
        ("http://x/a/b", "/a/b/", "/a/b", "/"),
        ("http://x/pimotion", "/pimotion", "/pimotion", ""),
        ("http://x/my%20home/", "/my home/door/stream.mjpg", "/my home", "/door/stream.mjpg"),
        ("http://x/d%6For", "/door/stream.mjpg", "", "/door/stream.mjpg"),
        ("http://x/pimotion", "/pimotions/x", "", "/pimotions/x"),
        ("http://x/pimotion", "/door/stream.mjpg", "", "/door/stream.mjpg"),
        ("http://x/door", "/door/stream.mjpg", "", "/door/stream.mjpg"),
        ("http://x/api", "/api/state", "", "/api/state"),
        ("http://x/", "/api/state", "", "/api/state"),
        (None, "/api/state", "", "/api/state"),
    ],
)
def test_a_path_that_a_proxy_leaves_is_taken_off(
    public_url: str | None, path: str, mounted: str, rest: str
) -> None:
    environ = {"SCRIPT_NAME": "", "PATH_INFO": path}
    Address(Http(public_url=public_url), CAMERAS).take_prefix(environ)
    assert environ == {"SCRIPT_NAME": mounted, "PATH_INFO": rest}
