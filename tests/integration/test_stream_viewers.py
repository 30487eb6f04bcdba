"""Real viewers on a real port, shown numbered pictures."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.error import HTTPError
from urllib.request import urlopen

import barcode
import cv2
import numpy as np
import pytest
from live_feed import Feed, numbered_jpeg, serving
from mjpeg_reader import MjpegReader
from waiting import wait_until

from pimotion.config.settings import Http
from pimotion.picture import Picture
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant, Wish
from pimotion.stream.scene import CameraScene
from pimotion.stream.server import StreamServer
from pimotion.stream.viewer import Viewing

FPS = 30


def watch(url: str, pictures: int) -> list[int]:
    """The numbers of the pictures that a viewer sees."""
    with MjpegReader(url) as viewer:
        numbers = [barcode.read_jpeg(viewer.part().jpeg) for _ in range(pictures)]
    assert None not in numbers
    return [number for number in numbers if number is not None]


def stuck_viewer(server: StreamServer) -> MjpegReader:
    """A viewer whose machine takes in little unless the test reads it."""
    return MjpegReader(f"{server.url}/stream.mjpg?overlay=none", receive_bytes=4096)


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def encodes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Variant, object]]:
    """Each encode that is made: its variant and the key of what it shows."""
    made: list[tuple[Variant, object]] = []

    paint = CameraScene.paint

    def counted(scene: CameraScene, variant: Variant) -> Part:
        made.append((variant, scene.key))
        return paint(scene, variant)

    monkeypatch.setattr(CameraScene, "paint", counted)
    return made


def test_four_viewers_at_once_see_the_right_pictures_in_order(feed: Feed) -> None:
    feed.show()
    feed.run(FPS)
    with serving(feed) as server, ThreadPoolExecutor(4) as pool:
        paths = ["door/stream.mjpg", "stream.mjpg", "video_feed", "door/stream.mjpg?width=320"]
        watching = [pool.submit(watch, f"{server.url}/{path}", 30) for path in paths]
        for viewer in watching:
            numbers = viewer.result(20)
            assert numbers == sorted(numbers)
            assert len(set(numbers)) >= 25  # a repeat now and then is allowed, but not as a rule
            assert numbers[-1] <= feed.number


def test_the_first_picture_comes_at_once_and_is_the_newest(feed: Feed) -> None:
    for _ in range(3):
        feed.show()
    with serving(feed) as server:
        began_s = time.monotonic()
        assert watch(f"{server.url}/stream.mjpg", 1) == [3]
        assert time.monotonic() - began_s < 1


def test_who_comes_right_after_the_last_one_left_misses_nothing(feed: Feed) -> None:
    """The encoder's thread outlives its last viewer for a moment, and must see the new one."""
    feed.show()
    with serving(feed) as server:
        assert watch(f"{server.url}/stream.mjpg", 1) == [1]
        wait_until(lambda: server.viewers("door") == 0)
        with MjpegReader(f"{server.url}/stream.mjpg") as viewer:
            assert barcode.read_jpeg(viewer.part().jpeg) == 1
            feed.show()
            wait_until(lambda: barcode.read_jpeg(viewer.part().jpeg) == 2)


def test_a_viewer_who_never_reads_slows_nobody() -> None:
    feed = Feed(heavy=True)
    feed.show()
    feed.run(FPS)
    with serving(feed) as server:
        url = f"{server.url}/stream.mjpg?overlay=none"
        with stuck_viewer(server):
            before = feed.number
            numbers = watch(url, 60)
            assert len(set(numbers)) >= 55
            assert feed.number - before < 2 * 60


def test_a_viewer_who_was_stuck_goes_on_with_the_newest_picture() -> None:
    """Not with the minutes that it has missed."""
    feed = Feed(heavy=True)
    feed.show()
    feed.run(FPS)
    with serving(feed) as server, stuck_viewer(server) as viewer:
        viewer.part()
        stuck_at = feed.number
        wait_until(lambda: feed.number > stuck_at + 60)
        resumed_at = feed.number
        read = 0
        while (barcode.read_jpeg(viewer.part().jpeg) or 0) < resumed_at:
            read += 1
        assert read < 10, "the pictures it missed were queued for it"


