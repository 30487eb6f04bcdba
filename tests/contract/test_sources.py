"""Every kind of source obeys the rules of `pimotion.capture.source`, against real cameras."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from cameras.http_camera import FRAMINGS, PASSWORD, USERNAME, HttpCamera
from cameras.pictures import FPS, HEIGHT, WIDTH, jpeg, number_of, record
from cameras.processes import imagezmq_sender, rtsp_camera
from free_ports import find_free_port

from pimotion.capture.address import Address, Login
from pimotion.capture.av_feed import AvFeed
from pimotion.capture.factory import source_for
from pimotion.capture.http_camera import HttpFeed
from pimotion.capture.receiver import NetworkSource
from pimotion.capture.source import Captured, Source
from pimotion.config.camera import Camera, Detect
from pimotion.errors import SourceLost

SHORT_S = 0.6
RTSP_S = 2.5  # an RTSP server takes a while to begin, longer when the machine is busy
"""Time-outs of the sources whose camera is to fail; pictures come every 0.04 s."""
SLACK_S = 2.5
"""What a busy machine may take on top."""

LOCAL = ("synthetic", "file", "file-mjpeg", "file-loop", "folder")
HTTP = ("http-mjpeg", "http-jpeg", "http-video", "http-substream")
RTSP = ("rtsp-h264", "rtsp-h265", "rtsp-mjpeg", "rtsp-udp")
IMAGEZMQ = ("imagezmq-jpg", "imagezmq-image", "imagezmq-grey")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbered pictures as files: long.mp4, long.avi, long.ts, short.mp4, folder/."""
    folder = tmp_path_factory.mktemp("recordings")
    record(folder / "long.mp4", frames=250)
    record(folder / "long.mkv", frames=125, codec="libx265")
    record(folder / "long.ts", frames=250)
    record(folder / "long.avi", frames=250, codec="mjpeg")
    record(folder / "short.mp4", frames=50)
    record(folder / "blink.mp4", frames=12)
    (folder / "folder").mkdir()
    for number in range(30):
        (folder / "folder" / f"{number}.jpg").write_bytes(jpeg(number))
    return folder


@pytest.fixture(scope="module")
def http_camera(recordings: Path) -> Iterator[HttpCamera]:
    with HttpCamera(video=recordings / "long.ts") as camera:
        yield camera


@pytest.fixture(scope="module")
def rtsp_url(recordings: Path) -> Iterator[str]:
    port = find_free_port()
    endings = {"rtsp-h264": "mp4", "rtsp-h265": "mkv", "rtsp-mjpeg": "avi", "rtsp-udp": "mp4"}
    files = {name: recordings / f"long.{ending}" for name, ending in endings.items()}
    with rtsp_camera(port, files):
        yield f"rtsp://127.0.0.1:{port}"


@pytest.fixture
def source(kind: str, request: pytest.FixtureRequest) -> Iterator[Source]:
    """A source of a kind whose camera is there and well."""
    with _camera(kind, request) as name:
        small = name.replace("plain", "jpeg") if kind == "http-substream" else None
        detect = Detect(source=small)
        made = source_for(Camera(source=name, width=WIDTH, height=HEIGHT, fps=FPS, detect=detect))
        yield made
        made.close()


