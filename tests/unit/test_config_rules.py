"""Rules about several settings at once."""

from __future__ import annotations

import json
import re

import pytest
from config_text import DOOR, in_door, problems, read

from pimotion.config import file as config_file
from pimotion.config.file import Overrides
from pimotion.config.names import CAMERA_KEYS, NODE_KEYS
from pimotion.errors import ConfigError
from pimotion.publish.discovery import discovery

OPEN = (
    "can be reached by others, who would need no login: add http.users or http.tokens, or "
    "http.open: true if everyone may see the pictures"
)
LISTENER = (
    "can be reached by others, who could send any picture: listen on 127.0.0.1, or add "
    "open: true to this camera if that is meant"
)
OTHERS = "lies: `ha clean` would take others' topics for a node's; choose another first level"
NUMBERS = "must be a host name or an address; an IPv4 address has numbers from 0 to 255"
TOKEN = "abcdefghabcdefgh"
SQUARE = "[[0, 0], [1, 0], [1, 1]]"

BROKEN = [
    (
        "cameras: {a: {source: synthetic, controls: {gain: 3}}}\n",
        "1: cameras.a.controls.gain is for picamera and v4l2 cameras; this source has no controls",
    ),
    (
        "cameras: {a: {source: picamera, controls: {brightness: 30}}}\n",
        "1: cameras.a.controls.brightness must be between -1 and 1 for picamera, got 30",
    ),
    (
        "cameras: {a: {source: picamera, detect: {source: 'rtsp://cam/low'}}}\n",
        "1: cameras.a.detect.source is for network cameras, which have a second stream; take it "
        "out",
    ),
    (
        "cameras: {a: {source: 'rtsp://cam/x', detect: {source: 'rtsp://cam/x'}}}\n",
        "1: cameras.a.detect.source is the camera's source already; take it out, or name the "
        "smaller stream",
    ),
    (
        "cameras: {a: {source: picamera, fps: 20, controls: {exposure_ms: 51}}}\n",
        "1: cameras.a.controls.exposure_ms must be at most 50 ms, the time of a frame at fps 20, "
        "got 51",
    ),
    (
        "cameras: {a: {source: 'v4l2:/dev/video0', controls: {hdr: night}}}\n",
        "1: cameras.a.controls.hdr is for picamera; a v4l2 camera has no such control",
    ),
    (
        "cameras: {a: {source: 'v4l2:/dev/video0', controls: {white_balance: cloudy}}}\n",
        "1: cameras.a.controls.white_balance must be auto for a v4l2 camera, or use "
        "white_balance_k, got 'cloudy'",
    ),
    (
        "cameras: {a: {source: auto, controls: {focus: 1, autofocus: true}}}\n",
        "1: cameras.a.controls.focus cannot be together with controls.autofocus; take one of the "
        "two out",
    ),
    (
        DOOR + "mqtt: {host: homeassistant.local:1883}\n",
        "2: mqtt.host must be a host alone; the port is mqtt.port",
    ),
    (
        DOOR + "mqtt: {host: '[fe80::1]:1883'}\n",
        "2: mqtt.host must be a host alone; the port is mqtt.port",
    ),
    (DOOR + "mqtt: {host: '[::1]'}\n", "2: mqtt.host must be an IPv6 address without [ ]"),
    (
        DOOR + "mqtt: {host: 'fe80:1'}\n",
        "2: mqtt.host must be a host alone; the port is mqtt.port",
    ),
    (
        DOOR + "mqtt: {host: 'nas:mqtt'}\n",
        "2: mqtt.host must be a host name or an address; only an IPv6 address has a ':'",
    ),
    (DOOR + "mqtt: {host: 192.168.1.999}\n", f"2: mqtt.host {NUMBERS}"),
    (
        DOOR + "http: {host: '0.0.0.0:8080'}\n",
        "2: http.host must be a host alone; the port is http.port",
    ),
    (
        "cameras: {a: {source: 'http://cam:port/x'}}\n",
        "1: cameras.a.source must have a port between 1 and 65535",
    ),
    (
        "cameras: {a: {source: 'http://127.0.0.1:99999/x'}}\n",
        "1: cameras.a.source must have a port between 1 and 65535",
    ),
    (
        "cameras: {a: {source: 'http://h:0/'}}\n",
        "1: cameras.a.source must have a port between 1 and 65535",
    ),
    (
        "cameras: {a: {source: 'rtsp://h/x', detect: {source: 'rtsp://h:0/y'}}}\n",
        "1: cameras.a.detect.source must have a port between 1 and 65535",
    ),
    (
        "cameras: {a: {source: 'rtsp://joe:hun#ter2@cam/x'}}\n",
        "1: cameras.a.source must have a port between 1 and 65535; a login with / ? or # in it "
        "belongs into username and password",
    ),
    (
        "cameras: {a: {source: 'http://[::1/x'}}\n",
        "1: cameras.a.source must be a URL whose host can be read; an IPv6 address stands in [ ]",
    ),
    ("cameras: {a: {source: 'rtsp://10.0.0.256/x'}}\n", f"1: cameras.a.source {NUMBERS}"),
    (
        "cameras: {a: {source: 'rtsp://cam/x', detect: {source: 'rtsp://cam:0x/y'}}}\n",
        "1: cameras.a.detect.source must have a port between 1 and 65535",
    ),
    (
        "cameras: {a: {source: 'imagezmq:tcp://10.0.0.256:5555?subscribe'}}\n",
        f"1: cameras.a.source {NUMBERS}",
    ),
    (DOOR + "http: {host: 0.0.0.0}\n", f"2: http.host 0.0.0.0 {OPEN}"),
    (DOOR + "http:\n  port: 1\n  host: '::'\n", f"4: http.host :: {OPEN}"),
    (DOOR + "http: {host: pi.local}\n", f"2: http.host pi.local {OPEN}"),
    (
        "cameras: {a: {source: 'imagezmq:tcp://*:5555'}}\n",
        f"1: cameras.a.source * {LISTENER}",
    ),
    (
        "cameras: {a: {source: 'imagezmq:tcp://10.0.0.1:5555#pi'}}\n",
        f"1: cameras.a.source 10.0.0.1 {LISTENER}",
    ),
    (
        "cameras: {a: {source: 'imagezmq:tcp://127.0.0.1:70000'}}\n",
        "1: cameras.a.source must have a port between 1 and 65535, got 70000",
    ),
    (
        "cameras:\n  all: {source: auto}\n",
        "2: cameras.all cannot be called all, which pimotion uses itself",
    ),
    (
        in_door(f"zones: {{api: {{polygon: {SQUARE}}}}}"),
        "4: cameras.door.zones.api cannot be called api, which pimotion uses itself",
    ),
    (DOOR + "node: metrics\n", "2: node must not be metrics, which pimotion uses itself"),
    (
        in_door("detect: {min_area_ratio: 0.5, max_area_ratio: 0.5}"),
        "4: cameras.door.detect.min_area_ratio must be less than max_area_ratio (0.5), got 0.5",
    ),
    (
        in_door("detect:\n      max_area_ratio: 0.0005"),
        "5: cameras.door.detect.min_area_ratio must be less than max_area_ratio (0.0005), "
        "got 0.001",
    ),
    (
        in_door("events: {min_motion_s: 10, max_event_s: 10}"),
        "4: cameras.door.events.min_motion_s must be less than max_event_s (10 s), got 10",
    ),
    (
        in_door("fps: 0.2"),
        "4: cameras.door.health.stale_s must be more than 5 s, the time from frame to frame at "
        "fps 0.2",
    ),
    (in_door("password: x"), "4: cameras.door.password needs a username too"),
    (
        "cameras:\n  a: {source: picamera}\n  b: {source: 'picamera:0'}\n",
        "3: cameras.b.source is camera a's already, and can be opened only once",
    ),
    (
        DOOR + "mqtt: {host: x, password: y}\n",
        "2: mqtt.password needs mqtt.username too",
    ),
    (
        DOOR + "mqtt: {username: x}\n",
        "2: mqtt.username is for a broker of your own; name it in mqtt.host, or take this out",
    ),
    (
        DOOR + "mqtt: {host: x, tls: {enabled: true, cert: y}}\n",
        "2: mqtt.tls.cert needs mqtt.tls.key too",
    ),
    (
        DOOR + "mqtt: {host: x, tls: {enabled: true, key: y}}\n",
        "2: mqtt.tls.key needs mqtt.tls.cert too",
    ),
    (
        DOOR + "mqtt: {host: x, tls: {ca: y}}\n",
        "2: mqtt.tls.ca does nothing without mqtt.tls.enabled: true",
    ),
    (
        DOOR + "mqtt: {host: x, tls: {enabled: true, ca: y, insecure: true}}\n",
        "2: mqtt.tls.insecure accepts any certificate, so mqtt.tls.ca would do nothing; take one "
        "of the two out",
    ),
    (
        DOOR + "node: pi\nmqtt: {birth_topic: pimotion/pi/status}\n",
        "3: mqtt.birth_topic must lie outside of pimotion/pi, our own topics",
    ),
    (
        DOOR + "node: pi\nmqtt: {discovery_prefix: pimotion/pi}\n",
        "3: mqtt.discovery_prefix must lie outside of pimotion/pi, our own topics",
    ),
    (
        DOOR + "node: sensor\nmqtt: {prefix: homeassistant}\n",
        f"3: mqtt.prefix must not be homeassistant, where mqtt.discovery_prefix {OTHERS}",
    ),
    (
        DOOR + "mqtt: {discovery_prefix: hass, prefix: homeassistant}\n",
        f"2: mqtt.prefix must not be homeassistant, where mqtt.birth_topic {OTHERS}",
    ),
    (
        DOOR + "mqtt:\n  birth_topic: pimotion/other/status\n",
        f"3: mqtt.prefix must not be pimotion, where mqtt.birth_topic {OTHERS}",
    ),
    (
        DOOR + "http:\n  users:\n  - {name: a, password: abcdefgh}\n"
        "  - {name: a, password: hgfedcba}\n",
        "5: http.users[1].name is another user's name already",
    ),
    (
        DOOR + f"http:\n  tokens:\n  - {{name: a, token: {TOKEN}}}\n"
        f"  - {{name: b, token: {TOKEN}}}\n",
        "5: http.tokens[1].token is the same as that of 'a'",
    ),
    (
        DOOR + f"http: {{tokens: [{{name: a, token: {TOKEN}, cameras: [doro]}}]}}\n",
        "2: http.tokens[0].cameras[0] must be a camera, got 'doro'; did you mean 'door'?",
    ),
    (
        DOOR + f"http: {{tokens: [{{name: a, token: {TOKEN}, cameras: [x]}}]}}\n",
        "2: http.tokens[0].cameras[0] must be a camera, got 'x'; there is door",
    ),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN, ids=[text for text, _ in BROKEN])
