"""What the doctor makes of a machine, over a drawn /sys and drawn devices."""

from __future__ import annotations

import errno
import json
import os
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import pytest

from pimotion import cameras as camera_list
from pimotion.cameras import FoundCamera
from pimotion.capture import factory
from pimotion.capture.address import Address
from pimotion.capture.factory import DEMO
from pimotion.capture.reasons import refused_status
from pimotion.capture.v4l2_device import Format
from pimotion.config.camera import Camera
from pimotion.config.file import from_values
from pimotion.config.settings import Settings
from pimotion.doctor import advice as advice_module
from pimotion.doctor import cameras as camera_checks
from pimotion.doctor import machine
from pimotion.doctor.advice import about, about_libcamera
from pimotion.doctor.broker import told_of_birth
from pimotion.doctor.report import Check, Verdict, json_of, line, passed
from pimotion.doctor.running import Running
from pimotion.errors import SourceLost

PI_4 = "devices/platform/soc/soc:firmware/get_throttled"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("flags", "verdict", "found", "advice"),
    [
        ("0", "ok", "never too low", ""),
        ("50005", "note", "the supply's voltage is too low now; the processor is thr", "supply"),
        ("50000", "note", "the supply's voltage was too low since the start", "official power"),
        ("80008", "note", "the processor is near its limit of temperature now", "fan"),
        ("40000", "note", "the processor was throttled since the start", "fan"),
    ],
)
def test_a_pi_s_flags_are_told_in_words(
    tmp_path: Path, flags: str, verdict: str, found: str, advice: str
) -> None:
    _write(tmp_path / PI_4, f"{flags}\n")
    (check,) = machine.power(tmp_path)
    assert check.verdict == verdict
    assert check.found.startswith(found)
    assert advice in check.advice


@pytest.mark.parametrize(("alarm", "verdict"), [("0", "ok"), ("1", "note")])
def test_a_pi_5_says_under_voltage_by_its_sensor(tmp_path: Path, alarm: str, verdict: str) -> None:
    _write(tmp_path / "class/hwmon/hwmon0/name", "cpu_thermal\n")
    _write(tmp_path / "class/hwmon/hwmon3/name", "rpi_volt\n")
    _write(tmp_path / "class/hwmon/hwmon3/in0_lcrit_alarm", f"{alarm}\n")
    (check,) = machine.power(tmp_path)
    assert check.verdict == verdict


@pytest.mark.parametrize("flags", ["", "rubbish", "\xff"])
def test_flags_that_are_none_are_not_told(tmp_path: Path, flags: str) -> None:
    _write(tmp_path / PI_4, flags)
    assert list(machine.power(tmp_path)) == []


def test_another_machine_says_nothing_of_its_power(tmp_path: Path) -> None:
    assert list(machine.power(tmp_path)) == []
    assert list(machine.temperature(tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "verdict", "found"), [("48700", "ok", "49 °C"), ("82000", "note", "82 °C is hot")]
)
def test_the_temperature_is_told(tmp_path: Path, text: str, verdict: str, found: str) -> None:
    _write(tmp_path / "class/thermal/thermal_zone0/temp", text)
    (check,) = machine.temperature(tmp_path)
    assert (check.verdict, check.found) == (verdict, found)


def _checks_of(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in machine.machine(settings)}


def _settings(**changed: object) -> Settings:
    values = {"cameras": {"door": Camera(source="synthetic")}, **changed}
    return Settings.model_validate(values)


def test_a_state_folder_that_cannot_be_made_fails_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    checks = _checks_of(_settings(state_dir=str(tmp_path / "file" / "state")))
    assert checks["state folder"].verdict is Verdict.FAILED
    assert "set state_dir (without a configuration: $STATE_DIRECTORY)" in (
        checks["state folder"].advice
    )


def test_a_user_without_a_home_needs_a_state_folder(no_home: None) -> None:
    checks = _checks_of(_settings())
    assert checks["state folder"].verdict is Verdict.FAILED
    assert "set state_dir" in checks["state folder"].found
    assert "clock" in checks, "the other checks are made all the same"


