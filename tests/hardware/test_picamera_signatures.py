"""The fake of picamera2 that everyone tests with has the real one's names and signatures."""

from __future__ import annotations

import inspect

import pytest

pytest.importorskip("picamera2")

from cameras.pi_camera import Picamera2 as Fake
from cameras.pi_camera import Request as FakeRequest
from picamera2 import Picamera2
from picamera2.request import CompletedRequest

USED = [
    (Fake, Picamera2, "__init__"),
    (Fake, Picamera2, "global_camera_info"),
    (Fake, Picamera2, "create_video_configuration"),
    (Fake, Picamera2, "configure"),
    (Fake, Picamera2, "camera_configuration"),
    (Fake, Picamera2, "start"),
    (Fake, Picamera2, "capture_request"),
    (Fake, Picamera2, "cancel_all_and_flush"),
    (Fake, Picamera2, "stop"),
    (Fake, Picamera2, "close"),
    (FakeRequest, CompletedRequest, "make_buffer"),
    (FakeRequest, CompletedRequest, "get_metadata"),
    (FakeRequest, CompletedRequest, "release"),
]


@pytest.mark.parametrize(("fake", "real", "name"), USED, ids=[name for _, _, name in USED])
def test_what_the_fake_takes_the_real_one_takes(fake: type, real: type, name: str) -> None:
    """Else a test would go on passing with a picamera2 that pimotion can no longer use."""
    ours, theirs = (inspect.signature(getattr(each, name)).parameters for each in (fake, real))
    assert list(ours) == list(theirs)[: len(ours)]
    for parameter in list(theirs.values())[len(ours) :]:
        assert parameter.default is not parameter.empty, f"{name} needs {parameter.name} now"


def test_the_controls_are_a_property_of_the_real_one() -> None:
    assert isinstance(Picamera2.camera_controls, property)
