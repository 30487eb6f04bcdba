"""Each form of `source:` makes its kind of source."""

from __future__ import annotations

from pathlib import Path

import pytest

from pimotion.capture import devices, factory
from pimotion.capture.devices import captures_video, video_cameras
from pimotion.capture.factory import DEMO, source_for
from pimotion.capture.file import FileSource
from pimotion.capture.imagezmq import ImageZmqSource
from pimotion.capture.picamera import PicameraSource
from pimotion.capture.receiver import NetworkSource
from pimotion.capture.synthetic import SyntheticSource
from pimotion.capture.v4l2 import V4l2Source
from pimotion.config.camera import Camera
from pimotion.errors import SourceLost


@pytest.mark.parametrize(
    ("name", "kind", "live"),
    [
        ("synthetic", SyntheticSource, False),
        ("file:/a/b.mp4", FileSource, False),
        ("file:/a/b.mp4?loop", FileSource, False),
        ("http://cam/", NetworkSource, True),
        ("https://cam/", NetworkSource, True),
        ("rtsp://cam/", NetworkSource, True),
        ("rtsps://cam/", NetworkSource, True),
        ("imagezmq:tcp://127.0.0.1:5555", ImageZmqSource, True),
        ("imagezmq:tcp://127.0.0.1:5555#porch", ImageZmqSource, True),
        ("imagezmq:tcp://porch-pi:5555?subscribe", ImageZmqSource, True),
        ("imagezmq:tcp://porch-pi:5555?subscribe#porch", ImageZmqSource, True),
        ("v4l2:/dev/video0", V4l2Source, True),
        ("picamera", PicameraSource, True),
        ("picamera:1", PicameraSource, True),
    ],
)
def test_a_name_makes_its_kind_of_source(name: str, kind: type, *, live: bool) -> None:
    source = source_for(Camera(source=name))
    assert isinstance(source, kind)
    assert source.is_live is live


def test_auto_takes_the_camera_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "video_cameras", lambda: [Path("/dev/v4l/by-id/usb-cam")])
    assert factory.found_camera() == "v4l2:/dev/v4l/by-id/usb-cam"
    with pytest.raises(SourceLost, match="/dev/v4l/by-id/usb-cam is not there"):
        source_for(Camera(source="auto")).open()


def test_auto_without_a_camera_is_a_lost_camera_and_no_film(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The demo recording in its place would be motion in Home Assistant that nobody made."""
    monkeypatch.setattr(factory, "video_cameras", list)
    source = source_for(Camera(source="auto"))
    with pytest.raises(SourceLost, match="this machine has no camera"):
        source.open()
    with pytest.raises(SourceLost, match="not open"):
        source.read()


def test_auto_takes_a_camera_that_is_plugged_in_later(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras: list[str] = []
    monkeypatch.setattr(factory, "found_camera", lambda: next(iter(cameras), None))
    source = source_for(Camera(source="auto", width=64, height=48))
    with pytest.raises(SourceLost):
        source.open()
    cameras.append("synthetic")
    source.open()
    assert source.read().picture.width == 64
    cameras[:] = [DEMO]
    source.open()
    assert source.read().picture.width == 448
    source.close()
    with pytest.raises(SourceLost, match="not open"):
        source.read()


def test_only_devices_that_give_video_are_cameras(tmp_path: Path) -> None:
    (tmp_path / "usb-cam-video-index0").symlink_to("/dev/null")
    (tmp_path / "usb-gone-video-index0").symlink_to(tmp_path / "nothing")
    assert video_cameras([tmp_path, tmp_path / "none"], tmp_path / "none") == []


def test_a_device_without_a_stable_name_is_found_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, which is given /dev/video1 and no links; where links are, they count."""
    dev, by_id = tmp_path / "dev", tmp_path / "by-id"
    dev.mkdir()
    by_id.mkdir()
    (dev / "video0").touch()
    (dev / "video1").touch()
    (by_id / "usb-cam-video-index0").symlink_to(dev / "video0")
    monkeypatch.setattr(devices, "captures_video", lambda path: True)
    assert video_cameras([by_id], dev) == [by_id / "usb-cam-video-index0", dev / "video1"]
    assert not captures_video(Path(__file__))