def test_a_state_folder_is_left_as_it_was(tmp_path: Path) -> None:
    checks = _checks_of(_settings(state_dir=str(tmp_path)))
    assert checks["state folder"].verdict is Verdict.OK
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_worth_a_note(tmp_path: Path) -> None:
    storage = {"min_free_bytes": 10**18}
    checks = _checks_of(_settings(state_dir=str(tmp_path), storage=storage))
    assert checks["disk"].verdict is Verdict.NOTE
    assert "min_free_bytes" in checks["disk"].found


def test_a_disk_without_room_is_no_matter_of_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    checks = _checks_of(_settings(state_dir=str(tmp_path)))
    assert checks["state folder"].verdict is Verdict.FAILED
    assert checks["state folder"].advice.startswith("make room")


def test_a_clock_that_is_not_set_is_worth_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a Pi that has just started and has no network yet."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    checks = _checks_of(_settings(state_dir=str(tmp_path)))
    assert checks["clock"].verdict is Verdict.NOTE


def test_what_a_terminal_cannot_show_is_written_out() -> None:
    """A file's name need not be text, nor what a camera says harmless."""
    check = Check("x", Verdict.FAILED, "B\udce4r.jpg is broken\x1b[2J", "take B\udce4r.jpg out")
    assert line(check, 1) == (
        "FAILED  x  B\\udce4r.jpg is broken\\x1b[2J\n           -> take B\\udce4r.jpg out"
    )


def test_notes_do_not_make_it_fail() -> None:
    note = Check("power", Verdict.NOTE, "too low", "another supply")
    failed = Check("broker", Verdict.FAILED, "no answer")
    assert passed([note])
    assert not passed([note, failed])
    assert line(note, 7) == "note    power    too low\n                 -> another supply"
    assert json.loads(json_of([failed])) == {
        "passed": False,
        "checks": [{"name": "broker", "verdict": "failed", "found": "no answer", "advice": ""}],
    }


def test_cameras_are_listed_ready_to_paste(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    webcam = FoundCamera(
        "v4l2:/dev/v4l/by-id/usb-cam-video-index0",
        "HD Webcam",
        (
            Format("MJPG", 640, 480, 30),
            Format("MJPG", 1280, 720, 15),
            Format("YUYV", 320, 240, None),
        ),
        {"brightness": "-64 to 64"},
    )
    found = [FoundCamera("picamera", "imx708, a Pi camera"), webcam]
    monkeypatch.setattr(camera_list, "found_cameras", lambda: found)
    camera_list.show(as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "# imx708, a Pi camera",
        "source: picamera",
        "# HD Webcam",
        "#   YUYV up to 320x240",
        "#   MJPG up to 1280x720 at 15 fps",
        "#   controls: brightness -64 to 64",
        "source: v4l2:/dev/v4l/by-id/usb-cam-video-index0",
    ]
    camera_list.show(as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert [each["source"] for each in listed] == [each.source for each in found]
    assert Camera(source=webcam.source)


def test_devices_that_may_not_be_used_are_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video0").touch()
    monkeypatch.setattr(camera_list, "_DEV", tmp_path)
    assert camera_list.hints() == []
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (hint,) = camera_list.hints()
    assert "usermod -aG video" in hint


def test_a_pi_without_picamera2_is_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").write_text("Raspberry Pi 5 Model B Rev 1.0\0")
    monkeypatch.setattr(camera_list, "_DEV", tmp_path)
    monkeypatch.setattr(camera_list, "_MODEL", tmp_path / "model")
    monkeypatch.setitem(__import__("sys").modules, "picamera2", None)
    (hint,) = camera_list.hints()
    assert "sudo apt install python3-picamera2" in hint


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        (
            "imagezmq:tcp://127.0.0.1:5555#porch",
            "send --to tcp://127.0.0.1:5555 --name porch`; for",
        ),
        ("imagezmq:tcp://0.0.0.0:5555#porch", "send --to tcp://HERE:5555 --name porch`"),
        ("imagezmq:tcp://porch-pi:5555?subscribe", "is the sender at tcp://porch-pi:5555 on"),
        ("file:/home/me/no/lawn.mp4", "the service sees no home folders"),
        ("rtsp://10.0.0.9/live", "this address and login in VLC"),
    ],
)
def test_advice_fits_the_kind_of_camera(source: str, advice: str) -> None:
    """What helps with a network camera is nonsense for a cable, and the other way round."""
    open_to_all = {"open": True} if "0.0.0.0" in source else {}
    assert advice in about(Camera.model_validate({"source": source, **open_to_all}), "lost")


