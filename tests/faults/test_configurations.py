"""Files that are no configuration, secrets that others can read, a mistake while it runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from bad_configurations import DOOR, FILES, texts
from broker import HOST
from daemon_process import ROOT, DaemonProcess

CHECKER = Path(__file__).parent / "checker.py"
PASSWORD = "hunter2hunter2"
END = re.compile(r"(1 problem|\d+ problems); nothing was started\.")


def check(folder: Path, names: list[str]) -> list[tuple[int, str, float]]:
    """Return exit code, words and time for each file."""
    done = subprocess.run(
        [sys.executable, str(CHECKER)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input="".join(f"{name}\n" for name in names),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def fault_of(code: int, said: str, took_s: float, place: str) -> str | None:
    """Return what is wrong with how a file was refused."""
    lines = said.splitlines()
    if code != 2:
        return f"exit code {code}"
    if took_s > 5:
        return f"took {took_s:.1f} s"
    if "Traceback" in said or not lines or END.fullmatch(lines[-1]) is None:
        return "no words for a person"
    if not any(re.match(place, line) for line in lines):
        return f"no place: {lines[0][:200]}"
    if len(lines) > 102 or max(map(len, lines)) > 1000:
        return f"fills the terminal: {len(lines)} lines of up to {max(map(len, lines))}"
    return None


def test_a_hundred_wrong_files_are_refused_each_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    cases: dict[str, str] = {}
    for number, (what, make) in enumerate(FILES.items()):
        path = Path(f"file{number}.yml")
        make(path)
        cases[what] = path.name
    for number, (what, data) in enumerate(texts().items()):
        path = Path(f"text{number}.yml")
        path.write_bytes(data)
        cases[what] = path.name
    Path("good.yml").write_text(DOOR)
    answers = check(tmp_path, [*cases.values(), "good.yml"])

    faults = {}
    for (what, name), answer in zip(cases.items(), answers[:-1], strict=True):
        place = re.escape(name) + (": " if what in FILES else r":\d+: ")
        faults[what] = fault_of(*answer, place)
    assert {what: fault for what, fault in faults.items() if fault} == {}
    assert answers[-1][0] == 0, answers[-1]
    assert len(cases) >= 100


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_secret_that_everybody_can_read_is_told_and_never_shown(
    tmp_path: Path, mode: int
) -> None:
    secret, config = tmp_path / "secret", tmp_path / "x.yml"
    secret.write_text(PASSWORD)
    secret.chmod(mode)
    config.write_text(f"{DOOR}mqtt: {{host: nas, username: cam, password: !file secret}}\n")
    ((code, said, _),) = check(tmp_path, ["x.yml"])

    assert code == 0
    assert ("everyone on this machine can read a secret file" in said) == (mode == 0o644)
    assert PASSWORD not in said


def test_a_mistake_at_reload_holds_up_no_viewer(
    tmp_path: Path, free_port: int, unused_port: int
) -> None:
    settings = {
        "mqtt": {"host": HOST, "port": unused_port},
        "cameras": {"door": {"source": "synthetic", "width": 320, "height": 240, "fps": 10}},
    }
    with DaemonProcess(tmp_path, settings, port=free_port) as daemon:
        daemon.wait_for(lambda: daemon.camera("door")["state"] == "ok", "live")
        with urllib.request.urlopen(f"{daemon.url}/door/stream.mjpg", timeout=5) as stream:
            stream.read(50_000)
            (tmp_path / "pimotion.yml").write_text(
                "cameras: {door: {source: synthetic, fps: 1000}}\n"
            )
            daemon.process.send_signal(signal.SIGHUP)
            longest_s, last_s = 0.0, (began_s := time.monotonic())
            while "the old one stays in force" not in daemon.log or time.monotonic() - began_s < 2:
                assert stream.read1(2000)
                now_s = time.monotonic()
                longest_s, last_s = max(longest_s, now_s - last_s), now_s

        assert longest_s < 1
        assert daemon.log.count("the old one stays in force") == 1


def test_a_reload_is_a_gap_of_a_second_at_the_most(
    tmp_path: Path, free_port: int, unused_port: int, measured: Callable[[str, object], None]
) -> None:
    """Every camera starts anew, the one that was changed and the others."""
    camera = {"source": "synthetic", "width": 320, "height": 240, "fps": 10}
    mqtt = {"host": HOST, "port": unused_port}
    cameras = {"door": camera, "shed": camera}
    settings = {"mqtt": mqtt, "cameras": cameras}
    with DaemonProcess(tmp_path, settings, port=free_port) as daemon:

        def live() -> bool:
            health = daemon.healthz()
            return health is not None and all(
                each["state"] == "ok" for each in health["cameras"].values()
            )

        daemon.wait_for(live, "live")
        changed = {**cameras, "door": {**camera, "name": "Front door"}}
        written = {"state_dir": str(tmp_path / "state"), **settings, "cameras": changed}
        (tmp_path / "pimotion.yml").write_text(json.dumps(written))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: "was read again" in daemon.log, "it is read")
        began_s = time.monotonic()
        daemon.wait_for(lambda: daemon.log.count("camera opened") == 4 and live(), "live again")
        gap_s = time.monotonic() - began_s
        measured("gap_s", round(gap_s, 2))
        assert gap_s <= 1
        assert json.loads(daemon.get("/api/state"))["cameras"][0]["name"] == "Front door"
