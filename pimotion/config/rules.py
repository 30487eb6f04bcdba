"""What no single setting can say: rules about several of them at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pimotion.config import broker_files, certificate
from pimotion.config.camera import Camera
from pimotion.config.control_rules import broken
from pimotion.config.hosts import host_fault, number_fault, url_fault
from pimotion.config.names import clashes
from pimotion.config.places import Loc, name_of
from pimotion.config.settings import Http, HttpTls, HttpToken, Mqtt, MqttTls, Settings
from pimotion.config.values import RESERVED_IDS, is_loopback

EMBEDDED = "embedded"

_LISTENER = re.compile(
    r"imagezmq:tcp://(?P<host>[^#?]+):(?P<port>[0-9]+)(?P<asks>\?subscribe)?(#.+)?"
)
_OPENED_ONCE = ("auto", "picamera", "v4l2:", "imagezmq:")
_NETWORK = ("rtsp://", "rtsps://", "http://", "https://")
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that the configuration breaks.

    Attributes:
        loc: The setting to point at.
        text: What is wrong with it, to be read behind its name, and what to do.
        about: The other places that were looked at; if one of them is wrong by itself, this may
            not be true.
    """

    loc: Loc
    text: str
    about: tuple[Loc, ...] = ()


def findings(settings: Settings) -> list[Finding]:
    """Return every rule that is broken."""
    return [
        *_node(settings),
        *_mqtt(settings.mqtt),
        *_topics(settings),
        *_http(settings.http),
        *_tokens(settings),
        *_cameras(settings),
        *_unique_ids(settings),
    ]


def _node(settings: Settings) -> Iterator[Finding]:
    if settings.node in RESERVED_IDS:
        yield Finding(("node",), f"must not be {settings.node}, which pimotion uses itself")


def _mqtt(mqtt: Mqtt) -> Iterator[Finding]:
    if fault := host_fault(mqtt.host, "mqtt.port"):
        yield Finding(("mqtt", "host"), fault)
    if mqtt.password is not None and mqtt.username is None:
        yield Finding(("mqtt", "password"), "needs mqtt.username too", (("mqtt", "username"),))
    if mqtt.host == EMBEDDED:
        given = {"username": mqtt.username, "tls": mqtt.tls.enabled}
        for name in (name for name, value in given.items() if value):
            text = "is for a broker of your own; name it in mqtt.host, or take this out"
            yield Finding(("mqtt", name), text, (("mqtt", "host"),))
    yield from _mqtt_tls(mqtt)


def _mqtt_tls(mqtt: Mqtt) -> Iterator[Finding]:
    tls = mqtt.tls
    yield from _pair(("mqtt", "tls"), tls)
    if tls.insecure and tls.ca is not None:
        text = "accepts any certificate, so mqtt.tls.ca would do nothing; take one of the two out"
        yield Finding(("mqtt", "tls", "insecure"), text, (("mqtt", "tls", "ca"),))
    if tls.enabled:
        if (tls.cert is None) == (tls.key is None) and not (tls.insecure and tls.ca):
            yield from _broker_files(tls)
        return
    for name in ("ca", "cert", "key", "insecure"):
        if getattr(tls, name):
            text = "does nothing without mqtt.tls.enabled: true"
            yield Finding(("mqtt", "tls", name), text, (("mqtt", "tls", "enabled"),))
            return


def _broker_files(tls: MqttTls) -> Iterator[Finding]:
    loc: Loc = ("mqtt", "tls")
    about = tuple((*loc, name) for name in ("ca", "cert", "key"))
    for fault in broker_files.faults(tls):
        yield Finding((*loc, fault.setting), fault.text, about)


def _topics(settings: Settings) -> Iterator[Finding]:
    prefix = settings.mqtt.prefix
    ours = f"{prefix}/{settings.node}"
    about: tuple[Loc, ...] = (("mqtt", "prefix"), ("node",))
    shared = []
    for name in ("birth_topic", "discovery_prefix"):
        topic = getattr(settings.mqtt, name)
        if f"{topic}/".startswith(f"{ours}/"):
            yield Finding(("mqtt", name), f"must lie outside of {ours}, our own topics", about)
        elif topic.partition("/")[0] == prefix:
            shared.append(name)
    if shared:
        text = (
            f"must not be {prefix}, where mqtt.{shared[-1]} lies: `ha clean` would take others' "
            "topics for a node's; choose another first level"
        )
        yield Finding(("mqtt", "prefix"), text, tuple(("mqtt", name) for name in shared))


def _http(http: Http) -> Iterator[Finding]:
    about: tuple[Loc, ...] = (("http", "users"), ("http", "tokens"), ("http", "open"))
    if fault := host_fault(http.host, "http.port", in_brackets=True):
        yield Finding(("http", "host"), fault)
    elif not (is_loopback(http.host) or http.users or http.tokens or http.open):
        yield Finding(
            ("http", "host"),
            f"{http.host} can be reached by others, who would need no login: add http.users or "
            "http.tokens, or http.open: true if everyone may see the pictures",
            about,
        )
    first: dict[str, int] = {}
    for number, user in enumerate(http.users):
        if first.setdefault(user.name, number) != number:
            yield Finding(("http", "users", number, "name"), "is another user's name already")
    yield from _http_tls(http.tls)


def _pair(loc: Loc, tls: MqttTls | HttpTls) -> Iterator[Finding]:
    """A certificate is nothing without its key."""
    for name, other in (("cert", "key"), ("key", "cert")):
        if getattr(tls, name) is not None and getattr(tls, other) is None:
            yield Finding((*loc, name), f"needs {name_of((*loc, other))} too", ((*loc, other),))


