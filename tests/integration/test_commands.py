"""The command line as a user meets it: exit codes, one clear line, data on stdout only."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import av
import cv2
import numpy as np
import pytest
from cameras.pictures import record
from in_process import InProcess
from waiting import wait_until

import pimotion
from pimotion.capture.factory import DEMO
from pimotion.config import file as config_file

ROOT = Path(__file__).parent.parent.parent
LAWN = Path(DEMO.removeprefix("file:").removesuffix("?loop"))
DOOR = "cameras: {door: {source: synthetic}}\nmqtt: {host: 127.0.0.1}\n"


@pytest.fixture
def obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> InProcess:
    return InProcess(tmp_path, monkeypatch, capfd)


def pimotion_(
    *arguments: str | Path, cwd: Path, stdout: int | IO[str] = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pimotion", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(cwd)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_version(tmp_path: Path) -> None:
    done = pimotion_("--version", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"pimotion {pimotion.__version__}\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["--version", "--help", "check --help", "check", "schema"])
def test_what_cannot_be_printed_is_one_clear_line(
    tmp_path: Path, words: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script took an empty file for the help, with exit code 0."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    (tmp_path / "pimotion.yml").write_text(DOOR)
    with Path("/dev/full").open("w") as full:
        done = pimotion_(*words.split(), cwd=tmp_path, stdout=full)

    assert (done.returncode, done.stderr) == (1, "pimotion: No space left on device\n")


def test_a_correct_configuration_passes(tmp_path: Path) -> None:
    (tmp_path / "pimotion.yml").write_text("node: shed\n" + DOOR)

    done = pimotion_("check", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "pimotion.yml: correct; node shed, cameras: door\n"


@pytest.mark.parametrize("command", [["check", "x.yml"], ["run", "--config", "x.yml"]])
def test_every_mistake_is_told_at_once_and_nothing_starts(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "x.yml").write_text("cameras:\n  door: {source: synthetic, fps: 600}\nmqtttt: {}\n")

    done = pimotion_(*command, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "x.yml:2: cameras.door.fps must be between 0.2 and 60 fps, got 600",
        "x.yml:3: unknown setting 'mqtttt'; did you mean 'mqtt'?",
        "2 problems; nothing was started.",
    ]


def test_options_are_checked_like_settings(tmp_path: Path) -> None:
    done = pimotion_("--source", "floppy:a", "--port", "99999", cwd=tmp_path)

    assert done.returncode == 2
    assert [line.split(" must")[0] for line in done.stderr.splitlines()[:2]] == [
        "--port",
        "--source",
    ]


def test_without_a_file_to_check_there_is_nothing_to_do(obeyed: InProcess) -> None:
    done = obeyed("check")

    assert done.returncode == 2
    assert done.stderr.startswith("there is no configuration: name a file, or let `")


def test_a_python_without_our_packages_is_told_where_the_right_one_is(tmp_path: Path) -> None:
    """Who types `python3 -m pimotion` after `make run` read a traceback of pydantic's absence."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "pimotion", "check"],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    first, second = done.stderr.splitlines()
    assert "cannot run it: No module named 'pydantic'" in first
    assert "`.venv/bin/python -m pimotion`" in second


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text(DOOR)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = pimotion_("run", "-c", "x.yml", "--port", str(port), cwd=tmp_path)

    assert done.returncode == 1
    complaints = [line for line in done.stderr.splitlines() if line.startswith("pimotion: ")]
    assert len(complaints) == 1
    assert f"port {port} " in complaints[0]
    assert "Traceback" not in done.stderr


def test_the_schema_is_json(obeyed: InProcess) -> None:
    done = obeyed("schema")

    assert done.returncode == 0
    assert json.loads(done.stdout)["properties"]["cameras"]