def test_each_frame_is_encoded_once_whatever_the_number_of_viewers(
    feed: Feed, encodes: list[tuple[Variant, object]]
) -> None:
    feed.show()
    feed.run(FPS)
    with serving(feed) as server, ThreadPoolExecutor(6) as pool:
        url = f"{server.url}/door/stream.mjpg"
        same = [pool.submit(watch, url, 30) for _ in range(5)]
        other = pool.submit(watch, f"{url}?quality=20", 30)
        seen = {number for viewer in same for number in viewer.result(20)}
        other.result(20)
        wait_until(lambda: server.viewers("door") == 0)
    assert len(encodes) == len(set(encodes)), "a frame was encoded twice in one variant"
    variants = {variant for variant, _ in encodes}
    assert len(variants) == 2
    # The last picture may have been made when its viewers had just gone.
    usual = [variant for variant, _ in encodes if variant.quality is None]
    assert len(seen) <= len(usual) <= feed.number


def test_without_viewers_nothing_is_encoded_and_no_thread_runs(
    encodes: list[tuple[Variant, object]],
) -> None:
    feed = Feed("attic")
    feed.show()
    feed.run(FPS)
    with serving(feed) as server:
        wait_until(lambda: feed.number > 10)
        assert encodes == []
        assert not encoding()
        with MjpegReader(f"{server.url}/stream.mjpg") as viewer:
            viewer.part()
            assert server.viewers("attic") == 1
            assert encoding()
        wait_until(lambda: server.viewers("attic") == 0 and not encoding())
        count, number = len(encodes), feed.number
        wait_until(lambda: feed.number > number + 10)
        assert len(encodes) == count
        again = watch(f"{server.url}/stream.mjpg", 10)
        assert len(set(again)) > 5, "the thread did not start again"


def encoding() -> bool:
    return any(thread.name == "encode-attic" for thread in threading.enumerate())


def test_a_viewer_may_ask_for_fewer_pictures(
    feed: Feed, encodes: list[tuple[Variant, object]]
) -> None:
    feed.show()
    feed.run(FPS)
    with serving(feed) as server:
        url = f"{server.url}/stream.mjpg"
        assert 0.17 < period_s(f"{url}?fps=5") < 0.4  # however busy this machine is
        assert len(encodes) < feed.number / 2, "frames were encoded that nobody asked for"
        with ThreadPoolExecutor(2) as pool:  # beside one who sees all
            slow, fast = pool.submit(period_s, f"{url}?fps=5"), pool.submit(period_s, url)
            assert fast.result(20) < 2 / FPS  # however busy this machine is
            assert 0.17 < slow.result(20) < 0.4


def period_s(url: str) -> float:
    """The mean time between the captures of the pictures that a viewer sees."""
    with MjpegReader(url) as viewer:
        first_s = last_s = float(viewer.part().headers["X-Timestamp"])
        count = 0
        while last_s - first_s < 1.5:
            came_s = float(viewer.part().headers["X-Timestamp"])
            count += came_s > last_s
            last_s = max(came_s, last_s)
    return (last_s - first_s) / count


def test_more_than_the_camera_s_width_is_the_camera_s_width(
    feed: Feed, encodes: list[tuple[Variant, object]]
) -> None:
    """Four who ask for widths that there are not left no variant for the page."""
    feed.show()
    with serving(feed) as server, ExitStack() as stack:
        for query in ("?width=640", "?width=641", "?width=1280", "?width=4096", ""):
            viewer = stack.enter_context(MjpegReader(f"{server.url}/stream.mjpg{query}"))
            assert barcode.read_jpeg(viewer.part().jpeg) == 1
    assert {variant.width for variant, _ in encodes} == {None}


def test_more_than_the_card_s_width_is_the_card_s_width(feed: Feed) -> None:
    """Four who asked for more than a dead camera's card has left no variant for the page."""
    with serving(feed) as server, ExitStack() as stack:
        for query in ("?width=1280", "?width=1281", "?width=1920", "?width=4096", ""):
            viewer = stack.enter_context(MjpegReader(f"{server.url}/stream.mjpg{query}"))
            assert Picture.from_jpeg(viewer.part().jpeg).width == 1280


def test_a_width_is_kept_while_nobody_knows_the_camera_s(feed: Feed) -> None:
    with serving(feed) as server, MjpegReader(f"{server.url}/stream.mjpg?width=500") as viewer:
        viewer.part()
        feed.show()
        wait_until(lambda: barcode.read_jpeg(viewer.part().jpeg) == 1)
        assert Picture.from_jpeg(viewer.part().jpeg).width == 500