def test_a_broken_rule_is_told_with_its_line(text: str, expected: str) -> None:
    assert problems(text) == [expected]


KEPT = [
    DOOR + "http: {host: localhost}\n",
    DOOR + "mqtt: {host: 'fe80::1%eth0'}\n",
    DOOR + "mqtt: {host: my_nas.local}\n",
    DOOR + "mqtt: {host: embedded}\n",
    DOOR + "http: {host: 'fe80::1%eth0', open: true}\n",
    "cameras: {a: {source: 'http://my_cam:80/x'}}\n",
    "cameras: {a: {source: 'http://[fe80::1%25eth0]:8080/x'}}\n",
    "cameras: {a: {source: 'rtsp://joe:p@ss@cam.local/x'}}\n",
    DOOR + "http: {host: '[::1]'}\n",
    DOOR + "http: {host: 127.0.0.9}\n",
    DOOR + "http: {host: 0.0.0.0, open: true}\n",
    DOOR + "http: {host: 0.0.0.0, users: [{name: a, password: abcdefgh}]}\n",
    DOOR + f"http: {{host: 0.0.0.0, tokens: [{{name: a, token: {TOKEN}, cameras: [door]}}]}}\n",
    "cameras: {a: {source: 'imagezmq:tcp://*:5555', open: true}}\n",
    "cameras: {a: {source: 'rtsp://cam/high', detect: {source: 'http://cam/low'}}}\n",
    "cameras: {a: {source: 'imagezmq:tcp://10.0.0.1:5555?subscribe'}}\n",
    "cameras: {a: {source: 'imagezmq:tcp://127.0.0.1:5555#a'},"
    " b: {source: 'imagezmq:tcp://127.0.0.1:5555#b'}}\n",
    "cameras: {a: {source: 'file:x.mp4?loop'}, b: {source: 'file:x.mp4?loop'}}\n",
    "cameras: {a: {source: picamera}, b: {source: 'picamera:1'}}\n",
    DOOR + "mqtt: {discovery_prefix: cams/pimotion, birth_topic: pimotion-2/status}\n",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_keeps_the_rules_is_taken(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("cameras", "told"),
    [
        (
            "door: {source: 'file:a'}, door_last: {source: 'file:b'}",
            "'door_last_motion' in Home Assistant would also be 'last_motion' of camera door",
        ),
        (
            "door_last: {source: 'file:a'}, door: {source: 'file:b'}",
            "'door_last_motion' in Home Assistant would also be 'motion' of camera door_last",
        ),
        (
            f"a: {{source: 'file:a', zones: {{b_motion: {{polygon: {SQUARE}}}}}}},"
            " a_zone_b: {source: 'file:b'}",
            "'a_zone_b_motion' in Home Assistant would also be 'zone_b_motion' of camera a",
        ),
        (
            f"a: {{source: 'file:a', zones: {{b_zone_c: {{polygon: {SQUARE}}}}}}},"
            f" a_zone_b: {{source: 'file:b', zones: {{c: {{polygon: {SQUARE}}}}}}}",
            "'a_zone_b_zone_c' in Home Assistant would also be 'zone_b_zone_c' of camera a",
        ),
    ],
)
def test_two_entities_never_get_one_name(cameras: str, told: str) -> None:
    """Home Assistant would drop the second one without a word to the user."""
    (problem,) = problems(f"cameras: {{{cameras}}}\n")
    assert problem.endswith(told)


def test_similar_ids_that_do_not_meet_are_taken() -> None:
    text = "cameras: {a: {source: 'file:a'}, a_b: {source: 'file:b'}, a-last: {source: 'file:c'}}"
    assert problems(text) == []


class TestOverrides:
    """The command line may change one camera and the page."""

    def test_they_take_the_place_of_the_file_s_values(self) -> None:
        wanted = Overrides(source="synthetic", host="::1", port=0, warmup_frames=5)
        settings = read(DOOR, wanted)
        assert settings.cameras["door"].source == "synthetic"
        assert settings.cameras["door"].detect.warmup_frames == 5
        assert (settings.http.host, settings.http.port) == ("::1", 0)

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (Overrides(port=70000), "--port must be between 0 and 65535, got 70000"),
            (Overrides(warmup_frames=0), "--warmup-frames must be between 1 and 1000, got 0"),
            (Overrides(host=""), "--host must not be empty"),
            (
                Overrides(host="0.0.0.0"),
                "--host 0.0.0.0 can be reached by others, who would need no login: add "
                "http.users or http.tokens, or --open if everyone may see the pictures",
            ),
        ],
    )
    def test_a_wrong_one_is_named_as_it_was_typed(self, wanted: Overrides, expected: str) -> None:
        assert problems(DOOR, wanted) == [expected]
        with pytest.raises(ConfigError) as refused:
            config_file.apply(read(DOOR), wanted)
        assert refused.value.problems == [expected]

    def test_a_wrong_source_is_named_as_it_was_typed(self) -> None:
        (problem,) = problems(DOOR, Overrides(source="usb"))
        assert problem.startswith("--source must be auto, picamera,")
        assert problem.endswith(", got 'usb'; did you mean auto?")

    def test_open_says_that_a_public_address_is_meant(self) -> None:
        assert problems(DOOR, Overrides(host="0.0.0.0", open=True)) == []
        assert problems(DOOR + "http: {host: 0.0.0.0}\n", Overrides(open=True)) == []

    def test_source_needs_one_camera(self) -> None:
        two = "cameras: {a: {source: 'file:a'}, b: {source: 'file:b'}}\n"
        told = "--source needs a configuration of one camera; this one has a, b"
        assert problems(two, Overrides(source="auto")) == [told]

    def test_its_mistakes_are_told_beside_those_of_the_file(self) -> None:
        told = problems(DOOR + "node: A\n", Overrides(port=-1))
        assert [line.split()[0] for line in told] == ["2:", "--port"]

    def test_the_settings_given_stay_as_they_are(self) -> None:
        settings = read(DOOR)
        config_file.apply(settings, Overrides(port=1))
        assert settings.http.port == 8080


