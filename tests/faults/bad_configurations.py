"""A hundred files that are no configuration, each wrong in its own way."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

Make = Callable[[Path], object]

DOOR = "cameras:\n  door:\n    source: synthetic\n"


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


FILES: dict[str, Make] = {
    "missing": lambda path: None,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "an empty device": lambda path: path.symlink_to("/dev/null"),
    "a terminal": lambda path: path.symlink_to("/dev/ptmx"),
    "memory of a process": lambda path: path.symlink_to("/proc/self/mem"),
    "one byte too large": lambda path: path.write_bytes(b"#" * (256 * 1024 + 1)),
    "a gigabyte of nothing": _sparse,
}
"""Cannot be read; told without a line."""

BYTES: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\n  \n",
    "only a comment": b"# later\n",
    "only a byte order mark": b"\xef\xbb\xbf",
    "Latin-1": DOOR.encode() + b"node: caf\xe9\n",
    "UTF-16": DOOR.encode("utf-16"),
    "UTF-16 without a mark": DOOR.encode("utf-16-le"),
    "overlong UTF-8": b"node: \xc0\xae\n",
    "half a character": DOOR.encode() + b"# \xe2\x82",
    "a surrogate": b"node: \xed\xa0\x80\n",
    "a JPEG": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8,
    "a program": b"\x7fELF" + bytes(4096),
    "NUL": DOOR.encode() + b"node: a\0b\n",
    "an escape for terminals": DOOR.encode() + b"node: \x1b[31mred\n",
    "255 KiB of NUL": bytes(255 * 1024),
    "255 KiB of brackets": b"[" * 255 * 1024,
    "255 KiB of braces": b"{a: " * 64 * 1024,
    "255 KiB of list": b"- " * 127 * 1024,
    "255 KiB of questions": b"? " * 127 * 1024,
    "255 KiB of quotes": b'"' * 255 * 1024,
    "255 KiB of one word": b"a" * 255 * 1024,
    "30 000 settings": b"".join(b"s%d: 1\n" % n for n in range(25_000)),
    "the same setting 40 000 times": b"node: a\n" * 32_000,
    "8 000 cameras without a source": b"cameras:\n"
    + b"".join(b"  c%d: {fps: 99}\n" % n for n in range(8_000)),
    "a million laughs": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 118)),
}
"""Told with the line."""

TOP = {
    "text": "hello",
    "a number": "42",
    "a list": "- cameras\n- mqtt",
    "null": "~",
    "JSON of another program": '{"version": 3, "services": []}',
    "HTML": "<html><body>404</body></html>",
    "an ini file": "[mqtt]\nhost=nas",
    "no camera": "node: pi",
    "cameras as text": "cameras: all",
    "cameras as a list": "cameras:\n  - source: synthetic",
    "a camera that is text": "cameras: {door: synthetic}",
    "a camera without a source": "cameras: {door: {fps: 10}}",
    "a tab": "cameras:\n\tdoor: {}",
    "two documents": f"{DOOR}---\n{DOOR}",
    "a YAML directive": f"%YAML 9.9\n---\n{DOOR}",
    "duplicate keys": f"{DOOR}{DOOR}",
    "an id with a capital": "cameras: {Door: {source: synthetic}}",
    "an id that climbs": "cameras: {../etc: {source: synthetic}}",
    "an id that is reserved": "cameras: {api: {source: synthetic}}",
    "an id of 33 letters": f"cameras: {{{'d' * 33}: {{source: synthetic}}}}",
    "an id that is a number": "cameras: {1.5: {source: synthetic}}",
    "an id that is a wildcard": 'cameras: {"+": {source: synthetic}}',
}
BESIDE_A_CAMERA = {
    "an unknown section": "mqttt: {host: nas}",
    "an unknown setting": "mqtt: {hots: nas}",
    "a certificate that is not there": "http: {tls: {cert: /no/such/file, key: /no/such/file}}",
    "a certificate without a key": "http: {tls: {cert: /dev/null}}",
    "a certificate that is a device": "http: {tls: {cert: /dev/zero, key: /dev/zero}}",
    "a certificate that is a pipe": "http: {tls: {cert: pipe, key: pipe}}",
    "a certificate that is none": "http: {tls: {cert: /etc/passwd, key: /etc/passwd}}",
    "an anchor": "node: &n pi",
    "an alias": "node: *n",
    "a merge key": "http: {<<: {port: 1}}",
    "code": "node: !!python/object/apply:os.system [id]",
    "a Python name": "node: !!python/name:os.system",
    "an unknown tag": "node: !shell id",
    "base64": "node: !!binary aGk=",
    "a secret that is not there": "mqtt: {host: nas, password: !file /no/such/file}",
    "a secret that is a folder": "mqtt: {host: nas, password: !file /}",
    "a secret without an end": "mqtt: {host: nas, password: !file /dev/zero}",
    "a secret that is a pipe": "mqtt: {host: nas, password: !file pipe}",
    "a secret that is empty": "mqtt: {host: nas, password: !file /dev/null}",
    "a secret that is not set": "mqtt: {host: nas, password: !env PIMOTION_NOT_SET}",
    "a secret of no name": "mqtt: {host: nas, password: !env}",
    "a secret of systemd without it": "mqtt: {host: nas, password: !credential ../x}",
    "21 levels": "node: " + "[" * 25 + "]" * 25,
    "a complex key": "? [a, b]\n: 1",
    "an unclosed quote": "node: 'pi",
    "an unclosed bracket": "http: {port: 1",
    "a node with a capital": "node: Pi",
    "a node with a topic in it": "node: a/b",
    "a node that is on": "node: on",
    "a port that is a time": "mqtt: {host: nas, port: 12:30}",
    "port 0": "mqtt: {host: nas, port: 0}",
    "port 65536": "mqtt: {host: nas, port: 65536}",
    "half a port": "http: {port: 80.5}",
    "a port as text": "http: {port: eighty}",
    "a port of 4000 digits": f"http: {{port: {'9' * 4000}}}",
    "a port with an underscore": "http: {port: 8_080}",
    "a host with a space": "mqtt: {host: my nas}",
    "an open page without a login": "http: {host: 0.0.0.0}",
    "a short password": "http: {users: [{name: eve, password: short}]}",
    "a user twice": "http: {users: [{name: e, password: longone1}, {name: e, password: longone2}]}",
    "a role that is none": "http: {users: [{name: e, password: longenough, role: root}]}",
    "a broken hash": 'http: {users: [{name: e, password: "$scrypt$ln=99,r=8,p=1$a$b"}]}',
    "a short token": "http: {tokens: [{name: tv, token: abc}]}",
    "a token of no camera": "http: {tokens: [{name: tv, token: 0123456789abcdef, cameras: [x]}]}",
    "no day": "http: {tokens: [{name: tv, token: 0123456789abcdef, expires: 2026-02-30}]}",
    "viewers without end": "http: {max_viewers: .inf}",
    "an address of a page": "http: {public_url: javascript:alert(1)}",
    "days of nothing": "storage: {events_days: .nan}",
    "bytes in words": "storage: {max_bytes: lots}",
    "negative bytes": "storage: {max_bytes: -1}",
}
IN_A_CAMERA = {
    "frames a second: NaN": "fps: .nan",
    "frames a second: infinite": "fps: .inf",
    "frames a second: overflow": "fps: 1e999",
    "frames a second: true": "fps: true",
    "frames a second: none": "fps: 0",
    "a width of nothing": "width: 0",
    "a width of a bomb": "width: 100000",
    "half a pixel": "width: 640.5",
    "an odd angle": "rotate: 45",
    "an angle as a word": "rotate: left",
    "a flip that is none": "flip: diagonal",
    "a program as a source": "source: exec:/bin/sh",
    "a scheme that is none": "source: gopher://camera/",
    "a source twice": "source: auto",
    "no source": "source:",
    "a name of control characters": 'name: "a\\x07b"',
    "a name without end": f"name: {'a' * 5000}",
    "a line as a mask": "privacy_masks: [[[0, 0], [1, 1]]]",
    "a mask outside": "privacy_masks: [[[0, 0], [2, 0], [1, 1]]]",
    "a mask of NaN": "privacy_masks: [[[.nan, 0], [1, 0], [1, 1]]]",
    "a mask of text": "privacy_masks: everything",
    "a zone without a shape": "zones: {path: {}}",
    "a zone that climbs": "zones: {../x: {polygon: [[0, 0], [1, 0], [1, 1]]}}",
    "a method that is none": "detect: {method: magic}",
    "sensitivity 0": "detect: {sensitivity: 0}",
    "sensitivity 101": "detect: {sensitivity: 101}",
    "a ratio over 1": "detect: {min_area_ratio: 1.5}",
    "areas the wrong way round": "detect: {min_area_ratio: 0.5, max_area_ratio: 0.1}",
    "a preset that is none": "detect: {preset: moon}",
    "no gap": "events: {event_gap_s: -1}",
    "a gap of infinite time": "events: {event_gap_s: .inf}",
    "quality 0": "stream: {quality: 0}",
    "a picture of a terabyte": "snapshot: {max_bytes: 1TB}",
    "a stale time of nothing": "health: {stale_s: 0}",
    "a shell in a control": "controls: {exposure: $(reboot)}",
}


def texts() -> dict[str, bytes]:
    """Return every wrong text by what is wrong with it."""
    beside = {name: f"{DOOR}{text}\n" for name, text in BESIDE_A_CAMERA.items()}
    inside = {name: f"{DOOR}    {text}\n" for name, text in IN_A_CAMERA.items()}
    top = {name: f"{text}\n" for name, text in TOP.items()}
    return BYTES | {name: text.encode() for name, text in (top | beside | inside).items()}