def test_who_asked_for_a_width_gets_it_when_the_camera_grows(
    feed: Feed, encodes: list[tuple[Variant, object]]
) -> None:
    """A phone that had asked for 640 px got 1280 as soon as its camera had been set to that."""
    feed.show()
    with serving(feed) as server, ExitStack() as stack:
        viewers = {
            width: stack.enter_context(MjpegReader(f"{server.url}/stream.mjpg{query}"))
            for width, query in ((640, "?width=640"), (1000, "?width=1000"), (1280, ""))
        }
        for viewer in viewers.values():
            assert Picture.from_jpeg(viewer.part().jpeg).width == 640
        feed.show(Picture.from_jpeg(numbered_jpeg(2, (1280, 720))))
        for width, viewer in viewers.items():
            wait_until(lambda v=viewer, w=width: Picture.from_jpeg(v.part().jpeg).width == w)  # type: ignore[misc]
        feed.show()
        wait_until(lambda: Picture.from_jpeg(viewers[1000].part().jpeg).width == 640)
    assert len(encodes) == len(set(encodes)), "a frame was encoded twice in one variant"


def test_a_camera_that_grows_is_not_encoded_in_more_variants_than_four(feed: Feed) -> None:
    """What was one variant becomes many; who is over the limit is cut, and told when he returns."""
    feed.show()
    with serving(feed) as server, ExitStack() as stack:
        stack.enter_context(MjpegReader(f"{server.url}/stream.mjpg"))
        for width in range(640, 646):
            stack.enter_context(MjpegReader(f"{server.url}/stream.mjpg?width={width}"))
        assert server.viewers("door") == 7
        feed.show(Picture.from_jpeg(numbered_jpeg(2, (1280, 720))))
        wait_until(lambda: server.viewers("door") == 4)
        with MjpegReader(f"{server.url}/stream.mjpg?width=645") as fifth:
            assert fifth.status == 503
        with MjpegReader(f"{server.url}/stream.mjpg?width=1280") as same:
            assert same.status == 200


def test_a_picture_without_a_successor_is_repeated_within_5_s(feed: Feed) -> None:
    """Home Assistant's proxy gives up after 10 s of silence, and Blink paints a part only when the
    next one begins."""
    feed.show()
    with serving(feed) as server, MjpegReader(f"{server.url}/stream.mjpg") as viewer:
        came_s = []
        for _ in range(3):
            assert barcode.read_jpeg(viewer.part().jpeg) == 1
            came_s.append(time.monotonic())
    assert came_s[1] - came_s[0] < 1
    assert came_s[2] - came_s[1] < 5


def test_a_stream_outlives_its_source(feed: Feed) -> None:
    feed.show()
    with serving(feed) as server, MjpegReader(f"{server.url}/stream.mjpg?overlay=none") as viewer:
        assert barcode.read_jpeg(viewer.part().jpeg) == 1
        feed.lose("no route to host")
        wait_until(lambda: barcode.read_jpeg(viewer.part().jpeg) is None)
        feed.show()
        wait_until(lambda: barcode.read_jpeg(viewer.part().jpeg) == 2)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_ffmpeg_reads_the_stream(feed: Feed) -> None:
    feed.show()
    feed.run(FPS)
    with serving(feed) as server:
        url = f"{server.url}/door/stream.mjpg?width=320"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "mpjpeg", "-i", url]
        command += ["-frames:v", "5", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
        raw = subprocess.run(command, check=True, capture_output=True, timeout=20).stdout
        pictures = np.frombuffer(raw, np.uint8).reshape(5, 180, 320)
        numbers = [barcode.read(picture) or 0 for picture in pictures]
        assert numbers == sorted(numbers)
        assert 1 <= numbers[0] <= numbers[-1] <= feed.number


def test_opencv_reads_the_stream(feed: Feed) -> None:
    feed.show()
    feed.run(FPS)
    with serving(feed) as server:
        url = f"{server.url}/door/stream.mjpg?width=320"
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
        ok, image = capture.read()
        capture.release()
        assert ok
        assert barcode.read(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).view(np.uint8))


def test_with_a_login_the_stream_opens(feed: Feed) -> None:
    feed.show()
    http = Http.model_validate(
        {"port": 0, "users": [{"name": "bodo", "password": "battery staple"}],
         "tokens": [{"name": "tv", "token": "0123456789abcdef"}]}
    )  # fmt: skip
    with serving(feed, http=http) as server:
        url = f"{server.url}/door/stream.mjpg"
        with MjpegReader(url) as stranger:
            assert stranger.status == 401
        with MjpegReader(url, login="bodo:battery staple") as viewer:
            assert barcode.read_jpeg(viewer.part().jpeg) == 1
        assert watch(f"{url}?token=0123456789abcdef", 1) == [1]


