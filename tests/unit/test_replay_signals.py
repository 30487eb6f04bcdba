"""What a signal leaves of a replay that it breaks off."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pimotion import replay_outputs
from pimotion.capture.factory import DEMO
from pimotion.config.camera import Camera
from pimotion.replay import ReplayOptions, replay

LAWN = Path(DEMO.removeprefix("file:").removesuffix("?loop"))


@pytest.fixture
def another_thread() -> Iterator[None]:
    """One that could take a signal in the place of the main thread, as those of OpenBLAS do."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.usefixtures("another_thread")
def test_one_that_comes_while_a_file_is_opened_waits_until_it_can_be_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    class Video(replay_outputs._Video):
        def __init__(self, path: Path) -> None:
            if path.parent == tmp_path:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)  # it is answered in here, if at once
            super().__init__(path)
            opened.append(path)

    monkeypatch.setattr(replay_outputs, "_Video", Video)
    options = ReplayOptions(
        LAWN, fps=None, frames=None, masks=None, annotate=tmp_path / "seen.mp4", every_frame=False
    )

    with pytest.raises(KeyboardInterrupt):
        replay(options, node="n", camera_id="lawn", camera=Camera(source=f"file:{LAWN}"))

    assert opened[-1].parent == tmp_path
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
