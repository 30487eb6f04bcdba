"""What is left of a configuration when the next one has taken its place."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

import pytest

from pimotion import run as running
from pimotion.config.settings import Settings
from pimotion.exit_codes import PASSED
from pimotion.run import Signals

SETTINGS = Settings.model_validate({"cameras": {"door": {"source": "synthetic"}}})


class Cycle:
    """A daemon as far as `run` uses it; like the real one it is known to its own parts."""

    state = None
    dead = None
    wants_restart = False
    made: list[weakref.ref[Cycle]] = []  # noqa: RUF012  reset by the test
    left: list[int] = []  # noqa: RUF012  reset by the test

    def __init__(self, _settings: Settings, _state: None) -> None:
        self.left.append(sum(each() is not None for each in self.made))
        self.made.append(weakref.ref(self))
        self.part: Callable[[], None] = self.tend
        self.changed = threading.Event()

    def start(self) -> None: ...

    def tend(self) -> None: ...

    def stop(self) -> None: ...


class Asked(Signals):
    """Asks for three reloads, then for the end."""

    def __init__(self) -> None:
        self.stop, self.reload, self._times = False, False, 0

    def wait(self, other: threading.Event, timeout_s: float) -> None:
        self._times += 1
        self.reload = self._times <= 3
        self.stop = not self.reload


def test_nothing_of_the_old_configuration_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reload kept the backgrounds and pictures of all cameras: 10 MB for nine of them."""
    monkeypatch.setattr(running, "Daemon", Cycle)
    monkeypatch.setattr(running, "bound_heaps", lambda: None)
    monkeypatch.setattr(Cycle, "made", [])
    monkeypatch.setattr(Cycle, "left", [])
    assert running.run(SETTINGS, Asked(), reread=lambda: SETTINGS) == PASSED
    assert Cycle.left == [0, 0, 0, 0]