def test_rules_of_finished_settings_are_told_without_lines() -> None:
    settings = read(DOOR)
    public = settings.model_copy(
        update={"http": settings.http.model_copy(update={"host": "0.0.0.0"})}
    )
    assert config_file.rules(settings) == []
    assert config_file.rules(public) == [f"http.host 0.0.0.0 {OPEN}"]


def test_values_put_together_by_a_program_are_checked_alike() -> None:
    settings = config_file.from_values({"cameras": {"demo": {"source": "synthetic"}}})
    assert settings.cameras["demo"].source == "synthetic"
    with pytest.raises(ConfigError, match=r"cameras\.demo\.fps must be between"):
        config_file.from_values({"cameras": {"demo": {"source": "synthetic", "fps": 1000}}})
    with pytest.raises(ConfigError, match="cannot be called api"):
        config_file.from_values({"cameras": {"api": {"source": "synthetic"}}})


def test_every_name_that_is_announced_is_known_to_the_rule() -> None:
    """A new entity in the discovery must join the names that may not meet."""
    settings = read(in_door(f"zones: {{drive: {{polygon: {SQUARE}}}}}\nnode: pi"))
    known = {f"pimotion_pi_{key}" for key in NODE_KEYS}
    known |= {f"pimotion_pi_door_{key}" for key in (*CAMERA_KEYS, "zone_drive")}
    said = json.dumps(discovery(settings, version="1"))
    announced = set(re.findall(r'"unique_id": ?"([^"]+)"', said))
    assert announced
    assert announced <= known


@pytest.mark.parametrize(
    ("host", "node"),
    [
        ("Garden-Pi.fritz.box", "garden-pi"),
        ("my_pi", "my-pi"),
        ("-", "pimotion"),
        ("api", "pimotion-api"),
        ("ALL.local", "pimotion-all"),
    ],
)
def test_a_machine_of_any_name_can_start(
    host: str, node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One called `api` was told that its node must not be called so, with nothing to change."""
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert read(DOOR).node == node