@contextmanager
def _camera(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    family, _, what = kind.partition("-")
    if family == "synthetic":
        yield "synthetic"
    elif family in ("file", "folder"):
        names = {"": "long.mp4", "mjpeg": "long.avi", "loop": "blink.mp4?loop"}
        folder = request.getfixturevalue("recordings")
        yield f"file:{folder / ('folder' if family == 'folder' else names[what])}"
    elif family == "http":
        path = {"jpeg": "jpeg", "video": "video"}.get(what, "plain")
        yield request.getfixturevalue("http_camera").url(path)
    elif family == "rtsp":
        yield f"{request.getfixturevalue('rtsp_url')}/{kind}"
    else:
        address = f"tcp://127.0.0.1:{find_free_port()}"
        with imagezmq_sender(address, "porch", what):
            yield f"imagezmq:{address}#porch"


def _read(source: Source, count: int) -> list[Captured]:
    return [source.read() for _ in range(count)]


# What every source does.


@pytest.mark.parametrize("kind", [*LOCAL, *HTTP, *RTSP, *IMAGEZMQ])
def test_pictures_come_in_order_and_nobody_can_write_on_them(kind: str, source: Source) -> None:
    before_s = time.monotonic()
    source.open()
    captured = _read(source, 8)
    numbers = [number_of(each) for each in captured]
    times_s = [each.time_s for each in captured]
    monotonic_s = [each.monotonic_s for each in captured]
    assert numbers == sorted(set(numbers))
    assert times_s == sorted(set(times_s))
    assert monotonic_s == sorted(set(monotonic_s))
    assert 0 <= times_s[0] <= times_s[-1] <= time.monotonic() - before_s
    assert before_s <= monotonic_s[0]
    assert monotonic_s[-1] <= time.monotonic()
    picture = captured[0].picture
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert not picture.bgr().flags.writeable
    assert not picture.luma().flags.writeable


@pytest.mark.parametrize("kind", [*LOCAL, *HTTP, *RTSP, *IMAGEZMQ])
def test_a_source_can_be_closed_at_any_time_and_opened_again(kind: str, source: Source) -> None:
    source.close()
    with pytest.raises(SourceLost):
        source.read()
    source.open()
    first = source.read()
    source.close()
    source.close()
    with pytest.raises(SourceLost):
        source.read()
    source.open()
    again = source.read()
    assert again.monotonic_s > first.monotonic_s
    assert (again.picture.width, again.picture.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("kind", ["file-mjpeg", "folder", "http-mjpeg", "http-jpeg", "rtsp-mjpeg"])
def test_a_camera_s_jpegs_are_passed_on_as_they_are(kind: str, source: Source) -> None:
    """Decoding and encoding them again would cost most of a Pi's CPU, and quality."""
    source.open()
    assert source.read().picture.camera_jpeg is not None


@pytest.mark.parametrize("kind", ["rtsp-h264", "rtsp-h265", "http-video", "file"])
def test_decoded_video_stays_in_planes_with_the_right_brightness(kind: str, source: Source) -> None:
    """H.264 is video range: taken for full range, the picture would be grey and flat."""
    source.open()
    picture = source.read().picture
    assert picture.is_planar
    assert float(picture.luma()[100:, :40].mean()) == pytest.approx(86, abs=3)


# Nobody there, or not who was expected.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("http://u:sesame@127.0.0.1:1/", "connection refused", id="http"),
        pytest.param("rtsp://u:sesame@127.0.0.1:1/", "connection refused", id="rtsp"),
        pytest.param("http://u:sesame@nobody.invalid/", "no such host", id="no such host"),
        pytest.param("http://u:sesame@:80:80/", "URL is wrong", id="no URL"),
        pytest.param("file:/nowhere/at/all.mp4", "No such file", id="file"),
        pytest.param("file:/dev", "no images", id="folder without images"),
        pytest.param(f"file:{__file__}", "no video that can be read", id="not a video"),
        pytest.param("imagezmq:tcp://192.0.2.1:5555", "cannot listen", id="address of others"),
        pytest.param("v4l2:/dev/video99", "not there", id="no device"),
        pytest.param(f"v4l2:{__file__}", "is no camera$", id="a file as device"),
        pytest.param("v4l2:/dev/null", "is no camera$", id="not a camera"),
        pytest.param("picamera", "apt install python3-picamera2", id="no picamera2"),
    ],
)
def test_a_camera_that_is_not_there_is_a_reason_in_words(
    name: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    source = source_for(Camera(source=name))
    began_s = time.monotonic()
    with pytest.raises(SourceLost, match=words) as lost:
        source.open()
    source.close()
    assert time.monotonic() - began_s < SLACK_S
    assert "sesame" not in lost.value.reason
    assert "VIDEOIO" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("html", "web page"),
        ("404", "404"),
        ("500", "500 Internal"),
        ("503", "503 Service"),
        ("not-http", "not in HTTP"),
        ("circle", "redirects more than 3 times"),
        ("away", "redirects to http://localhost:1;"),
        ("basic", "login"),
        ("digest", "login"),
        ("mute", "does not answer"),
        ("end", "ended the stream"),
        ("stall", "no picture for 0.6 s"),
        ("half", "no picture for 0.6 s"),
        ("trickle", "no picture for 0.6 s"),
        ("garbage", "holds no JPEG"),
    ],
)
def test_what_a_web_camera_does_wrong_is_a_reason_in_words(
    path: str, words: str, http_camera: HttpCamera, capfd: pytest.CaptureFixture[str]
) -> None:
    """And it is noticed in time, however the camera fails, and without telling the password."""
    source = _short_http(http_camera.url(f"{path}?pwd=sesame", login="user:sesame@"))
    with _lost_within(SHORT_S, words) as lost:
        source.open()
        _read(source, 1000)
    source.close()
    assert "sesame" not in lost.value.reason + "".join(capfd.readouterr())


def test_a_camera_that_falls_silent_is_told_alike_whichever_clock_is_first(
    http_camera: HttpCamera,
) -> None:
    """The connection's own time-out and the reader's run out within milliseconds."""
    feed = HttpFeed(Address.parse(http_camera.url("stall")), poll_fps=FPS, timeout_s=SHORT_S)
    source = NetworkSource(lambda: feed, read_timeout_s=10 * SHORT_S)
    source.open()
    with _lost_within(SHORT_S, f"^no picture for {SHORT_S:g} s$"):
        _read(source, 1000)
    source.close()