@pytest.mark.parametrize(
    ("url", "lost", "advice"),
    [
        ("http://cam/x", refused_status(404, "Not Found", "cam:80"), "its manual names the path"),
        ("http://cam/x", refused_status(401, "", "cam:80"), "this address and login in VLC"),
        ("rtsp:///x", None, "write it as rtsp://HOST/PATH"),
    ],
)
def test_advice_fits_what_a_network_camera_says(
    url: str, lost: SourceLost | None, advice: str
) -> None:
    if lost is None:
        with pytest.raises(SourceLost) as caught:
            Address.parse(url)
        lost = caught.value
    assert advice in about(Camera(source=url), lost.reason)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("notes.txt", "is it a whole video? `ffprobe "),
        ("notes.txt?loop", "is it a whole video? `ffprobe "),
        ("empty", "put images (jpg, png, bmp) into the folder"),
        ("broken", "take that image out"),
        ("nowhere.mp4", "check the path"),
    ],
)
def test_advice_fits_what_a_recording_is(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / "notes.txt").write_text("milk, eggs")
    (tmp_path / "empty").mkdir()
    _write(tmp_path / "broken/1.jpg", "milk, eggs")
    door = Camera(source=f"file:{tmp_path}/{name}")
    (check,) = camera_checks.cameras(_settings(cameras={"door": door}), None)
    assert check.verdict is Verdict.FAILED
    assert advice in check.advice


