"""Addresses and logins of network cameras, and reasons that never hold a login."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest

from pimotion.capture.address import Address, Login
from pimotion.capture.http_login import Authorization
from pimotion.capture.reasons import lost_connection
from pimotion.errors import SourceLost


@pytest.mark.parametrize(
    ("url", "shown", "with_login"),
    [
        ("http://cam/a?b=c", "cam:80", "http://cam:80/a?b=c"),
        ("rtsp://cam", "cam:554", "rtsp://cam:554/"),
        ("https://[::1]:8443/x", "[::1]:8443", "https://[::1]:8443/x"),
        ("http://me:p%40ss@cam/", "cam:80", "http://me:p%40ss@cam:80/"),
        ("rtsp://me:a@b:c@cam/1", "cam:554", "rtsp://me:a%40b%3Ac@cam:554/1"),
        ("http://cam/with space/ä", "cam:80", "http://cam:80/with%20space/%C3%A4"),
    ],
)
def test_an_address_is_read_and_shown_without_its_login(
    url: str, shown: str, with_login: str
) -> None:
    address = Address.parse(url)
    assert address.shown == shown
    assert address.url_with_login == with_login
    assert "p@ss" not in repr(address)
    assert "@" not in address.url


@pytest.mark.parametrize("url", ["http://", "http://cam:x/", "http://[::1/", "ftp://cam/", "cam"])
def test_a_wrong_url_is_a_reason_in_words(url: str) -> None:
    with pytest.raises(SourceLost, match="URL is wrong"):
        Address.parse(url)


def test_the_settings_login_goes_before_the_url_s() -> None:
    assert Address.parse("http://a:b@cam/", Login("c", "d")).url_with_login == "http://c:d@cam:80/"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "http://cam:80/b"),
        ("b?c", "http://cam:80/a/b?c"),
        ("http://cam:8080/b", "http://cam:8080/b"),
        ("https://cam/b", "https://cam:443/b"),
    ],
)
def test_a_redirect_keeps_the_login_on_the_same_host(location: str, url: str) -> None:
    address = Address.parse("http://me:secret@cam/a/x").redirected(location)
    assert address.url == url
    assert address.login == Login("me", "secret")


@pytest.mark.parametrize(
    "location", ["http://evil/", "//evil/", "http://cam.evil/", "ftp://cam/", "rtsp://cam/"]
)
def test_a_redirect_to_elsewhere_is_refused(location: str) -> None:
    """The camera's password would go with it."""
    with pytest.raises(SourceLost):
        Address.parse("http://me:secret@cam/").redirected(location)


def test_a_redirect_away_from_tls_is_refused() -> None:
    with pytest.raises(SourceLost):
        Address.parse("https://me:secret@cam/").redirected("http://cam/")


def test_basic_is_answered_only_when_asked_for() -> None:
    authorization = Authorization(Login("Aladdin", "open sesame"))
    assert authorization.header("GET", "/") is None
    assert authorization.challenged(['Basic realm="door"'])
    # The example of RFC 7617, section 2.
    assert authorization.header("GET", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_answers_as_the_rfc_does(
    algorithm: str, response: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of RFC 7616, section 3.9.1."""
    monkeypatch.setattr(
        "secrets.token_hex", lambda _: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    authorization = Authorization(Login("Mufasa", "Circle of Life"))
    assert authorization.challenged(
        [
            'Basic realm="x"',
            f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
            'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
            'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
        ]
    )
    header = authorization.header("GET", "/dir/index.html")
    assert header is not None
    assert f'response="{response}"' in header
    assert "nc=00000001" in header
    again = authorization.header("GET", "/dir/index.html")
    assert again is not None
    assert "nc=00000002" in again


@pytest.mark.parametrize(
    "challenge", ["Bearer x", 'Digest qop="auth-int"', 'Digest algorithm=MD5-sess, qop="auth"', ""]
)
def test_a_challenge_without_an_answer_is_not_answered(challenge: str) -> None:
    assert not Authorization(Login("a", "b")).challenged([challenge])


def test_without_a_login_nothing_is_answered() -> None:
    assert not Authorization(None).challenged(['Basic realm="x"'])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "refused"), "nobody answers"),
        (ConnectionResetError(104, "reset"), "broke the connection"),
        (http.client.RemoteDisconnected("closed without response"), "broke the connection"),
        (TimeoutError("timed out"), "time-out"),
        (socket.gaierror(-2, "unknown"), "no such host"),
        (ssl.SSLError("wrong version"), "TLS"),
        (OSError(113, "unreachable"), "no way to"),
        (OSError(9, "rtsp://me:secret@cam/"), "failed"),
    ],
)
def test_an_error_becomes_words_without_the_error_s_own(error: OSError, words: str) -> None:
    reason = lost_connection(error, "cam:554").reason
    assert words in reason
    assert "cam:554" in reason
    assert "secret" not in reason
