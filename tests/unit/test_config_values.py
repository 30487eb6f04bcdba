"""Every kind of wrong value, with the very sentence that a person reads."""

from __future__ import annotations

import pytest
from config_text import DOOR, NO_CAMERA, in_door, problems, read

from pimotion.config.camera import Camera

FPS = "cameras.door.fps must be a number between 0.2 and 60 fps"
ID = "must be lower-case letters, digits, _ and -, 32 at most, the first no _ or -"
CORNERS = "must be a list of 3 to 100 corners [x, y], each 0 to 1 of the frame"
POLYGONS = "must be a list of polygons: put one more [ ] around it"
SOURCE = (
    "must be auto, picamera, picamera:N, v4l2:/dev/..., rtsp://..., http(s)://..., file:PATH, "
    "file:PATH?loop, imagezmq:tcp://ADDRESS:PORT[?subscribe][#SENDER] or synthetic"
)

MQTT = (
    "host, port, username, password, protocol, tls, prefix, commands, discovery, "
    "discovery_prefix, birth_topic"
)
STORAGE = "text with a ',' in it needs quotes; known: events_days, max_bytes, min_free_bytes"
CAMERA = ", ".join(Camera.model_fields)

WRONG = [
    # whole files
    ("", [f"1: the file is empty: {NO_CAMERA}"]),
    ("# nothing\n", [f"1: the file is empty: {NO_CAMERA}"]),
    ("null\n", [f"1: the file is empty: {NO_CAMERA}"]),
    ("hello\n", ["1: the configuration must be a group of settings, each 'name: value', got text"]),
    ("- a\n", ["1: the configuration must be a group of settings, each 'name: value', got a list"]),
    ("12\n", ["1: the configuration must be a group of settings, each 'name: value', got 12"]),
    ("mqtt: {port: 1}\n", [f"1: {NO_CAMERA}"]),
    ("cameras:\n", [f"1: {NO_CAMERA}"]),
    ("cameras: {}\n", [f"1: {NO_CAMERA}"]),
    ("cameras: []\n", ["1: cameras must be a group of ids, got a list"]),
    ("cameras: {door: }\n", ["1: cameras.door is empty; give it settings or take it out"]),
    (
        "cameras: {door: auto}\n",
        ["1: cameras.door must be a group of settings, each 'name: value', got text"],
    ),
    (
        "cameras: {door: {}}\n",
        [
            "1: cameras.door.source is missing: auto, picamera[:N], v4l2:/dev/..., "
            "rtsp://..., http(s)://..., file:PATH[?loop], "
            "imagezmq:tcp://127.0.0.1:5555[#SENDER], imagezmq:tcp://HOST:PORT?subscribe[#SENDER] "
            "(a sender that publishes) or synthetic."
        ],
    ),
    ("cameras: {door: {source: }}\n", ["1: cameras.door.source must be text, got nothing"]),
    # unknown, doubled and coming settings
    (DOOR + "mqtt: {porta: 1}\n", ["2: unknown setting 'mqtt.porta'; did you mean 'port'?"]),
    (
        DOOR + "mqtt: {xyzzy: 1}\n",
        [f"2: unknown setting 'mqtt.xyzzy'; known: {MQTT}"],
    ),
    (DOOR + "Http: {}\n", ["2: unknown setting 'Http'; did you mean 'http'?"]),
    (
        in_door("Password: x\n    privacy-masks: []\n    Source: synthetic"),
        [
            "4: unknown setting 'cameras.door.Password'; did you mean 'password'?",
            "5: unknown setting 'cameras.door.privacy-masks'; did you mean 'privacy_masks'?",
            "6: unknown setting 'cameras.door.Source'; did you mean 'source'?",
        ],
    ),
    (
        in_door("min area: 1\n    event gap s: 3"),
        [
            f"4: unknown setting 'cameras.door.min ...'; known: {CAMERA}",
            "5: unknown setting 'cameras.door.event ...'; did you mean 'events.event_gap_s'?",
        ],
    ),
    (
        DOOR + "mqtt: {password hunter22, host: h}\n",
        ["2: unknown setting 'mqtt.password...'; is ': ' missing behind it?"],
    ),
    (
        DOOR + "mqtt: {passwordhunter22, host: h}\n",
        ["2: unknown setting 'mqtt.password...'; is ': ' missing behind it?"],
    ),
    (
        DOOR + "mqtt: {host=nas, port:1883}\n",
        [
            "2: unknown setting 'mqtt.host...'; is ': ' missing behind it?",
            "2: unknown setting 'mqtt.port...'; is ': ' missing behind it?",
        ],
    ),
    (
        DOOR + "mqtt: {host: h, username: joe, password: hunt,er22}\n",
        [
            "2: unknown setting in mqtt, without a value; text with a ',' in it needs quotes; "
            f"known: {MQTT}"
        ],
    ),
    (DOOR + "storage: {days: }\n", [f"2: unknown setting 'storage.days'; {STORAGE}"]),
    (DOOR + "cameras: {}\n", ["2: 'cameras' is set twice (first in line 1); merge the two"]),
    (
        in_door("fps: 10\n    fps: 11"),
        ["5: 'fps' is set twice (first in line 4); take one of the two out"],
    ),
    (
        in_door("detect: {min_area_ration: 1}"),
        [
            "4: unknown setting 'cameras.door.detect.min_area_ration'; did you mean "
            "'min_area_ratio'?"
        ],
    ),
    (
        in_door("sensitivity: 3"),
        ["4: unknown setting 'cameras.door.sensitivity'; did you mean 'detect.sensitivity'?"],
    ),
    (
        in_door("detect: {privacy_masks: []}"),
        [
            "4: unknown setting 'cameras.door.detect.privacy_masks'; it belongs one level up: "
            "cameras.door.privacy_masks"
        ],
    ),
    (
        in_door("event-gap-s: 3"),
        ["4: unknown setting 'cameras.door.event-gap-s'; did you mean 'events.event_gap_s'?"],
    ),
    (
        in_door("controls: {exposure: 3}"),
        [
            "4: unknown setting 'cameras.door.controls.exposure'; did you mean 'exposure_ms'?",
        ],
    ),
    (
        in_door("controls: {exposure_ms: 0, crop: [[1, 0], [0, 1]], power_line_hz: 55}"),
        [
            "4: cameras.door.controls.exposure_ms must be between 0.01 and 10000 ms, got 0",
            "4: cameras.door.controls.power_line_hz must be one of 0, 50, 60, got 55",
            "4: cameras.door.controls.crop must be two corners [x, y], top left and bottom right, "
            "each 0 to 1",
        ],
    ),
    (
        in_door("detect: {source: /dev/video0}"),
        ["4: cameras.door.detect.source must be rtsp(s)://... or http(s)://..., got '/dev/video0'"],
    ),
    (
        in_door("detect: {method: bgs}"),
        ["4: cameras.door.detect.method must be one of adaptive, running_average, mog2, got 'bgs'"],
    ),
    (
        in_door("detect: {preset: gardn, absorb_s: 3}"),
        [
            "4: cameras.door.detect.preset must be one of indoor, garden, street, got 'gardn'; "
            "did you mean garden?",
            "4: cameras.door.detect.absorb_s must be between 5 and 86400 s, got 3",
        ],
    ),
    (DOOR + "http: {tls: {cert: x}}\n", ["2: http.tls.cert needs http.tls.key too"]),
    # ranges
    (
        in_door("events: {event_gap_s: 0}"),
        ["4: cameras.door.events.event_gap_s must be between 0.5 and 600 s, got 0"],
    ),
    (
        in_door("events: {event_gap_s: '10'}"),
        [
            "4: cameras.door.events.event_gap_s must be a number between 0.5 and 600 s; "
            "take the quotes away from 10"
        ],
    ),
    (
        in_door("events: {event_gap_s: 601}"),
        ["4: cameras.door.events.event_gap_s must be between 0.5 and 600 s, got 601"],
    ),
    (
        in_door("detect: {accum_weight: 0}"),
        ["4: cameras.door.detect.accum_weight must be more than 0, at most 1, got 0"],
    ),
    (
        in_door("detect: {accum_weight: 2}"),
        ["4: cameras.door.detect.accum_weight must be more than 0, at most 1, got 2"],
    ),
    (
        in_door("detect: {sensitivity: 101}"),
        ["4: cameras.door.detect.sensitivity must be between 1 and 100, got 101"],
    ),
    (in_door("width: 12"), ["4: cameras.door.width must be between 64 and 4096 px, got 12"]),
    (
        in_door("health: {stale_s: -1}"),
        ["4: cameras.door.health.stale_s must be between 1 and 600 s, got -1"],
    ),
    (DOOR + "mqtt: {port: 0}\n", ["2: mqtt.port must be between 1 and 65535, got 0"]),
    (DOOR + "storage: {max_bytes: 3}\n", ["2: storage.max_bytes must be at least 1MB, got 3"]),
    (
        DOOR + "storage: {max_bytes: 3kb}\n",
        ["2: storage.max_bytes must be at least 1MB, got '3kb'"],
    ),
    (
        DOOR + "storage: {max_bytes: lots}\n",
        ["2: storage.max_bytes must be a size such as 200kB, 50MB or 2GB, got 'lots'"],
    ),
    (
        DOOR + "storage: {max_bytes: 1e9}\n",
        [
            "2: storage.max_bytes must be a size such as 200kB or 2GB, at least 1MB, but "
            "YAML reads 1e9 as text; did you mean 1000000000?"
        ],
    ),
    (
        DOOR + "storage: {min_free_bytes: -1}\n",
        ["2: storage.min_free_bytes must be at least 0, got -1"],
    ),
    (
        DOOR + "storage: {max_bytes: 2.5}\n",
        ["2: storage.max_bytes must be a size such as 200kB or 2GB, at least 1MB, got 2.5"],
    ),
    # numbers
    (
        DOOR + "storage: {events_days: 0}\n",
        ["2: storage.events_days must be between 1 and 3650 days, got 0"],
    ),
    (in_door("fps: '10'"), [f"4: {FPS}; take the quotes away from 10"]),
    (in_door("fps: fast"), [f"4: {FPS}, got 'fast'"]),
    (in_door("fps: 10 fps"), [f"4: {FPS}, got '10 fps'"]),
    (in_door("fps: true"), [f"4: {FPS}, got true"]),
    (in_door("fps: yes"), [f"4: {FPS}, but YAML reads yes as true; write a number"]),
    (in_door("fps: 12:30"), [f"4: {FPS}, but YAML reads 12:30 as 750; write the number in full"]),
    (in_door("fps: 010"), [f"4: {FPS}, but YAML reads 010 as 8; did you mean 10?"]),
    (in_door("fps: 1e1"), [f"4: {FPS}, but YAML reads 1e1 as text; did you mean 10?"]),
    (in_door("fps: 0x10"), [f"4: {FPS}, but YAML reads 0x10 as 16; did you mean 16?"]),
    (in_door("fps: 1_0"), [f"4: {FPS}, but YAML reads 1_0 as 10; did you mean 10?"]),
    (
        in_door("fps: .nan"),
        [f"4: {FPS}, but YAML reads .nan as no number; write the number in full"],
    ),
    (
        in_door("fps: .inf"),
        [f"4: {FPS}, but YAML reads .inf as infinity; write the number in full"],
    ),
    (
        in_door("fps: 99999999999999999999999"),
        [
            f"4: {FPS}, but YAML reads 99999999999999999999999 as a number of too many "
            "digits; write the number in full"
        ],
    ),
    (in_door("fps: 1e999"), [f"4: {FPS}, but YAML reads 1e999 as text; write the number in full"]),
    (in_door("fps:"), [f"4: {FPS}, got nothing"]),
    (in_door("fps: [1]"), [f"4: {FPS}, got a list"]),
    (in_door("fps: {a: 1}"), [f"4: {FPS}, got a group of settings"]),
    # true and false
    (
        in_door("width: 640.5"),
        ["4: cameras.door.width must be a whole number between 64 and 4096 px, got 640.5"],
    ),
    (
        in_door("open: on"),
        ["4: cameras.door.open must be true or false, got on; did you mean true?"],
    ),
    (
        in_door("open: No"),
        ["4: cameras.door.open must be true or false, got No; did you mean false?"],
    ),
    (in_door("open: 1"), ["4: cameras.door.open must be true or false, got 1"]),
    (
        in_door("open: 'true'"),
        ["4: cameras.door.open must be true or false; take the quotes away from true"],
    ),
    (in_door("open:"), ["4: cameras.door.open must be true or false, got nothing"]),
    # text
    (in_door("open: maybe"), ["4: cameras.door.open must be true or false, got 'maybe'"]),
    (
        in_door("name: on"),
        ['4: cameras.door.name must be text, but YAML reads on as true; put it in quotes: "on"'],
    ),
    (in_door("name: 12"), ['4: cameras.door.name must be text; put it in quotes: "12"']),
    (in_door("name: 1.10"), ['4: cameras.door.name must be text; put it in quotes: "1.10"']),
    (
        in_door("name: 12:30"),
        [
            "4: cameras.door.name must be text, but YAML reads 12:30 as 750; put it in "
            'quotes: "12:30"'
        ],
    ),
    (in_door("name: true"), ['4: cameras.door.name must be text; put it in quotes: "true"']),
    (in_door("name: ''"), ["4: cameras.door.name must not be empty"]),
    (in_door("name: [a]"), ["4: cameras.door.name must be text, got a list"]),
    (in_door('name: "a\\tb"'), ["4: cameras.door.name must be one line of text, got 'a\\tb'"]),
    (in_door('name: "a\\Lb"'), ["4: cameras.door.name must be one line of text, got 'a\\u2028b'"]),
    (in_door('name: "a\\ud800"'), ["4: cameras.door.name holds a character that is no text"]),
    (in_door("name: " + "x" * 65), ["4: cameras.door.name must have at most 64 characters"]),
    (
        in_door("name: 010"),
        ['4: cameras.door.name must be text, but YAML reads 010 as 8; put it in quotes: "010"'],
    ),
    (
        DOOR + "node: 1e3\n",
        [
            "2: node must be text, but some readers of YAML take 1e3 for a number; put it in "
            'quotes: "1e3"'
        ],
    ),
    (
        in_door("name: 08"),
        [
            "4: cameras.door.name must be text, but some readers of YAML take 08 for a number; "
            'put it in quotes: "08"'
        ],
    ),
    # choices and forms
    (
        DOOR + "mqtt: {protocol: 5}\n",
        ['2: mqtt.protocol must be one of auto, 5, 3.1.1; put it in quotes: "5"'],
    ),
    (DOOR + "mqtt: {protocol: 4}\n", ["2: mqtt.protocol must be one of auto, 5, 3.1.1, got 4"]),
    (DOOR + "mqtt: {protocol: '6'}\n", ["2: mqtt.protocol must be one of auto, 5, 3.1.1, got '6'"]),
    (
        in_door("flip: mirror"),
        ["4: cameras.door.flip must be one of none, horizontal, vertical, both, got 'mirror'"],
    ),
    (
        in_door("flip: horizontaly"),
        [
            "4: cameras.door.flip must be one of none, horizontal, vertical, both, got "
            "'horizontaly'; did you mean horizontal?"
        ],
    ),
    (in_door("rotate: 45"), ["4: cameras.door.rotate must be one of 0, 90, 180, 270, got 45"]),
    (
        in_door("rotate: '90'"),
        ["4: cameras.door.rotate must be one of 0, 90, 180, 270; take the quotes away from 90"],
    ),
    (
        in_door("flip: off"),
        ["4: cameras.door.flip must be one of none, horizontal, vertical, both, got off"],
    ),
    (
        DOOR + "mqtt: {prefix: a/b}\n",
        ["2: mqtt.prefix must be letters, digits, _ and -, got 'a/b'"],
    ),
    (
        DOOR + "mqtt: {discovery_prefix: /x}\n",
        [
            "2: mqtt.discovery_prefix must be letters, digits, _ and -, with / between "
            "levels, got '/x'"
        ],
    ),
    (
        DOOR + "mqtt: {birth_topic: 'x/#'}\n",
        ["2: mqtt.birth_topic must be a topic without # and +, got 'x/#'"],
    ),
    (
        DOOR + "http: {public_url: host:80}\n",
        ["2: http.public_url must be a URL that begins with http:// or https://, got 'host:80'"],
    ),
    (
        DOOR + "node: my_pi\n",
        [
            "2: node must be lower-case letters, digits and -, 32 at most, the first no -, "
            "got 'my_pi'"
        ],
    ),
    (
        DOOR + "node: Pi\n",
        ["2: node must be lower-case letters, digits and -, 32 at most, the first no -, got 'Pi'"],
    ),
    # users and tokens
    (DOOR + "http: {users: }\n", ["2: http.users must be a list; write [] for none"]),
    (
        DOOR + "http: {users: {name: a}}\n",
        ["2: http.users must be a list, each item behind a '-', got a group of settings"],
    ),
    (
        DOOR + "http: {users: [{name: a, password: abc}]}\n",
        ["2: http.users[0].password must have 8 characters or more"],
    ),
    (
        DOOR + "http: {users: [{name: 'a:b', password: abcdefgh}]}\n",
        ["2: http.users[0].name must be text without a colon, got 'a:b'"],
    ),
    (
        DOOR + "http: {users: [{name: a, password: 123456789}]}\n",
        ["2: http.users[0].password must be text; put it in quotes"],
    ),
    (
        DOOR + "http: {users: [{name: a, password: on}]}\n",
        ["2: http.users[0].password must be text; put it in quotes"],
    ),
    (
        DOOR + "http: {users: [{name: a}]}\n",
        [
            "2: http.users[0].password is missing: Password, 8 characters or more, or its hash "
            "(`python -m pimotion.passwords` makes one)."
        ],
    ),
    (
        DOOR + 'http: {users: [{name: a, password: "$scrypt$ln=14,r=8"}]}\n',
        ["2: http.users[0].password must be $scrypt$ln=14,r=8,p=1$SALT$HASH"],
    ),
    # where the page is
    (
        DOOR + "http: {public_url: 'http://[::1/pi'}\n",
        [
            "2: http.public_url must be a URL that begins with http:// or https:// and a host, "
            "got 'http://[::1/pi'"
        ],
    ),
    (
        DOOR + "http: {public_url: 'http://cams.example.org:99999/'}\n",
        [
            "2: http.public_url must be a URL that begins with http:// or https:// and a host, "
            "got 'http://cams.example.org:99999/'"
        ],
    ),
    (
        DOOR + "http: {allowed_hosts: [cams.example.org, 'a b']}\n",
        ["2: http.allowed_hosts[1] must be a host name or an address, got 'a b'"],
    ),
    (
        DOOR + "http: {frame_ancestors: [self, 'http://ha:8123', \"'self'; img-src *\"]}\n",
        [
            "2: http.frame_ancestors[2] must be self, or http:// or https:// and a host, without "
            "a path, got ''self'; img-src *'"
        ],
    ),
    (
        DOOR + "http: {tokens: [{name: a, token: abcdefgh}]}\n",
        ["2: http.tokens[0].token must have 16 characters or more"],
    ),
    (
        DOOR + "http: {tokens: [{name: a, token: abcdefghabcdefgh, expires: 2027-02-30}]}\n",
        ["2: http.tokens[0].expires must be a date such as 2027-12-31, got 2027-02-30"],
    ),
    (
        DOOR + "http: {tokens: [{name: a, token: abcdefghabcdefgh, expires: soon}]}\n",
        ["2: http.tokens[0].expires must be a date such as 2027-12-31, got 'soon'"],
    ),
    (
        DOOR + "http: {tokens: [{name: a, token: abcdefghabcdefgh, cameras: [A]}]}\n",
        [f"2: http.tokens[0].cameras[0] {ID}, got 'A'"],
    ),
    # polygons and groups
    (
        in_door("privacy_masks: [[0, 0], [1, 0], [1, 1]]"),
        [f"4: cameras.door.privacy_masks {POLYGONS}"],
    ),
    (
        in_door("detect: {masks: [[0, 0], [1, 0], [1, x]]}"),
        [f"4: cameras.door.detect.masks {POLYGONS}"],
    ),
    (
        in_door("privacy_masks: [[[0, 0], [1, 0], [1, 1]], [0, 0]]"),
        [f"4: cameras.door.privacy_masks[1] {CORNERS}"],
    ),
    (in_door("privacy_masks: [[[0, 0], [1, 0]]]"), [f"4: cameras.door.privacy_masks[0] {CORNERS}"]),
    (
        in_door("privacy_masks: [[[0, 0], [1, 0], [2, 1]]]"),
        ["4: cameras.door.privacy_masks[0][2][0] must be between 0 and 1, got 2"],
    ),
    (
        in_door("privacy_masks: [[[0, 0], [1, 0], [x, 1]]]"),
        ["4: cameras.door.privacy_masks[0][2][0] must be a number between 0 and 1, got 'x'"],
    ),
    (
        in_door("privacy_masks: [[[0, 0], [.5, .5], [1, 1]]]"),
        ["4: cameras.door.privacy_masks[0] must enclose an area; its corners lie on one line"],
    ),
    (
        in_door("privacy_masks: [[[0, 0, 0], [.5, .5], [1, 1]]]"),
        [f"4: cameras.door.privacy_masks[0] {CORNERS}"],
    ),
    (
        in_door("zones: {drive: {}}"),
        [
            "4: cameras.door.zones.drive.polygon is missing: Corners, each [x, y] 0 to 1 of "
            "the frame."
        ],
    ),
    (
        in_door("zones: {Drive Way: {polygon: [[0,0],[1,0],[1,1]]}}"),
        [f"4: cameras.door.zones: the id 'Drive Way' {ID}; did you mean drive_way?"],
    ),
    (
        in_door("zones: {}\n    detect: []"),
        ["5: cameras.door.detect must be a group of settings, each 'name: value', got a list"],
    ),
    (in_door("detect: "), ["4: cameras.door.detect is empty; give it settings or take it out"]),
    # ids and sources
    (
        "cameras: {Front Door: {source: auto}}\n",
        [f"1: cameras: the id 'Front Door' {ID}; did you mean front_door?"],
    ),
    (
        "cameras: {-: {source: vhs}}\n",
        [f"1: cameras: the id '-' {ID}", f"1: cameras.-.source {SOURCE}, got 'vhs'"],
    ),
    (
        "cameras: {door: {source: 'picamera:a'}}\n",
        [f"1: cameras.door.source {SOURCE}, got 'picamera:a'"],
    ),
    (
        "cameras: {door: {source: 'file:?loop'}}\n",
        [f"1: cameras.door.source {SOURCE}, got 'file:?loop'"],
    ),
    (
        "cameras: {door: {source: 'usb://joe:hunter2@h'}}\n",
        [f"1: cameras.door.source {SOURCE}, got 'usb://***@h'"],
    ),
    (
        "cameras: {door: {source: 0}}\n",
        [f"1: cameras.door.source {SOURCE}, got 0; did you mean v4l2:/dev/video0?"],
    ),
    ("cameras: {door: {source: true}}\n", [f"1: cameras.door.source {SOURCE}, got true"]),
    (
        "cameras: {door: {source: 'RTSP://joe:hunter2@cam/x'}}\n",
        [
            f"1: cameras.door.source {SOURCE}, got 'RTSP://***@cam/x'; did you mean "
            "rtsp://***@cam/x?"
        ],
    ),
    (
        in_door("detect: {source: 5}"),
        ['4: cameras.door.detect.source must be text; put it in quotes: "5"'],
    ),
    (
        DOOR + "mqtt: {host: 'mqtt://joe:hunter2@nas:1883'}\n",
        [
            "2: mqtt.host must be a host name or an address: leave out mqtt://; the port is "
            "mqtt.port"
        ],
    ),
    (
        DOOR + "mqtt: {host: 'mqtts://nas'}\n",
        [
            "2: mqtt.host must be a host name or an address: leave out mqtts://; the port is "
            "mqtt.port, encryption mqtt.tls"
        ],
    ),
    (
        DOOR + "http: {host: 'http://0.0.0.0'}\n",
        [
            "2: http.host must be a host name or an address: leave out http://; the port is "
            "http.port"
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=[text for text, _ in WRONG])
def test_a_wrong_value_is_told_in_words(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/dev/video0", "v4l2:/dev/video0"),
        ("/dev/v4l/by-id/usb-cam", "v4l2:/dev/v4l/by-id/usb-cam"),
        ("v4l2:0", "v4l2:/dev/video0"),
        ("v4l2:video2", "v4l2:/dev/video2"),
        ("'0'", "v4l2:/dev/video0"),
        ("~/movie.mp4", "file:~/movie.mp4"),
        ("movie.mp4", "file:movie.mp4"),
        ("/srv/pictures", "file:/srv/pictures"),
        ("webcam", "auto"),
        ("usb", "auto"),
        ("AUTO", "auto"),
        ("picam", "picamera"),
        ("Http://cam/x", "http://cam/x"),
        ("tcp://127.0.0.1:5555", "imagezmq:tcp://127.0.0.1:5555"),
    ],
)
def test_a_source_that_is_meant_plainly_is_proposed(written: str, meant: str) -> None:
    (told,) = problems(f"cameras: {{door: {{source: {written}}}}}\n")
    assert told.endswith(f"; did you mean {meant}?")
    assert problems(f"cameras: {{door: {{source: '{meant}'}}}}\n") == []


FINE = [
    in_door("name: 'on'"),
    in_door("name: Hütte 12"),
    in_door("fps: 0.5\n    health: {stale_s: 10}"),
    in_door("fps: +5"),
    in_door("open: TRUE"),
    in_door("password: null"),
    "cameras: {12: {source: auto}, on: {source: synthetic}}\n",
    DOOR + "mqtt: {protocol: '5'}\n",
    DOOR + "storage: {max_bytes: 1.5 GB, min_free_bytes: 0}\n",
    DOOR + "http: {tokens: [{name: a, token: abcdefghabcdefgh, expires: 2027-12-31}]}\n",
]


@pytest.mark.parametrize("text", FINE)
def test_what_is_meant_plainly_is_taken(text: str) -> None:
    assert problems(text) == []


def test_sizes_are_powers_of_a_thousand() -> None:
    assert read(DOOR + "storage: {max_bytes: 1.5 GB}\n").storage.max_bytes == 1_500_000_000


def test_one_mistake_does_not_hide_another() -> None:
    """A wrong number in one place, a rule about two others in another place: both are told."""
    text = "http: {host: 0.0.0.0}\n" + in_door("fps: 100")
    assert [line.split(": ")[0] for line in problems(text)] == ["1", "5"]


def test_a_mistake_in_a_list_does_not_hide_one_elsewhere() -> None:
    text = "http: {users: [{name: a, password: short}]}\ncameras: {all: {source: auto}}\n"
    assert [line.split(": ")[0] for line in problems(text)] == ["1", "2"]


def test_a_wrong_user_does_not_bring_a_wrong_complaint() -> None:
    """With the user's password too short, nobody should read that there are no users."""
    text = DOOR + "http: {host: 0.0.0.0, users: [{name: a, password: short}]}\n"
    assert problems(text) == ["2: http.users[0].password must have 8 characters or more"]


def test_a_file_of_another_kind_does_not_fill_the_terminal() -> None:
    shown = problems(DOOR + "".join(f"line{number}: 1\n" for number in range(500)))
    assert len(shown) <= 102
    assert "and 400 more like these" in shown[-1]


SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        DOOR + f"http: {{users: [{{name: a, password: {SECRET}}}]}}\n",
        DOOR + f"http: {{users: 'a:{SECRET}'}}\n",
        DOOR + f"http: {{tokens: [{{name: a, token: {SECRET}}}]}}\n",
        DOOR + f"mqtt: {{password: [{SECRET}]}}\n",
        DOOR + f"mqtt: {{password: !{SECRET}}}\n",
        DOOR + f"mqtt: {{password: *{SECRET}}}\n",
        DOOR + f"mqtt: {{password: &{SECRET}}}\n",
        DOOR + f"mqtt: {{password: !x!{SECRET}}}\n",
        DOOR + f"mqtt: {{password: @{SECRET}}}\n",
        DOOR + f"mqtt:\n  host: x\n  password:{SECRET}\n",
        DOOR + f"mqtt:\n  password:{SECRET}\n",
        DOOR + f"mqtt: {{password {SECRET}, host: h}}\n",
        DOOR + f"mqtt: {{password:{SECRET}, host: h}}\n",
        DOOR + f"mqtt: {{password={SECRET}}}\n",
        DOOR + f"mqtt: {{Password {SECRET}: x}}\n",
        DOOR + f"mqtt: {{pasword {SECRET}}}\n",
        DOOR + f"mqtt: {{password{SECRET}}}\n",
        DOOR + f"mqtt: {{password: x,{SECRET}}}\n",
        DOOR + f"mqtt: {{password: x, {SECRET} y}}\n",
        DOOR + f"mqtt:\n  ? password {SECRET}\n  host: h\n",
        DOOR + f"http: {{users: [{{name: a, password {SECRET}}}]}}\n",
        DOOR + f"http: {{tokens: [{{name: a, token{SECRET}}}]}}\n",
        in_door(f"? password {SECRET}"),
        in_door(f"password: {{{SECRET}: 1}}"),
        in_door(f"password: {SECRET}"),
        f"cameras: {{door: {{source: 'http:/joe:{SECRET}@cam/'}}}}\n",
        f"cameras: {{door: {{source: 'joe:{SECRET}@cam/'}}}}\n",
        f"cameras: {{door: {{source: 'htp://cam/?user=a&pwd={SECRET}'}}}}\n",
    ],
)
def test_no_message_holds_a_secret(text: str) -> None:
    told = problems(text)
    assert told
    assert SECRET not in "\n".join(told)