def test_more_than_max_viewers_are_told_to_come_back(feed: Feed) -> None:
    feed.show()
    with serving(feed, http=Http(port=0, max_viewers=2)) as server:
        url = f"{server.url}/stream.mjpg"
        with MjpegReader(url) as one, MjpegReader(url) as two:
            one.part()
            two.part()
            with MjpegReader(url) as three:
                assert three.status == 503
                assert three.headers["Retry-After"] == "5"
                assert three.rest() == b"all 2 places are taken; try again later\n"
            with urlopen(f"{server.url}/snapshot.jpg", timeout=5) as still:
                assert still.status == 200
        wait_until(lambda: server.viewers("door") == 0)
        assert watch(url, 1) == [1]


def test_the_page_counts_its_viewers(feed: Feed) -> None:
    feed.show()
    with serving(feed) as server, MjpegReader(f"{server.url}/stream.mjpg") as viewer:
        viewer.part()
        with urlopen(f"{server.url}/api/state", timeout=5) as answer:
            assert json.load(answer)["cameras"][0]["viewers"] == 1


def test_viewers_who_leave_at_once_leave_nothing_behind(feed: Feed) -> None:
    feed.show()
    feed.run(FPS)
    with serving(feed) as server:
        for _ in range(50):
            MjpegReader(f"{server.url}/stream.mjpg").close()
        wait_until(lambda: server.viewers("door") == 0)
        wait_until(lambda: not any(t.name == "encode-door" for t in threading.enumerate()))


def test_what_viewers_get_and_miss_is_counted() -> None:
    feed = Feed(heavy=True)
    feed.show()
    feed.run(FPS)
    with serving(feed) as server:
        encoder = server._encoders["door"]
        stuck = stuck_viewer(server)
        with MjpegReader(f"{server.url}/stream.mjpg?width=320&fps=10") as viewer:
            for _ in range(30):
                viewer.part()
            wait_until(lambda: encoder.viewings()[1].sent > 20)
            slow, fast = encoder.viewings()
            assert (slow.wish.variant.overlays, fast.variant.width) == (frozenset(), 320)
            assert (slow.address, fast.address) == ("127.0.0.1", "127.0.0.1")
            assert slow.skipped > 20
            assert fast.fps is not None
            assert fast.fps < 12
            assert encoder.counts.encodes >= slow.sent + fast.sent
        stuck.close()
        wait_until(lambda: encoder.viewings() == ())
        assert encoder.counts.skipped >= slow.skipped, "what one missed is forgotten when he goes"
        assert encoder.counts.stalled == 0


def test_under_another_server_the_stream_is_an_iterator(feed: Feed) -> None:
    """Each step the newest picture; what came in between is counted as skipped."""
    feed.show()
    with serving(feed) as server:
        viewing = server._encoders["door"].watch(Wish(Variant(320, None, frozenset()), None))
        first = next(viewing)
        assert first.startswith(viewing.opening + b"Content-Type: image/jpeg\r\n")
        for number in range(2, 6):
            feed.show()
            wait_until(lambda shown=number: newest(viewing) == shown)  # type: ignore[misc]
        assert number_in(next(viewing)) == 5
        assert (viewing.sent, viewing.skipped) == (2, 3)
        assert number_in(next(viewing)) == 5, "a picture without a successor is repeated"
        assert viewing.sent == 2
        viewing.end()
        assert list(viewing) == []
        assert server.viewers("door") == 0


def newest(viewing: Viewing) -> int | None:
    part = viewing.parts.peek()
    return None if part is None else barcode.read_jpeg(part.jpeg)


def number_in(framed: bytes) -> int | None:
    return barcode.read_jpeg(framed[framed.index(b"\xff\xd8") :])


def test_healthz_follows_the_camera(feed: Feed) -> None:
    with serving(feed) as server:
        with pytest.raises(HTTPError) as starting:
            urlopen(f"{server.url}/healthz", timeout=5)
        assert starting.value.code == 503
        starting.value.close()
        feed.show()
        with urlopen(f"{server.url}/healthz", timeout=5) as well:
            assert json.load(well)["status"] == "ok"
