"""Recordings: every picture once, with a time that rises; broken ones end in words."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import av
import cv2
import pytest
from cameras.pictures import FPS, HEIGHT, SCENE, WIDTH, jpeg, record

from pimotion.capture import frame_number
from pimotion.capture.factory import source_for
from pimotion.capture.recording import RecordedPicture, Recording, open_recording
from pimotion.config.camera import Camera
from pimotion.errors import SourceLost
from pimotion.picture import Picture


class Reel:
    """A recording with given time stamps."""

    has_times = True
    interval_s = 0.1
    created_utc_s: float | None = None
    length_s: float | None = None

    def __init__(self, stamps_s: Sequence[float | None]) -> None:
        self._stamps_s = stamps_s

    def pictures(self) -> Iterator[tuple[Picture | None, float | None]]:
        for stamp_s in self._stamps_s:
            yield Picture.from_jpeg(jpeg(0)), stamp_s

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("stamps_s", "times_s"),
    [
        pytest.param([5.0, 5.1, 5.3], [0, 0.1, 0.3], id="begins anywhere"),
        pytest.param([None, None, None], [0, 0.1, 0.2], id="none at all"),
        pytest.param([0.0, 0.2, 0.1, 0.5], [0, 0.2, 0.3, 0.5], id="one goes back"),
        pytest.param([1.0, 1.0, 1.0], [0, 0.1, 0.2], id="stands still"),
        pytest.param([9.0, 0.0, 0.1], [0, 0.1, 0.2], id="starts anew"),
        pytest.param([0.0, None, 0.2, 3600.0], [0, 0.1, 0.2, 3600.0], id="a gap is kept"),
    ],
)
def test_time_always_rises(stamps_s: list[float | None], times_s: list[float]) -> None:
    reel = Reel(stamps_s)
    with Recording(reel) as recording:
        assert [each.time_s for each in recording] == pytest.approx(times_s)


def test_no_two_pictures_are_taken_within_a_thousandth_of_a_second() -> None:
    """A video whose B-frames have no stamps told one time twice, 1e-17 s apart."""
    with Recording(Reel([0.0, 0.1, None, 0.2 + 1e-9, None, 0.3])) as recording:
        times_s = [each.time_s for each in recording]
    assert all(one + 0.001 <= other for one, other in pairwise(times_s))


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "mjpeg")])
def test_every_picture_of_a_video_is_given_once(name: str, codec: str, tmp_path: Path) -> None:
    path = record(tmp_path / name, frames=30, codec=codec)
    with open_recording(path, None) as recording:
        pictures = list(recording)
        assert recording.length_s == pytest.approx(30 / FPS, abs=0.05)
        assert recording.interval_s == pytest.approx(1 / FPS)
    assert [_number(each.picture) for each in pictures] == list(range(30))
    assert [each.time_s for each in pictures] == pytest.approx([n / FPS for n in range(30)])
    assert all((each.picture.camera_jpeg is not None) == (codec == "mjpeg") for each in pictures)


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for number in range(12):
        suffix = ("jpg", "png", "bmp")[number % 3]
        cv2.imwrite(str(tmp_path / f"img{number}.{suffix}"), SCENE.image(number))
    (tmp_path / "notes.txt").write_text("not a picture")
    with open_recording(tmp_path, 4) as recording:
        pictures = list(recording)
        assert recording.length_s == 3
    assert [_number(each.picture) for each in pictures] == list(range(12))
    assert [each.time_s for each in pictures] == pytest.approx([n / 4 for n in range(12)])
    assert pictures[0].picture.camera_jpeg is not None


def test_what_lies_beside_the_numbered_images_is_none_of_them(tmp_path: Path) -> None:
    """A cover was frame 1; what macOS and file managers hide there was broken, exit code 1."""
    for number in (1, 2, 3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), SCENE.image(number))
    cv2.imwrite(str(tmp_path / "cover.jpg"), SCENE.image(9))
    for name in (".hidden.png", "._2.png"):
        (tmp_path / name).write_bytes(b"Mac OS X")
    with open_recording(tmp_path, 5) as recording:
        assert [_number(each.picture) for each in recording] == [1, 2, 3]


def test_images_without_numbers_are_read_by_their_names(tmp_path: Path) -> None:
    for number, name in enumerate(("dawn", "dusk", "noon")):
        cv2.imwrite(str(tmp_path / f"{name}.png"), SCENE.image(number))
    with open_recording(tmp_path, 5) as recording:
        assert [_number(each.picture) for each in recording] == [0, 1, 2]


def test_an_image_that_says_it_is_absurdly_large_is_a_broken_one(tmp_path: Path) -> None:
    """OpenCV's own error went through, and ended the whole program."""
    cv2.imwrite(str(tmp_path / "1.png"), SCENE.image(1))
    huge = struct.pack(
        "<2sIHHIIiiHHIIiiII", b"BM", 154, 0, 0, 54, 40, 60000, 60000, 1, 24, *[0] * 6
    )
    (tmp_path / "2.bmp").write_bytes(huge + bytes(100))
    with (
        pytest.raises(SourceLost, match=r"2\.bmp is broken: no image") as lost,
        open_recording(tmp_path, 1) as recording,
    ):
        assert [_number(each.picture) for each in recording] == [1, 1]
    assert lost.value.ended


