"""What a replay writes of regions that changed and did not count."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import av
import numpy as np
import pytest
from scenes import detection, frame

from pimotion.errors import PimotionError, SourceLost
from pimotion.picture import Picture
from pimotion.pixels import encode_bgr
from pimotion.replay_outputs import Annotated, FrameLines, Masks
from pimotion.types import Box, Rejected

FOUND = replace(
    detection(0, boxes=[Box(20, 60, 60, 90, track=7)], on=frame(0)),
    rejected=(Rejected(Box(200, 60, 80, 60), "light"), Rejected(Box(300, 20, 5, 5), "too_small")),
)


def test_a_frame_s_line_lists_them_with_their_rule(tmp_path: Path) -> None:
    with FrameLines(tmp_path / "lines") as lines:
        lines.frame(FOUND.frame, FOUND)
        lines.frame(FOUND.frame, None)

    first, second = map(json.loads, (tmp_path / "lines").read_text().splitlines())
    assert first["rejected"] == [
        {"x": 200, "y": 60, "width": 80, "height": 60, "rule": "light"},
        {"x": 300, "y": 20, "width": 5, "height": 5, "rule": "too_small"},
    ]
    assert second["rejected"] == []


def test_what_cannot_be_written_to_its_end_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("of before")
    lines = FrameLines(tmp_path / "lines")
    lines.frame(FOUND.frame, FOUND)
    full = OSError(errno.ENOSPC, "No space left on device")
    lines._file.write = Mock(side_effect=full)  # type: ignore[method-assign]
    with pytest.raises(PimotionError, match=r"lines cannot be written: No space left"):
        lines.frame(FOUND.frame, FOUND)

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("lines", "of before")
    ]


def test_a_video_that_ffmpeg_fails_to_write_is_one_line_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    pipe = tmp_path / "pipe.mp4"
    video = Annotated(pipe, "Door", {})
    failed = av.error.ArgumentError(errno.EINVAL, "Invalid argument")
    video._video.add = Mock(side_effect=failed)  # type: ignore[method-assign]
    with pytest.raises(PimotionError, match=r"pipe.mp4 cannot be written: Invalid argument"):
        video.frame(FOUND.frame, FOUND)

    assert list(tmp_path.iterdir()) == []


def test_of_a_recording_that_breaks_off_there_is_what_could_be_read(tmp_path: Path) -> None:
    lines = FrameLines(tmp_path / "lines")
    lines.frame(FOUND.frame, FOUND)
    lines.__exit__(SourceLost, SourceLost("cut off"), None)

    assert json.loads((tmp_path / "lines").read_text())["frame"] == 1


def test_an_annotated_video_of_a_jpeg_that_is_cut_off_has_as_many_pictures_as_lines(
    tmp_path: Path,
) -> None:
    """Its header can be read, so it is a frame like the others."""
    whole = encode_bgr(np.full((480, 640, 3), 200, np.uint8), 90)
    cut = replace(frame(0), picture=Picture.from_jpeg(whole[: len(whole) // 2]))
    good = replace(frame(1), picture=Picture.from_jpeg(whole))
    video = tmp_path / "drawn.mp4"
    with Annotated(video, "Door", {}) as output:
        for each in (cut, good, replace(cut, time_s=2.0)):
            output.frame(each, None)

    with av.open(str(video)) as container:
        drawn = [each.to_ndarray(format="gray")[240].mean() for each in container.decode(video=0)]
    assert drawn == pytest.approx([0, 200, 200], abs=20)


@pytest.mark.parametrize(
    ("size", "drawn"), [((1, 1), (2, 2)), ((33, 47), (34, 48)), ((32, 48), (32, 48))]
)
def test_the_annotated_video_of_pictures_of_any_size(
    size: tuple[int, int], drawn: tuple[int, int], tmp_path: Path
) -> None:
    """H.264 wants even sides; of one pixel nothing was left when it was cut to those."""
    video = tmp_path / "drawn.mp4"
    with Annotated(video, "Door", {}) as output:
        output.frame(frame(0, size=size), None)

    with av.open(str(video)) as container:
        shown = next(container.decode(video=0))
    assert (shown.width, shown.height) == drawn


def test_the_annotated_video_shows_them_and_the_tracks(tmp_path: Path) -> None:
    video = tmp_path / "drawn.mp4"
    with Annotated(video, "Door", {}) as output:
        output.frame(FOUND.frame, FOUND)

    with av.open(str(video)) as container:
        drawn = next(container.decode(video=0)).to_ndarray(format="bgr24").astype(int)
    blue_over_red = drawn[:, :, 0] - drawn[:, :, 2]
    assert np.median(blue_over_red[60, 205:275]) > 30, "a thin blue line around the region"
    assert np.median(blue_over_red[70:110, 210:270]) < 10, "and nothing in it"
    assert drawn[44:58, 200:260].max() > 200, "its rule, in words"
    assert drawn[44:58, 20:34].max() > 200, "the number of the track"


def test_masks_that_would_need_a_folder_in_the_place_of_a_file_say_so(tmp_path: Path) -> None:
    """It said "File exists", which sounds as if that were needed."""
    (tmp_path / "masks.png").touch()
    with pytest.raises(PimotionError, match="it is a file; name a folder"):
        Masks(tmp_path / "masks.png")