def _http_tls(tls: HttpTls) -> Iterator[Finding]:
    loc: Loc = ("http", "tls")
    yield from _pair(loc, tls)
    if tls.cert is not None and tls.key is not None:
        for fault in certificate.faults(tls):
            yield Finding((*loc, fault.setting), fault.text, ((*loc, "cert"), (*loc, "key")))


def _tokens(settings: Settings) -> Iterator[Finding]:
    first: dict[str, HttpToken] = {}
    for number, token in enumerate(settings.http.tokens):
        loc: Loc = ("http", "tokens", number)
        other = first.setdefault(token.token.reveal(), token)
        if other is not token:
            yield Finding((*loc, "token"), f"is the same as that of '{other.name}'")
        for place, camera_id in enumerate(token.cameras):
            if camera_id not in settings.cameras:
                known = _known(camera_id, settings.cameras)
                text = f"must be a camera, got '{camera_id}'{known}"
                yield Finding((*loc, "cameras", place), text, (("cameras", camera_id),))


def _known(written: str, ids: Iterable[str]) -> str:
    near = difflib.get_close_matches(written, list(ids), n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; there is {', '.join(ids)}"


def _cameras(settings: Settings) -> Iterator[Finding]:
    used: dict[str, str] = {}
    for camera_id, camera in settings.cameras.items():
        loc: Loc = ("cameras", camera_id)
        yield from _reserved(loc)
        for zone_id in camera.zones:
            yield from _reserved((*loc, "zones", zone_id))
        yield from _urls(camera, loc)
        yield from _listener(camera, (*loc, "source"))
        yield from _numbers(camera, loc)
        yield from _controls(camera, loc)
        yield from _substream(camera, loc)
        source = "picamera" if camera.source == "picamera:0" else camera.source
        other = used.setdefault(source, camera_id)
        if other != camera_id and source.startswith(_OPENED_ONCE):
            text = f"is camera {other}'s already, and can be opened only once"
            yield Finding((*loc, "source"), text, (("cameras", other, "source"),))


def _reserved(loc: Loc) -> Iterator[Finding]:
    if loc[-1] in RESERVED_IDS:
        yield Finding(loc, f"cannot be called {loc[-1]}, which pimotion uses itself")


def _urls(camera: Camera, loc: Loc) -> Iterator[Finding]:
    for here, url in ((loc, camera.source), ((*loc, "detect"), camera.detect.source)):
        if url is not None and url.startswith(_NETWORK) and (fault := url_fault(url)):
            yield Finding((*here, "source"), fault)


def _listener(camera: Camera, loc: Loc) -> Iterator[Finding]:
    match = _LISTENER.fullmatch(camera.source)
    if match is None:
        return
    if not 1 <= int(match["port"]) <= _LAST_PORT:
        yield Finding(loc, f"must have a port between 1 and {_LAST_PORT}, got {match['port']}")
    if fault := number_fault(match["host"]):
        yield Finding(loc, fault)
    elif not (is_loopback(match["host"]) or match["asks"] or camera.open):
        text = (
            f"{match['host']} can be reached by others, who could send any picture: listen on "
            "127.0.0.1, or add open: true to this camera if that is meant"
        )
        yield Finding(loc, text, ((*loc[:-1], "open"),))


def _numbers(camera: Camera, loc: Loc) -> Iterator[Finding]:
    least, most = camera.detect.min_area_ratio, camera.detect.max_area_ratio
    if least >= most:
        text = f"must be less than max_area_ratio ({most:g}), got {least:g}"
        about = ((*loc, "detect", "max_area_ratio"),)
        yield Finding((*loc, "detect", "min_area_ratio"), text, about)
    shortest, longest = camera.events.min_motion_s, camera.events.max_event_s
    if shortest >= longest:
        text = f"must be less than max_event_s ({longest:g} s), got {shortest:g}"
        about = ((*loc, "events", "max_event_s"),)
        yield Finding((*loc, "events", "min_motion_s"), text, about)
    frame_s = 1 / camera.fps
    if camera.health.stale_s <= frame_s:
        text = (
            f"must be more than {frame_s:g} s, the time from frame to frame at fps {camera.fps:g}"
        )
        yield Finding((*loc, "health", "stale_s"), text, ((*loc, "fps"),))
    if camera.password is not None and camera.username is None:
        yield Finding((*loc, "password"), "needs a username too", ((*loc, "username"),))


def _substream(camera: Camera, loc: Loc) -> Iterator[Finding]:
    if camera.detect.source is None:
        return
    here: Loc = (*loc, "detect", "source")
    if not camera.source.startswith(_NETWORK):
        text = "is for network cameras, which have a second stream; take it out"
        yield Finding(here, text, ((*loc, "source"),))
    elif camera.detect.source == camera.source:
        text = "is the camera's source already; take it out, or name the smaller stream"
        yield Finding(here, text, ((*loc, "source"),))


def _controls(camera: Camera, loc: Loc) -> Iterator[Finding]:
    for name, text, about in broken(camera):
        looked_at: list[Loc] = [(*loc, each) for each in ("source", *about)]
        yield Finding((*loc, "controls", name), text, tuple(looked_at))


def _unique_ids(settings: Settings) -> Sequence[Finding]:
    return [
        Finding(("cameras", camera_id), f"needs another id, or a zone does: {text}", ())
        for camera_id, text in clashes(settings.cameras)
    ]