def test_what_is_no_camera_is_answered_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of all programs have /dev/null open: to stop them would be bad advice."""
    webcam = FoundCamera("v4l2:/dev/video0", "HD Webcam")
    monkeypatch.setattr(advice_module, "found_cameras", lambda: [webcam])
    door = Camera(source="v4l2:/dev/null")
    (check,) = camera_checks.cameras(_settings(cameras={"door": door}), None)
    assert (check.found, check.advice) == (
        "/dev/null is no camera",
        "this machine has v4l2:/dev/video0",
    )


def test_a_device_that_is_not_there_is_answered_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing = Camera(source="v4l2:/dev/v4l/by-id/old-name")
    monkeypatch.setattr(advice_module, "found_cameras", list)
    assert about(missing, "lost") == camera_list.NO_CAMERA
    other = FoundCamera("v4l2:/dev/v4l/by-id/new-name", "HD Webcam")
    monkeypatch.setattr(advice_module, "found_cameras", lambda: [other])
    assert about(missing, "lost") == "this machine has v4l2:/dev/v4l/by-id/new-name"


@pytest.mark.parametrize(
    ("programs", "ending"), [(1, ")"), (3, ")"), (5, "), and others")], ids=["one", "three", "five"]
)
def test_who_has_a_camera_is_named(tmp_path: Path, programs: int, ending: str) -> None:
    """A busy camera is most often had by a program that somebody forgot."""
    device = tmp_path / "video0"
    device.touch()
    camera = Camera(source=f"v4l2:{device}")
    with ExitStack() as held:
        ours = held.enter_context(device.open())
        assert about(camera, "lost").startswith("plug it in anew"), "we do not hinder ourselves"
        sleepers = [Popen(["sleep", "60"], stdin=ours) for _ in range(programs)]
        for sleeper in sleepers:
            held.callback(sleeper.wait)
            held.callback(sleeper.kill)
        said = about(camera, "lost")
        assert said.startswith("stop the program that has it: ")
        named = [f"(process {each.pid})" in said for each in sleepers]
    assert named.count(True) == min(programs, 3)
    assert said.endswith(ending)
    assert str(os.getpid()) not in said


def test_a_device_that_may_not_be_used_is_about_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video0").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "usermod -aG video" in about(Camera(source=f"v4l2:{tmp_path}/video0"), "lost")


@pytest.mark.parametrize("source", ["auto", "picamera"])
def test_a_pi_camera_that_is_seen_and_cannot_be_opened_is_had_by_another(
    monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(
        advice_module, "found_cameras", lambda: [FoundCamera("picamera", "imx708, a Pi camera")]
    )
    assert about(Camera(source=source), "lost").startswith("only one program can have it")


@pytest.mark.parametrize(
    ("reason", "is_installed", "is_pi", "advice"),
    [
        ("numpy.dtype size changed", True, True, "another numpy"),
        ("not installed for this Python", True, True, "--system-site-packages"),
        ("not installed for this Python", False, True, "sudo apt install python3-picamera2"),
        ("not installed for this Python", False, False, "this is no Raspberry Pi"),
    ],
)
def test_a_picamera2_that_is_missing_is_told_from_one_that_is_not_seen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
    is_installed: bool,
    is_pi: bool,
    advice: str,
) -> None:
    package = tmp_path / "picamera2"
    if is_installed:
        package.mkdir()
    monkeypatch.setattr(advice_module, "_SYSTEM_PICAMERA2", package)
    monkeypatch.setattr(advice_module, "is_pi", lambda: is_pi)
    assert advice in about_libcamera(reason)


def test_the_demo_is_no_camera_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone whose camera is not found must not be told that all is well."""
    monkeypatch.setattr(factory, "found_camera", lambda: None)
    (check,) = camera_checks.cameras(_settings(cameras={"door": Camera(source="auto")}), None)
    assert check.verdict is Verdict.FAILED
    assert check.found.startswith("this machine has no camera")
    (check,) = camera_checks.cameras(_settings(cameras={"demo": Camera(source=DEMO)}), None)
    assert check.verdict is Verdict.NOTE


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (None, "nothing on homeassistant/status just now"),
        (Running("pi", is_ours=True), "nothing on homeassistant/status since pimotion runs"),
        (Running("pi", is_ours=True, birth_age_s=730), "said online 12 min ago"),
    ],
)
def test_when_home_assistant_was_last_heard_is_told(other: Running | None, found: str) -> None:
    assert found in told_of_birth("homeassistant/status", other)


def test_what_to_do_about_a_lost_camera_is_said_also_while_pimotion_runs() -> None:
    """To stop it and to try again helps with a device that it holds, not with a sender."""
    sources = {"porch": "imagezmq:tcp://127.0.0.1:5555#porch", "usb": "v4l2:/dev/video7"}
    settings = from_values({"cameras": {name: {"source": at} for name, at in sources.items()}})
    lost = {"status": "offline", "state": "lost", "reason": "no picture for 5 s"}
    other = Running("pi", is_ours=True, cameras=dict.fromkeys(sources, lost))
    porch, usb = list(camera_checks.cameras(settings, other))[-2:]
    assert "send --to tcp://127.0.0.1:5555 --name porch" in porch.advice
    assert usb.advice == "stop pimotion and try `doctor` again to see the camera by itself"


def test_a_recording_that_is_over_is_not_suspected(tmp_path: Path) -> None:
    _write(tmp_path / "visit.mp4", "a whole video")
    settings = from_values({"cameras": {"door": {"source": f"file:{tmp_path}/visit.mp4"}}})
    over = {"status": "offline", "state": "ended", "reason": "the recording has ended"}
    *_, door = camera_checks.cameras(settings, Running("pi", is_ours=True, cameras={"door": over}))
    assert door.advice == "?loop behind its path plays it again and again"


def test_a_dark_camera_is_not_all_well() -> None:
    settings = from_values({"cameras": {"door": {"source": "synthetic"}}})
    dark = {"status": "online", "state": "dark", "reason": "black for 60 s", "fps": 15.0}
    other = Running("pi", is_ours=True, cameras={"door": dark})
    *_, door = camera_checks.cameras(settings, other)
    assert door.verdict is Verdict.NOTE
    assert "black for 60 s" in door.advice