def _short_http(url: str, login: Login | None = None) -> NetworkSource:
    return NetworkSource(
        lambda: HttpFeed(Address.parse(url, login), poll_fps=FPS, timeout_s=5),
        open_timeout_s=SHORT_S,
        read_timeout_s=SHORT_S,
    )


@contextmanager
def _lost_within(limit_s: float, words: str) -> Iterator[pytest.ExceptionInfo[SourceLost]]:
    """Expect that the source is lost within that time after its last picture."""
    began_s = time.monotonic()
    with pytest.raises(SourceLost, match=words) as lost:
        yield lost
    assert time.monotonic() - began_s < limit_s + SLACK_S


# HTTP


@pytest.mark.parametrize("framing", FRAMINGS)
def test_every_way_to_frame_a_stream_is_understood(framing: str, http_camera: HttpCamera) -> None:
    source = _short_http(http_camera.url(framing))
    source.open()
    numbers = [number_of(each) for each in _read(source, 4)]
    source.close()
    assert numbers == sorted(set(numbers))


def test_a_picture_that_was_cut_short_is_left_out(http_camera: HttpCamera) -> None:
    """Its lower half would be grey, and look like motion."""
    source = _short_http(http_camera.url("cut-short"))
    source.open()
    numbers = [number_of(each) for each in _read(source, 5)]
    source.close()
    assert all(number % 2 == 1 for number in numbers)


@pytest.mark.parametrize("path", ["basic", "digest", "jpeg-digest"])
def test_the_login_of_the_settings_opens_the_camera(path: str, http_camera: HttpCamera) -> None:
    source = _short_http(http_camera.url(path), Login(USERNAME, PASSWORD))
    source.open()
    _read(source, 4)
    source.close()


def test_a_redirect_on_the_same_host_is_followed(http_camera: HttpCamera) -> None:
    source = _short_http(http_camera.url("moved"))
    source.open()
    source.read()
    source.close()


def test_stills_are_asked_for_over_one_connection() -> None:
    """A new one for each picture would cost a cheap camera more than the picture."""
    with HttpCamera() as camera:
        source = _short_http(camera.url("jpeg"))
        source.open()
        _read(source, 5)
        source.close()
        assert camera.connections == 1


def test_a_slow_reader_gets_the_newest_picture() -> None:
    """A detector that is busy for a second must not lag a second behind from then on."""
    with HttpCamera() as camera:
        source = _short_http(camera.url("plain"))
        source.open()
        _wait_for(lambda: camera.sent >= 20)
        assert number_of(source.read()) >= 18
        source.close()


def test_a_web_camera_that_dies_is_lost_and_comes_back() -> None:
    with HttpCamera() as camera:
        source = _short_http(camera.url("plain"))
        source.open()
        source.read()
        port = camera.port
    with _lost_within(SHORT_S, "ended the stream|broke"):
        _read(source, 1000)
    source.close()
    with HttpCamera(port=port):
        source.open()
        source.read()
        source.close()


