"""A read that waits for its camera ends when it is told to: a stop waits for nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import pytest
from cameras.pictures import SCENE
from free_ports import find_free_port
from waiting import wait_until

from pimotion.capture.auto import AutoSource
from pimotion.capture.factory import source_for
from pimotion.capture.file import FileSource
from pimotion.capture.receiver import NetworkSource
from pimotion.capture.source import Source
from pimotion.capture.substream import SubstreamSource
from pimotion.capture.synthetic import SyntheticSource
from pimotion.config.camera import Camera
from pimotion.errors import SourceLost
from pimotion.picture import Picture

SOON_S = 0.5
"""A tenth of a second, and what a busy machine makes of it; left to itself a read waits 5 s."""


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Somebody takes connections there and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def _idle(query: str = "") -> Source:
    """Nobody sends there."""
    return source_for(Camera(source=f"imagezmq:tcp://127.0.0.1:{find_free_port()}{query}"))


def _slow() -> Source:
    """A second picture comes after 5 s."""
    return SyntheticSource(160, 120, 0.2)


def _recording(folder: Path) -> Source:
    for number in (1, 2):
        cv2.imwrite(str(folder / f"{number}.jpg"), SCENE.image(number))
    return FileSource(str(folder), fps=0.2, loop=False)


@pytest.mark.parametrize("pause_s", [0, 0.2], ids=["at once", "in its wait"])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda _: _idle("#porch"), id="listens"),
        pytest.param(lambda _: _idle("?subscribe"), id="subscribes"),
        pytest.param(_recording, id="recording"),
        pytest.param(lambda _: _slow(), id="synthetic"),
        pytest.param(lambda _: AutoSource(lambda: "slow", lambda _: _slow()), id="auto"),
        pytest.param(lambda _: SubstreamSource(_slow, _idle()), id="small stream"),
        pytest.param(lambda _: SubstreamSource(_idle, _slow()), id="large stream"),
    ],
)
def test_a_read_that_waits_ends_soon(
    make: Callable[[Path], Source], pause_s: float, tmp_path: Path
) -> None:
    source = make(tmp_path)
    source.open()
    began_s = _interrupted_in(source, pause_s, lambda: (source.read(), source.read()))
    assert time.monotonic() - began_s < SOON_S
    began_s = time.monotonic()
    source.close()
    assert time.monotonic() - began_s < SOON_S


def test_an_open_that_waits_for_a_camera_s_first_word_ends_soon(silent_port: int) -> None:
    source = source_for(Camera(source=f"http://127.0.0.1:{silent_port}/video"))
    began_s = _interrupted_in(source, 0.2, source.open)
    assert time.monotonic() - began_s < SOON_S
    source.close()


class _JustThen:
    """A camera that answers in the moment in which its reader is told to stop, then no more."""

    complaint = ""

    def __init__(self) -> None:
        self.source: NetworkSource | None = None
        self.waits = threading.Event()
        self._over = threading.Event()

    def connect(self) -> None:
        assert self.waits.wait(5)
        assert self.source is not None
        self.source.interrupt()

    def pictures(self) -> Iterator[Picture]:
        self._over.wait(10)
        return iter(())

    def interrupt(self) -> None:
        self._over.set()

    def close(self) -> None:
        self._over.set()


def test_a_camera_that_answers_just_then_does_not_make_the_reader_wait_for_it() -> None:
    feed = _JustThen()
    feed.source = source = NetworkSource(lambda: feed)

    def patiently() -> None:
        with suppress(SourceLost):
            source.open()
            source.read()

    waiting = threading.Thread(target=patiently)
    waiting.start()
    wait_until(lambda: source._receiver is not None)
    feed.waits.set()
    waiting.join(SOON_S)
    assert not waiting.is_alive()
    source.close()


def _interrupted_in(source: Source, pause_s: float, wait: Callable[[], object]) -> float:
    """Interrupt a source that is waited for in another thread; return when that was."""

    def patiently() -> None:
        with suppress(SourceLost):
            wait()

    waiting = threading.Thread(target=patiently)
    waiting.start()
    waiting.join(pause_s)
    began_s = time.monotonic()
    source.interrupt()
    waiting.join(10)
    return began_s