@pytest.mark.parametrize("name", ["10:15:30.mp4", "door-10:15.mp4", "http:video.mp4"])
def test_a_name_with_a_time_in_it_is_the_name_of_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFmpeg took what stands before the colon for a protocol, which it did not know."""
    record(tmp_path / "plain.mp4", frames=3).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with open_recording(Path(name), None) as recording:
        assert len(list(recording)) == 3


def test_a_folder_needs_a_rate(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.jpg"), SCENE.image(0))
    with pytest.raises(SourceLost, match="--fps"):
        open_recording(tmp_path, None)


@pytest.mark.parametrize(
    ("name", "codec", "has_times"),
    [
        ("a.h264", "libx264", False),
        ("a.mjpeg", "mjpeg", False),
        ("a.mp4", "libx264", True),
        ("a.avi", "mjpeg", True),
    ],
)
def test_the_rate_of_a_stream_without_times_is_as_it_is_told(
    name: str, codec: str, has_times: bool, tmp_path: Path
) -> None:
    """It was taken to be 25 frames a second, whatever was asked for."""
    path = record(tmp_path / name, frames=10, codec=codec)
    with open_recording(path, 10) as recording:
        times_s = [each.time_s for each in recording]
        assert recording.has_times is has_times
    fps = FPS if has_times else 10
    assert times_s == pytest.approx([n / fps for n in range(10)], abs=1e-3)


def test_a_cut_off_video_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    path = record(tmp_path / "whole.mp4", frames=60)
    # The index at the front, as cameras write it, so that half a file can be read at all.
    with (
        av.open(str(path)) as old,
        av.open(str(tmp_path / "cut.mp4"), "w", options={"movflags": "faststart"}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    whole = (tmp_path / "cut.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    pictures: list[RecordedPicture] = []
    with (
        pytest.raises(SourceLost, match="damaged: 1 of its pictures are broken") as lost,
        open_recording(tmp_path / "cut.mp4", None) as recording,
    ):
        pictures.extend(recording)
    assert 12 < len(pictures) < 48
    assert lost.value.ended, "it would be opened again and again"


def test_broken_images_are_named_at_the_end_and_cost_no_other(tmp_path: Path) -> None:
    """Numbers go on: whoever marked what is in which image finds it in that line."""
    for number in (2, 3, 6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), SCENE.image(number))
    for number in (1, 4, 5):
        (tmp_path / f"{number}.png").write_bytes(b"")
    pictures: list[RecordedPicture] = []
    with (
        pytest.raises(SourceLost, match=r"1\.png is broken: no image, and 2 more") as lost,
        open_recording(tmp_path, 1) as recording,
    ):
        pictures.extend(recording)
    numbers = [_number(each.picture) for each in pictures]
    assert numbers == [2, 2, 3, 3, 3, 6], "of those at the beginning the first good one"
    assert [each.time_s for each in pictures] == [0, 1, 2, 3, 4, 5]
    assert lost.value.ended


@pytest.mark.parametrize(
    ("codec", "b_frames", "good"),
    [
        pytest.param("mjpeg", 0, {*range(2, 20), *range(22, 39)}, id="JPEGs"),
        # Until the next key picture nothing can be made of what is whole.
        pytest.param("libx264", 0, {*range(5, 20), *range(25, 39)}, id="H.264"),
        pytest.param("libx264", 2, {*range(5, 18), *range(25, 39)}, id="with B-frames"),
    ],
)
def test_broken_pictures_of_a_video_cost_no_other_its_number_or_its_time(
    codec: str, b_frames: int, good: set[int], tmp_path: Path
) -> None:
    """What came after broken ones was counted as if they had not been there."""
    path = record(tmp_path / "a.mkv", frames=40, codec=codec, gop=5, b_frames=b_frames)
    pictures: list[RecordedPicture] = []
    with (
        pytest.raises(SourceLost, match="of its pictures are broken") as lost,
        open_recording(_damaged(path, {0, 1, 20, 21, 39}), None) as recording,
    ):
        pictures.extend(recording)
    times_s = [each.time_s for each in pictures]
    assert times_s == pytest.approx([n / FPS for n in range(40)], abs=1e-3)
    for number in good:
        assert _number(pictures[number].picture) == number
    counted = [int(word) for word in lost.value.reason.split() if word.isdecimal()]
    assert sum(counted) == 40, "those that are broken, and those that could be read"


def _damaged(path: Path, broken: set[int]) -> Path:
    """Write a video again with nothing but zeros in some packets, counted in their order."""
    damaged = path.with_stem("damaged")
    with av.open(str(path)) as old, av.open(str(damaged), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        packets = [packet for packet in old.demux(video=0) if packet.size]
        for number, packet in enumerate(packets):
            given = av.Packet(bytes(16)) if number in broken else packet
            given.pts, given.dts, given.time_base = packet.pts, packet.dts, packet.time_base
            given.is_keyframe, given.stream = packet.is_keyframe, stream
            new.mux(given)
    return damaged


def test_a_sound_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(
        b"RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"
        b"data\0\x08\0\0" + bytes(2048)
    )
    with pytest.raises(SourceLost, match="no video in it"):
        open_recording(path, None)


@pytest.mark.parametrize(
    ("text", "utc_s"),
    [
        ("2026-11-22T10:15:30.000000Z", 1795342530.0),
        ("1904-01-01T00:00:00.000000Z", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_when_a_video_was_made_is_known_if_it_says_so(
    text: str | None, utc_s: float | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        if text is not None:
            container.metadata["creation_time"] = text
        stream = container.add_stream("mjpeg", rate=5)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(SCENE.image(0), format="bgr24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_recording(path, None) as recording:
        assert recording.created_utc_s == utc_s


def _number(picture: Picture) -> int | None:
    return frame_number.read(picture.luma())


def test_a_recording_in_the_home_of_a_user_who_has_none(no_home: None) -> None:
    """It ended everything; the other cameras must go on."""
    source = source_for(Camera(source="file:~/lawn.mp4"))
    with pytest.raises(SourceLost) as lost:
        source.open()
    assert lost.value.reason == "~/lawn.mp4 begins with ~, and this user has no home"


def test_a_recording_in_one_s_home_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / "lawn.mp4", frames=3)
    monkeypatch.setenv("HOME", str(tmp_path))
    source = source_for(Camera(source="file:~/lawn.mp4"))
    source.open()
    source.close()


@pytest.mark.parametrize("source", ["file:{}", "file:{}?loop"])
def test_a_pipe_is_no_recording_and_is_not_waited_for(tmp_path: Path, source: str) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    playing = source_for(Camera(source=source.format(pipe)))
    with pytest.raises(SourceLost) as lost:
        playing.open()
    assert lost.value.reason == f"{pipe} is neither a video file nor a folder of images"


def test_a_pipe_among_the_images_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")
    with (
        open_recording(tmp_path, 5) as recording,
        pytest.raises(SourceLost, match=r"1\.png is not an image file"),
    ):
        list(recording)
