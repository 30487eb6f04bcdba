"""The command ``init``: a short configuration for this machine, with a password of its own."""

from __future__ import annotations

import errno
import getpass
import os
import re
import secrets
import shlex
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from pimotion.called import command
from pimotion.cameras import NO_CAMERA
from pimotion.capture.factory import DEMO
from pimotion.config import file as config_file
from pimotion.config.nodes import quoted
from pimotion.errors import ConfigError, PimotionError
from pimotion.exit_codes import FAILED, PASSED, WRONG_USE
from pimotion.log import without_secrets

ADMIN = "admin"
"""Who may log in at first."""

VIEWER = "home assistant"
"""Whom the token of a page that others reach is meant for."""

_OF_SERVICE = Path("/etc/pimotion/pimotion.yml")
"""Where `systemd/install.sh` has it written, and starts the service with it."""

_OPTIONS = (
    ("cameras.camera.source", "--source"),
    ("mqtt.host", "--broker"),
    ("mqtt.port", "--broker-port"),
    ("mqtt.username", "--username"),
    ("mqtt.password", "--password"),
)
"""The settings that options of `init` stand for."""

_TOKEN_BYTES = 24
"""192 bits, 32 characters: it is pasted, not typed."""

_PASSWORD_BYTES = 12
"""96 bits, 16 characters: beyond guessing, and still typed on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a new configuration should say.

    Attributes:
        path: Where to write it.
        source: What the camera is, as in ``source:``.
        camera: The camera's id.
        broker: Name or address of the MQTT broker; None for the embedded one.
        port: Of the broker; None for the usual one: 1883, with TLS 8883.
        username, password: Login at the broker.
        tls: Whether the broker is reached by TLS.
        lan: Whether other machines may open the page (with the password).
    """

    path: Path
    source: str
    camera: str = "camera"
    broker: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = None
    tls: bool = False
    lan: bool = False


def ask_for_broker(answers: Answers) -> Answers:
    """Ask for the broker and the login there where that was not said and somebody can answer.

    Raises:
        PimotionError: Whoever was asked would rather not answer.
    """
    # For a file that is there already, all answers would be in vain.
    is_settled = answers.broker is not None or os.path.lexists(answers.path)
    if is_settled or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return answers
    try:
        return _asked(answers)
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")  # the cursor stands behind the question
        raise PimotionError(f"not answered, so {answers.path} is not written") from None


def _asked(answers: Answers) -> Answers:
    question = "Host of the MQTT broker that Home Assistant uses (empty: one of pimotion's own): "
    broker = input(question).strip()
    if not broker:
        return answers
    username = answers.username or input("Login there (empty: none): ").strip() or None
    password = answers.password
    if username is not None and password is None:
        password = getpass.getpass("Password (is not shown): ")
    return replace(answers, broker=broker, username=username, password=password)


def run(answers: Answers) -> int:
    """Write the configuration and print what opens the page, once; return the exit code.

    A file that exists is never overwritten.
    """
    of_broker = (answers.port, answers.username, answers.password, answers.tls or None)
    if answers.broker is None and any(each is not None for each in of_broker):
        return _say("a port, a login or TLS needs a broker: say --broker HOST", WRONG_USE)
    admin_password = secrets.token_urlsafe(_PASSWORD_BYTES)
    token = secrets.token_urlsafe(_TOKEN_BYTES) if answers.lan else None
    text = configuration(answers, admin_password=admin_password, token=token)
    try:
        settings = config_file.parse(text, answers.path)
        write_new(answers.path, text)
    except ConfigError as error:
        return _say("\n".join(map(_as_option, error.problems)), WRONG_USE)
    except FileExistsError:
        return _say(f"{answers.path} exists already and is left as it is", FAILED)
    except OSError as error:
        return _say(f"{answers.path} cannot be written: {error.strerror}", FAILED)
    host = socket.gethostname() if answers.lan else settings.http.host
    camera = f"with {without_secrets(answers.source)} as its camera"
    if answers.source == DEMO:
        camera = f"with the demo recording, as no camera was found; {NO_CAMERA}"
    sys.stdout.write(
        f"{answers.path} is written, {camera}\n"
        f"page      http://{host}:{settings.http.port}\n"
        f"login     {ADMIN}\n"
        f"password  {admin_password}\n"
    )
    if token is not None:
        page = f"http://{host}:{settings.http.port}/{answers.camera}"
        sys.stdout.write(
            f"stream    {page}/stream.mjpg?token={token}\n"
            f"still     {page}/snapshot.jpg?token={token}\n"
        )
    sys.stdout.write(f"next      {_next(answers.path)}\n")
    return PASSED