def _wait_for(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


# Recordings


def test_a_recording_that_is_over_has_ended(recordings: Path) -> None:
    source = source_for(Camera(source=f"file:{recordings / 'blink.mp4'}"))
    source.open()
    began_s = time.monotonic()
    assert [number_of(each) for each in _read(source, 12)] == list(range(12))
    assert time.monotonic() - began_s > 11 / FPS - 0.01, "it was rushed through"
    with pytest.raises(SourceLost, match="has ended") as lost:
        source.read()
    source.close()
    assert lost.value.ended


def test_a_damaged_recording_goes_on_in_its_loop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One broken picture in it, and the camera had ended for ever after the first round."""
    for number in range(3):
        whole = jpeg(number)
        (tmp_path / f"{number}.jpg").write_bytes(b"broken" if number == 1 else whole)
    source = source_for(Camera(source=f"file:{tmp_path}?loop", fps=FPS))
    source.open()
    taken = _read(source, 9)
    source.close()
    assert [number_of(each) for each in taken] == [0, 0, 2] * 3
    assert all(later.time_s > earlier.time_s for earlier, later in pairwise(taken))
    assert [each.getMessage() for each in caplog.records if "1.jpg is broken" in each.message]
    assert len(caplog.records) == 1


def test_a_looped_recording_goes_on_smoothly_over_the_seam(recordings: Path) -> None:
    source = source_for(Camera(source=f"file:{recordings / 'blink.mp4'}?loop"))
    source.open()
    captured = _read(source, 26)
    source.close()
    assert [number_of(each) for each in captured] == [*range(12), *range(12), 0, 1]
    times_s = [each.time_s for each in captured]
    steps_s = [after - before for before, after in pairwise(times_s)]
    assert steps_s == pytest.approx([1 / FPS] * 25)


# RTSP


def _short_rtsp(url: str) -> NetworkSource:
    # The time-out is longer: FFmpeg looks at the stream for about a second.
    return NetworkSource(
        lambda: AvFeed(Address.parse(url), timeout_s=RTSP_S), read_timeout_s=RTSP_S
    )


def test_an_rtsp_camera_that_ends_is_lost(recordings: Path) -> None:
    port = find_free_port()
    with rtsp_camera(port, {"cam": recordings / "short.mp4"}):
        source = _short_rtsp(f"rtsp://127.0.0.1:{port}/cam")
        source.open()
        with pytest.raises(SourceLost, match=r"ended the stream|no picture"):
            _read(source, 1000)
        source.close()


@pytest.mark.parametrize(
    ("blow", "words"),
    [
        pytest.param(signal.SIGKILL, "ended the stream|broke|no picture", id="killed"),
        pytest.param(signal.SIGSTOP, "no picture for 2.5 s", id="stalled"),
    ],
)
@pytest.mark.parametrize("name", ["cam", "udp"])
def test_an_rtsp_camera_that_fails_is_lost_in_time(
    blow: signal.Signals, words: str, name: str, recordings: Path
) -> None:
    """FFmpeg takes a killed server for an orderly end, and a stall for a reason to wait."""
    port = find_free_port()
    with rtsp_camera(port, {name: recordings / "long.mp4"}) as camera:
        source = _short_rtsp(f"rtsp://127.0.0.1:{port}/{name}")
        source.open()
        source.read()
        camera.send_signal(blow)
        with _lost_within(RTSP_S, words):
            _read(source, 1000)
        source.close()


def test_an_rtsp_camera_with_rare_key_pictures_is_live_at_once(tmp_path: Path) -> None:
    """With "smart" codecs ten seconds lie between them; nothing can be decoded before one."""
    port = find_free_port()
    with rtsp_camera(port, {"cam": record(tmp_path / "rare.mp4", frames=250, gop=250)}):
        source = source_for(Camera(source=f"rtsp://127.0.0.1:{port}/cam"))
        source.open()
        numbers = [number_of(each) for each in _read(source, 10)]
        source.close()
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("fps", [1, 5])
def test_an_rtsp_camera_of_few_pictures_a_second_is_opened_in_time(
    fps: int, tmp_path: Path
) -> None:
    """FFmpeg looks at a stream until it knows the rate; many small streams have such a one."""
    port = find_free_port()
    recording = record(tmp_path / "slow.mp4", frames=30 * fps, fps=fps, gop=10)
    with rtsp_camera(port, {"cam": recording}):
        source = source_for(Camera(source=f"rtsp://127.0.0.1:{port}/cam", fps=fps))
        source.open()
        numbers = [number_of(each) for each in _read(source, 2)]
        source.close()
    assert numbers == sorted(set(numbers))


def test_an_rtsp_camera_asks_for_a_login(
    recordings: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    port = find_free_port()
    with rtsp_camera(port, {"cam": recordings / "long.mp4"}, login="viewer:sesame"):
        for login, words in (("", "login"), ("viewer:wrong-sesame@", "login")):
            source = _short_rtsp(f"rtsp://{login}127.0.0.1:{port}/cam")
            with pytest.raises(SourceLost, match=words) as lost:
                source.open()
            source.close()
            assert "sesame" not in lost.value.reason
        source = _short_rtsp(f"rtsp://viewer:sesame@127.0.0.1:{port}/cam")
        source.open()
        source.read()
        source.close()
    assert "sesame" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("401 Unauthorized", r"refuses the login \(401\)"),
        ("403 Forbidden", r"refuses the login \(403\)"),
        ("503 Service Unavailable", "refuses to send its video"),
    ],
)
def test_an_rtsp_camera_s_refusal_is_told_as_it_was(status: str, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_refuse, args=(listening, status), daemon=True).start()
        source = _short_rtsp(f"rtsp://127.0.0.1:{listening.getsockname()[1]}/cam")
        with pytest.raises(SourceLost, match=words):
            source.open()
        source.close()


def _refuse(listening: socket.socket, status: str) -> None:
    with listening.accept()[0] as camera, camera.makefile("rb") as asked:
        for line in asked:
            if line.lower().startswith(b"cseq"):
                camera.sendall(b"RTSP/1.0 %s\r\n%s\r\n" % (status.encode(), line))


def test_an_rtsp_camera_without_that_path_says_so(rtsp_url: str) -> None:
    source = _short_rtsp(f"{rtsp_url}/other")
    with pytest.raises(SourceLost, match="404"):
        source.open()
    source.close()
