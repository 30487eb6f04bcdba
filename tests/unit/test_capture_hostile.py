"""Whatever a camera or a sender says, it is a lost source, never the end of the daemon."""

from __future__ import annotations

import json

import av
import numpy as np
import pytest

from pimotion.capture.address import Address, Login
from pimotion.capture.av_pictures import AvPictures
from pimotion.capture.factory import DEMO
from pimotion.capture.http_client import HttpClient
from pimotion.capture.http_login import Authorization
from pimotion.capture.image_folder import _natural
from pimotion.capture.imagezmq_message import read_message
from pimotion.errors import SourceLost
from pimotion.pixels import encode_bgr

CAMERA = Address.parse("http://127.0.0.1/video", None)


@pytest.mark.parametrize("location", ["http://[x/", "http://a:b:c/", "http://127.0.0.1:99999/"])
def test_a_redirect_to_what_is_no_address(location: str) -> None:
    with pytest.raises(SourceLost):
        CAMERA.redirected(location)


@pytest.mark.parametrize("host", ["cam..local", "a" * 70 + ".local"])
def test_a_name_that_no_host_can_have(host: str) -> None:
    client = HttpClient(Address.parse(f"http://{host}/", None), timeout_s=1.0)
    with pytest.raises(SourceLost, match="no name that a host can have"):
        client.get()


@pytest.mark.parametrize(
    ("challenge", "is_answered"),
    [
        ("Digest realm=, nonce=x", True),
        ("Digest =", True),
        ("Basic realm", True),
        ("", False),
        (",,,", False),
    ],
)
def test_a_login_that_is_asked_for_in_a_broken_way(challenge: str, is_answered: bool) -> None:
    authorization = Authorization(Login("me", "secret"))
    assert authorization.challenged([challenge]) is is_answered


def test_a_login_in_letters_of_any_alphabet() -> None:
    authorization = Authorization(Login("\u017c\u00f3\u0142w", "\u5bc6\u7801"))
    assert authorization.challenged(['Digest realm="x", nonce="y", qop="auth"'])
    header = authorization.header("GET", "/")
    assert header is not None
    assert "\u017c\u00f3\u0142w" in header.encode().decode()


@pytest.mark.parametrize("name", ["\ud800", "a\x1b[31mb", "x" * 500])
def test_a_sender_whose_name_cannot_be_printed(name: str) -> None:
    jpeg = encode_bgr(np.zeros((16, 16, 3), np.uint8), 80)
    shown, _ = read_message([json.dumps({"msg": name}).encode(), jpeg])
    assert shown.isprintable()
    assert len(shown) <= 64
    shown.encode()


def test_a_folder_with_digits_of_other_kinds() -> None:
    assert _natural("img1\u00b22.png")


class _NoDecoder:
    """A container as FFmpeg gives it when it has no decoder for the video."""

    class _Streams:
        class _Video:
            codec_context = None

        video = (_Video(),)

    streams = _Streams()


def test_a_video_that_nothing_here_can_decode() -> None:
    with pytest.raises(SourceLost, match="no decoder"):
        AvPictures(_NoDecoder())  # type: ignore[arg-type]


def test_video_larger_than_we_accept_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pimotion.picture.MAX_PIXELS", 100)
    with av.open(DEMO.removeprefix("file:").removesuffix("?loop")) as container:
        pictures = AvPictures(container)
        assert [picture for picture, _ in pictures] == [None] * 400
        assert pictures.broken == 400
