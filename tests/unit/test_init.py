"""The first configuration that a person has: written by `init`."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pimotion import init
from pimotion.capture.factory import DEMO
from pimotion.config import file as config_file
from pimotion.errors import PimotionError
from pimotion.exit_codes import FAILED, PASSED, WRONG_USE
from pimotion.init import Answers

CAMERA = "v4l2:/dev/v4l/by-id/usb-Cam_1-video-index0"


def test_it_is_a_right_configuration_and_says_the_password_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "pimotion.yml"
    assert init.run(Answers(path=path, source=CAMERA)) == PASSED
    settings = config_file.load(path)
    assert settings.cameras["camera"].source == CAMERA
    assert settings.mqtt.host == "embedded"
    assert settings.http.host == "127.0.0.1"
    (user,) = settings.http.users
    assert user.role == "admin"
    assert capsys.readouterr().out.count(user.password.reveal()) == 1


def test_the_last_line_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is found by itself need not be named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIMOTION_CONFIG", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    init.run(Answers(path=Path("pimotion.yml"), source=CAMERA))
    init.run(Answers(path=Path("my cam.yml"), source=CAMERA))
    usual, other = re.findall(r"^next      (.*)$", capsys.readouterr().out, re.MULTILINE)
    command = ".venv/bin/python -m pimotion"
    assert usual == f"{command} doctor tries it, {command} run starts it"
    assert (
        other == f"{command} doctor 'my cam.yml' tries it, {command} run -c 'my cam.yml' starts it"
    )


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "pimotion.yml"
    umask = os.umask(0)
    try:
        init.run(Answers(path=path, source=CAMERA))
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["pimotion.yml"]


def test_a_page_for_the_network_has_a_login_and_a_token_that_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token stands in Home Assistant, and opens no more than the streams."""
    path = tmp_path / "pimotion.yml"
    assert init.run(Answers(path=path, source=CAMERA, lan=True)) == PASSED
    http = config_file.load(path).http
    (token,) = http.tokens
    assert http.host == "0.0.0.0"
    assert http.users[0].role == "admin"
    said = capsys.readouterr().out
    assert f"/camera/stream.mjpg?token={token.token.reveal()}\n" in said
    assert f"/camera/snapshot.jpg?token={token.token.reveal()}\n" in said


def test_every_password_is_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "ab":
        init.run(Answers(path=tmp_path / name, source=CAMERA))
    first, second = re.findall(r"password  (\S+)", capsys.readouterr().out)
    assert first != second
    assert len(first) >= 16


@pytest.mark.parametrize("what", ["file", "link", "folder"])
def test_what_is_there_is_never_overwritten(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pimotion.yml"
    if what == "file":
        path.write_text("mine")
    elif what == "link":
        path.symlink_to("nowhere")
    else:
        path.mkdir()
    assert init.run(Answers(path=path, source=CAMERA)) == FAILED
    assert capsys.readouterr().err == f"{path} exists already and is left as it is\n"
    assert not (tmp_path / "nowhere").exists()
    if what == "file":
        assert path.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "pimotion.yml"
    assert init.run(Answers(path=path, source=CAMERA)) == FAILED
    assert "cannot be written" in capsys.readouterr().err


def test_answers_that_are_wrong_leave_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pimotion.yml"
    answers = Answers(path=path, source="usb", broker="ha.local", port=0)
    assert init.run(answers) == WRONG_USE
    told = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in told] == ["--source", "--broker-port"]
    assert not path.exists()