def _as_option(problem: str) -> str:
    """Return a mistake in what was asked for: nobody has the file whose lines are counted."""
    text = re.sub(r"^.*?:\d+: ", "", problem)
    for setting, option in _OPTIONS:
        text = text.replace(setting, option)
    return text


def _next(path: Path) -> str:
    """Return what to do with a new configuration, as it can be typed here."""
    if path == _OF_SERVICE:
        return "sudo make doctor tries it"
    usual = config_file.find()
    if usual is not None and usual.absolute() == path.absolute():
        return f"{command('doctor')} tries it, {command('run')} starts it"
    name = shlex.quote(str(path))
    return f"{command(f'doctor {name}')} tries it, {command(f'run -c {name}')} starts it"


def configuration(answers: Answers, *, admin_password: str, token: str | None = None) -> str:
    """Return the text of a configuration, commented; with ``token`` it opens the streams."""
    http = _http(answers, admin_password) + ("" if token is None else _token(token))
    return "\n".join([_head(answers.path), _camera(answers), _mqtt(answers), http])


def write_new(path: Path, text: str) -> None:
    """Write a file that only its owner can read: whole, or not at all.

    Raises:
        FileExistsError: There is something of that name.
        OSError: It cannot be written; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "its folder is a file") from None
    # An empty file claims the name, so that two of us cannot both win; the draft then replaces it.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise


def _head(path: Path) -> str:
    return f"""\
# pimotion: what differs from the defaults. config/pimotion.yml and docs/configuration.md show every
# setting; `{command(f"check {shlex.quote(str(path))}")}` finds mistakes here.
"""


def _camera(answers: Answers) -> str:
    return f"""\
cameras:
  # The id: it stands in topics and in the names of entities. Lower-case letters, digits, _ and -.
  {answers.camera}:
    source: {quoted(answers.source)}
    # name: Front door
    # What to watch for, and how eagerly (1 to 100):
    # detect: {{sensitivity: 50}}
    # A motion sensor of its own for a part of the picture, corners 0 to 1 of the frame:
    # zones: {{driveway: {{polygon: [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]}}}}
"""


def _mqtt(answers: Answers) -> str:
    if answers.broker is None:
        return """\
# The broker that Home Assistant uses. Without one, pimotion starts a private mosquitto on this
# machine, which nobody else can reach.
# mqtt: {host: homeassistant.local, username: pimotion, password: "..."}
"""
    lines = ["# The broker that Home Assistant uses.", "mqtt:", f"  host: {quoted(answers.broker)}"]
    usual = 8883 if answers.tls else 1883
    lines.append(f"  port: {usual if answers.port is None else answers.port}")
    if answers.username is not None:
        lines.append(f"  username: {quoted(answers.username)}")
    if answers.password is not None:
        lines.append(f"  password: {quoted(answers.password)}")
    if answers.tls:
        lines.append("  tls: {enabled: true}")
    return "\n".join(lines) + "\n"


def _http(answers: Answers, admin_password: str) -> str:
    host = "0.0.0.0" if answers.lan else "127.0.0.1"  # noqa: S104  asked for, and with a login
    reach = "every machine that reaches this one" if answers.lan else "this machine only"
    other = (
        "127.0.0.1 would be this machine only" if answers.lan else "0.0.0.0 would be the network"
    )
    return f"""\
# The page and the live streams, for {reach}.
# host: {other}
http:
  host: {host}
  port: 8080
  users:
    - {{name: {ADMIN}, password: {quoted(admin_password)}, role: admin}}
  # By https, with a certificate for the name of this machine:
  # tls: {{cert: /etc/pimotion/fullchain.pem, key: /etc/pimotion/privkey.pem}}
"""


def _token(token: str) -> str:
    return f"""\
  # Opens streams and stills, nothing else: http://.../stream.mjpg?token=...
  tokens:
    - {{name: {VIEWER}, token: {quoted(token)}}}
"""


def _say(text: str, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code