def test_init_writes_what_check_accepts(obeyed: InProcess, tmp_path: Path) -> None:
    done = pimotion_("init", "--broker", "ha.local", "--source", "synthetic", "--lan", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "password" in done.stdout
    assert (tmp_path / "pimotion.yml").stat().st_mode & 0o777 == 0o600
    assert obeyed("check").returncode == 0
    again = obeyed("init", "--source", "synthetic")
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_recording_that_is_named_to_init_is_found_from_the_new_file(
    obeyed: InProcess, tmp_path: Path
) -> None:
    """Paths in a configuration begin at its folder, those that are typed where one stands."""
    done = obeyed("init", "--source", "file:a.mp4", "-o", "etc/p.yml")

    assert done.returncode == 0, done.stderr
    settings = config_file.load(tmp_path / "etc/p.yml")
    assert settings.cameras["camera"].source == f"file:{tmp_path}/a.mp4"


CLOSED = [">&-", "2>&-", "<&- >&- 2>&-"]


def closed(how: str, *arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start the command with standard streams that a shell has closed."""
    command = ["sh", "-c", f'exec "$@" {how}', "sh", sys.executable, "-m", "pimotion", *arguments]
    return subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(cwd)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", CLOSED)
@pytest.mark.parametrize(
    ("command", "code"),
    [(["replay", str(LAWN)], 0), (["cameras"], 0), (["check"], 0), (["doctor"], 1)],
    ids=["replay", "cameras", "check", "doctor"],
)
def test_closed_standard_streams_change_nothing_but_what_is_seen(
    tmp_path: Path, how: str, command: list[str], code: int
) -> None:
    (tmp_path / "pimotion.yml").write_text(DOOR.replace("127.0.0.1", "127.0.0.1, port: 1"))
    with closed(how, *command, cwd=tmp_path) as process:
        _, said = process.communicate(timeout=60)

    assert process.returncode == code
    assert "Traceback" not in said


@pytest.mark.parametrize("how", CLOSED)
def test_the_daemon_runs_and_stops_with_closed_standard_streams(
    tmp_path: Path, free_port: int, how: str
) -> None:
    (tmp_path / "pimotion.yml").write_text(DOOR.replace("127.0.0.1", "127.0.0.1, port: 1"))
    with closed(how, "run", "--port", str(free_port), cwd=tmp_path) as process:
        wait_until(lambda: answers(free_port), "the page", 20)
        process.terminate()
        _, said = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in said


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class TestReplay:
    """The same detection as the daemon's, over a recording."""

    def test_the_shipped_recording_is_one_event(self, tmp_path: Path) -> None:
        done = pimotion_("replay", LAWN, cwd=tmp_path)

        assert done.returncode == 0
        assert done.stderr.startswith("1 event in 400 frames; held back: ")
        assert len(done.stderr.splitlines()) == 1
        events = lines(done.stdout)
        kinds = [event["event_type"] for event in events]
        assert (kinds[0], kinds[-1]) == ("start", "stop")
        assert kinds.count("start") == 1
        assert {event["id"] for event in events} == {"1"}
        assert [event["seq"] for event in events] == list(range(len(events)))
        assert events[0]["time_s"] == pytest.approx(16.8, abs=0.5)
        assert events[-1]["duration_s"] == pytest.approx(18.5, abs=1.5)
        assert events[0]["published_at"] is None
        assert events[0]["started_at"] is None, "the recording does not say when it was made"

    def test_events_that_are_cut_count_their_messages_without_a_hole(
        self, obeyed: InProcess, tmp_path: Path
    ) -> None:
        (tmp_path / "x.yml").write_text(
            "cameras: {door: {source: auto, events: {max_event_s: 5}}}\n"
        )
        done = obeyed("replay", LAWN, "--config", "x.yml", "--camera", "door")

        seqs: dict[str, list[int]] = {}
        for event in lines(done.stdout):
            seqs.setdefault(event["id"], []).append(event["seq"])
        assert len(seqs) > 2
        assert all(each == list(range(len(each))) for each in seqs.values()), seqs

    def test_the_same_file_gives_the_same_lines(self, obeyed: InProcess, tmp_path: Path) -> None:
        here = obeyed("replay", LAWN, "--frames", tmp_path / "a")
        there = pimotion_("replay", LAWN, "--frames", tmp_path / "b", cwd=tmp_path)

        assert here.returncode == there.returncode == 0
        assert here.stdout == there.stdout
        assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()

    def test_every_frame_has_its_line_its_mask_and_its_picture(
        self, obeyed: InProcess, tmp_path: Path
    ) -> None:
        video = tmp_path / "drawn.mp4"
        where = ("--frames", tmp_path / "f", "--masks", tmp_path / "m", "--annotate", video)
        done = obeyed("replay", LAWN, *where)

        frames = lines((tmp_path / "f").read_text())
        assert done.returncode == 0
        assert [frame["frame"] for frame in frames] == list(range(1, 401))
        assert list(frames[0]) == [
            "frame", "time_s", "motion", "boxes", "changed_ratio", "score", "suppressed",
            "rejected",
        ]  # fmt: skip
        masks = sorted((tmp_path / "m").iterdir())
        assert [mask.name for mask in masks] == [f"{number:06d}.png" for number in range(1, 401)]
        moving = next(frame for frame in frames if frame["boxes"])
        mask = cv2.imread(str(masks[moving["frame"] - 1]), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert mask.shape == (240, 448)
        assert set(np.unique(mask)) == {0, 255}
        with av.open(str(video)) as container:
            drawn = [frame.time for frame in container.decode(video=0)]
        assert len(drawn) == 400
        assert drawn[-1] == pytest.approx(39.9, abs=0.01)

    def test_a_configured_cameras_rules_are_used(self, obeyed: InProcess, tmp_path: Path) -> None:
        (tmp_path / "x.yml").write_text(
            "cameras: {door: {source: auto, detect: {fps: 2,\n"
            "  masks: [[[0, 0], [1, 0], [1, 1], [0, 1]]]}}}\n"
        )
        options = ("--config", "x.yml", "--camera", "door", "--frames", "f")
        done = obeyed("replay", LAWN, *options)

        frames = lines((tmp_path / "f").read_text())
        assert (done.returncode, done.stdout) == (0, "")
        assert len(frames) == 400
        assert frames[250]["suppressed"] == "masked"
        assert re.search(r"^0 events in 80 frames; held back: .*masked \d+ frames", done.stderr)
        analysed = {frame["changed_ratio"] for frame in frames[200:300]}
        assert 10 < len(analysed) <= 20, "two frames a second, and the others repeat them"

    def test_a_folder_of_images_is_a_recording_too(self, obeyed: InProcess, tmp_path: Path) -> None:
        folder = tmp_path / "frames"
        folder.mkdir()
        for number in range(60):
            image = np.full((120, 160, 3), 90, np.uint8)
            if number >= 45:
                image[40:90, (number - 45) * 6 : (number - 45) * 6 + 25] = 220
            cv2.imwrite(str(folder / f"{number:03d}.png"), image)

        done = obeyed("replay", folder, "--fps", "10")

        assert done.returncode == 0, done.stderr
        assert lines(done.stdout)[0]["event_type"] == "start"

    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("gone.mp4", None, "gone.mp4"),
            ("text.mp4", b"no video at all\n" * 100, "text.mp4"),
            ("empty.mp4", b"", "empty.mp4"),
        ],
    )
    def test_what_is_no_recording_is_one_clear_line(
        self, obeyed: InProcess, tmp_path: Path, name: str, content: bytes | None, reason: str
    ) -> None:
        if content is not None:
            (tmp_path / name).write_bytes(content)

        done = obeyed("replay", name)

        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("pimotion: ")
        assert reason in done.stderr

    @pytest.mark.parametrize("name", ["tab\t.mp4", f"{'a' * 200}/{'b' * 200}.mp4"])
    def test_a_recording_is_played_whatever_it_is_called(
        self, obeyed: InProcess, tmp_path: Path, name: str
    ) -> None:
        recording = tmp_path / name
        recording.parent.mkdir(exist_ok=True)
        recording.symlink_to(LAWN)

        done = obeyed("replay", recording)

        assert done.returncode == 0, done.stderr
        assert lines(done.stdout)[0]["event_type"] == "start"

    def test_a_recording_that_breaks_off_gives_what_it_has(
        self, obeyed: InProcess, tmp_path: Path
    ) -> None:
        cut = tmp_path / "cut.ts"
        transport_stream(LAWN, cut)
        whole = cut.read_bytes()
        middle = len(whole) * 3 // 4
        cut.write_bytes(whole[:middle])

        done = obeyed("replay", cut)

        assert lines(done.stdout)[0]["event_type"] == "start"
        assert lines(done.stdout)[-1]["event_type"] == "stop"

    def test_a_rate_is_for_what_has_no_times(self, obeyed: InProcess, tmp_path: Path) -> None:
        done = obeyed("replay", LAWN, "--fps", "5", "--frames", "f")

        assert done.returncode == 0
        assert "--fps is ignored: the video has times of its own" in done.stderr
        assert lines((tmp_path / "f").read_text())[-1]["time_s"] == 39.9
        raw = record(tmp_path / "raw.h264", frames=30)
        done = obeyed("replay", raw)

        assert done.returncode == 0
        assert "25 frames a second are assumed; say its rate by --fps" in done.stderr
        done = obeyed("replay", raw, "--fps", "5", "--frames", "f")

        assert (done.returncode, "--fps" in done.stderr) == (0, False)
        assert lines((tmp_path / "f").read_text())[-1]["time_s"] == 5.8

    @pytest.mark.parametrize("fps", ["0", "-1", "nan", "1e9", "fast"])
    def test_a_rate_that_makes_no_sense_is_wrong_use(
        self, obeyed: InProcess, tmp_path: Path, fps: str
    ) -> None:
        done = obeyed("replay", tmp_path, f"--fps={fps}")

        assert done.returncode == 2
        assert "must be 0.1 to 1000 frames a second" in done.stderr

    @pytest.mark.parametrize(
        "name",
        ["a.txt", "a.webm", "a.gif", "a.mp3", "a.wav", "a.png", "a.jpg", "a.ogv", "a.m3u8", "a"],
    )
    def test_an_annotated_video_of_another_kind_is_refused_before_anything_is_written(
        self, obeyed: InProcess, tmp_path: Path, name: str
    ) -> None:
        """FFmpeg said that it cannot hold H.264 once the run had begun, as a traceback."""
        options = ("--frames", "f", "--masks", "m", "--annotate", name)
        done = obeyed("replay", LAWN, *options)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines() == [
            f"--annotate {name}: no kind of video that can be written has this ending; take .mp4",
            "1 problem; nothing was started.",
        ]
        assert list(tmp_path.iterdir()) == []

    def test_an_annotated_video_that_cannot_be_written_is_one_clear_line(
        self, tmp_path: Path
    ) -> None:
        name = "no/such/folder/drawn.mp4"
        done = pimotion_("replay", LAWN, "--annotate", name, cwd=tmp_path)

        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert name in done.stderr

    def test_an_output_that_cannot_be_written_is_one_clear_line(self, tmp_path: Path) -> None:
        done = pimotion_("replay", LAWN, "--frames", "no/such/folder", cwd=tmp_path)

        assert done.returncode == 1
        assert done.stderr.startswith("pimotion: ")
        assert "no/such/folder" in done.stderr

    @pytest.mark.parametrize(
        "options",
        [
            ["--annotate", "clip.mp4"],
            ["--frames", "./clip.mp4"],
            ["--masks", "clip.mp4"],
            ["--frames", "link.mp4"],
            ["--frames", "x.mp4", "--annotate", "x.mp4"],
        ],
    )
    def test_the_recording_itself_is_never_written_over(
        self, obeyed: InProcess, tmp_path: Path, options: list[str]
    ) -> None:
        clip = tmp_path / "clip.mp4"
        clip.write_bytes(LAWN.read_bytes())
        (tmp_path / "link.mp4").symlink_to(clip)

        done = obeyed("replay", "clip.mp4", *options)

        assert done.returncode == 2
        assert "name another" in done.stderr
        assert clip.read_bytes() == LAWN.read_bytes()
        assert len(list(tmp_path.iterdir())) == 2

    def test_what_was_written_before_stays_when_nothing_new_can_be(
        self, obeyed: InProcess, tmp_path: Path
    ) -> None:
        for name in ("notes.txt", "lines"):
            (tmp_path / name).write_text("dear diary")

        done = obeyed("replay", LAWN, "--annotate", "notes.txt")
        assert done.returncode == 2
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(b"no video")
        done = obeyed("replay", broken, "--frames", "lines")
        assert done.returncode == 1

        broken.unlink()
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
            "notes.txt": "dear diary",
            "lines": "dear diary",
        }

    def test_a_device_is_written_to_as_it_is(self, tmp_path: Path) -> None:
        done = pimotion_("replay", LAWN, "--frames", "/dev/stderr", cwd=tmp_path)

        assert done.returncode == 0
        assert sum(line.startswith('{"frame"') for line in done.stderr.splitlines()) == 400
        assert Path("/dev/stderr").exists()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_ends_it_without_a_word_and_leaves_nothing_half_written(
        self, tmp_path: Path, number: signal.Signals
    ) -> None:
        """Ctrl-C, `timeout`, and a terminal that is closed."""
        command = [
            "env",
            "--default-signal=HUP",
            sys.executable,
            "-m",
            "pimotion",
            "replay",
            str(LAWN),
            "--annotate",
            "seen.mp4",
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: any(tmp_path.iterdir()), "it has begun to write")
        process.send_signal(number)
        _, said = process.communicate(timeout=30)

        assert process.returncode == 128 + number
        assert "Traceback" not in said
        assert list(tmp_path.iterdir()) == []

    def test_nohup_lets_it_go_on(self, tmp_path: Path) -> None:
        command = ["nohup", sys.executable, "-m", "pimotion", "replay", str(LAWN), "--frames", "f"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            wait_until(lambda: any(tmp_path.iterdir()), "it has begun to write")
            process.send_signal(signal.SIGHUP)
            process.communicate(timeout=60)

        assert process.returncode == 0
        assert len(lines((tmp_path / "f").read_text())) == 400


def transport_stream(source: Path, target: Path) -> None:
    """Copy a video into a container that can be cut anywhere."""
    with av.open(str(source)) as given, av.open(str(target), "w", format="mpegts") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