@pytest.mark.parametrize(
    "given", [{"username": "me"}, {"password": ""}, {"tls": True}, {"port": 1884}, {"port": 0}]
)
def test_what_is_for_a_broker_is_not_dropped_in_silence_without_one(
    given: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pimotion.yml"
    assert init.run(Answers(path=path, source=CAMERA, **given)) == WRONG_USE
    assert "--broker" in capsys.readouterr().err
    assert not path.exists()


def test_the_answers_stand_in_it(tmp_path: Path) -> None:
    """Whatever a password is made of, it comes back as it was given."""
    path = tmp_path / "pimotion.yml"
    answers = Answers(
        path=path,
        source="rtsp://cam/1",
        camera="garden",
        broker="ha.local",
        username="on",
        password="a\"b\\c: #d 'e' ü😀",
        tls=True,
        lan=True,
    )
    assert init.run(answers) == PASSED
    settings = config_file.load(path)
    mqtt = settings.mqtt
    assert (mqtt.host, mqtt.port, mqtt.username, mqtt.tls.enabled) == ("ha.local", 8883, "on", True)
    assert mqtt.password is not None
    assert mqtt.password.reveal() == answers.password
    assert settings.http.host == "0.0.0.0"
    assert settings.cameras["garden"].source == "rtsp://cam/1"


@pytest.mark.parametrize("lan", [False, True])
def test_what_its_comments_suggest_works(lan: bool, tmp_path: Path) -> None:
    answers = Answers(path=tmp_path / "p.yml", source=CAMERA, lan=lan)
    text = init.configuration(answers, admin_password="abcdefgh")
    suggested = re.sub(r"^( *)# (?=(name|detect|zones|mqtt): )", r"\1", text, flags=re.MULTILINE)
    settings = config_file.parse(suggested, answers.path)
    assert settings.mqtt.host == "homeassistant.local"
    assert "driveway" in settings.cameras["camera"].zones


def _asked(monkeypatch: pytest.MonkeyPatch, *said: str, password: str = "") -> Answers:
    """What comes of a person at a terminal who says this."""
    lines = iter(said)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    monkeypatch.setattr("getpass.getpass", lambda _: password)
    return init.ask_for_broker(Answers(path=Path("p.yml"), source=CAMERA))


def test_who_names_a_broker_is_asked_for_the_login_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Home Assistant's broker lets nobody in without one."""
    asked = _asked(monkeypatch, " ha.local ", "pimotion", password="secret word")
    assert (asked.broker, asked.username, asked.password) == ("ha.local", "pimotion", "secret word")
    text = init.configuration(asked, admin_password="0123456789abcdef")
    mqtt = config_file.parse(text, asked.path).mqtt
    assert mqtt.username == "pimotion"
    assert mqtt.password is not None
    assert mqtt.password.reveal() == "secret word"


def test_an_empty_answer_is_a_broker_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _asked(monkeypatch, "").broker is None


@pytest.mark.parametrize("key", [EOFError, KeyboardInterrupt])
@pytest.mark.parametrize("asks", ["builtins.input", "getpass.getpass"])
def test_who_would_rather_not_answer_ends_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, key: type[BaseException], asks: str
) -> None:
    """Ctrl-D or Ctrl-C at a question showed a traceback."""

    def pressed(_: str) -> NoReturn:
        raise key

    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "ha.local")
    monkeypatch.setattr(asks, pressed)
    with pytest.raises(PimotionError, match=r"^not answered, so p\.yml is not written$"):
        init.ask_for_broker(Answers(path=Path("p.yml"), source=CAMERA))


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a script."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    answers = Answers(path=Path("p.yml"), source=CAMERA)
    assert init.ask_for_broker(answers) == answers


def test_nobody_is_asked_for_a_password_for_a_file_that_will_not_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That it exists was said after the third answer."""
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("a question was asked"))
    answers = Answers(path=tmp_path / "p.yml", source=CAMERA)
    answers.path.write_text("mine")
    assert init.run(init.ask_for_broker(answers)) == FAILED


def test_where_no_camera_was_found_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init.run(Answers(path=tmp_path / "pimotion.yml", source=DEMO))
    assert "with the demo recording, as no camera was found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"broker": "nas:1883"}, "--broker must be a host alone; the port is --broker-port"),
        ({"broker": "nas", "port": 99999}, "--broker-port must be between 1 and 65535, got 99999"),
        ({"source": "0"}, "--source must be auto, "),
    ],
)
def test_a_mistake_is_told_by_the_option_that_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: dict[str, Any], said: str
) -> None:
    """It spoke of `mqtt.port`, for which there is no option."""
    answers = Answers(**{"path": tmp_path / "pimotion.yml", "source": CAMERA, **wrong})
    assert init.run(answers) == WRONG_USE
    assert capsys.readouterr().err.startswith(said)
