"""Which pictures are encoded, and which of them a viewer gets, by their times alone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast
from unittest.mock import Mock

import pytest

from pimotion.config.camera import Stream
from pimotion.latest import Latest, Taken
from pimotion.stream.kernel import Unsent
from pimotion.stream.line import Line
from pimotion.stream.load import Load
from pimotion.stream.member import Member
from pimotion.stream.multipart import Part
from pimotion.stream.painter import Painter
from pimotion.stream.query import Variant, Wish
from pimotion.stream.viewer import REPEAT_S, Parts, Viewing

ANY = Variant(None, None, frozenset())
T = 1e8
"""Later than any machine has been up: for a picture whose turn is past, a clock is looked at."""


@dataclass(frozen=True)
class Drawn:
    """A picture of a time, or a card."""

    captured_s: float | None
    cards: Hashable = None

    @property
    def key(self) -> Hashable:
        return self.captured_s, self.cards

    def ready(self, _variant: Variant) -> Part | None:
        return None

    def paint(self, _variant: Variant) -> Part:
        return Part(b"", self.captured_s or 0.0, None)


class Camera:
    """Shows what the test puts there."""

    id = "door"
    settings = Stream()

    def __init__(self) -> None:
        self.now = Drawn(0.0)

    def listen(self, hear: Callable[[], None]) -> None:
        """Do without."""

    def unlisten(self, hear: Callable[[], None]) -> None:
        """Do without."""

    def pause_s(self) -> float:
        return 1.0

    def fits_in(self, _width: int) -> bool:
        return False

    def scene(self) -> Drawn:
        return self.now

    def apology(self, reason: str) -> Drawn:
        return Drawn(None, reason)


class Watched:
    """A line with viewers who are always free, and the times of the pictures that each got."""

    def __init__(self) -> None:
        self.camera = Camera()
        self.line = Line(self.camera, ANY, Painter(self.camera))
        self.encoded: list[float] = []
        self.got: list[list[float]] = []
        self._members: list[Member] = []
        self._newest = Load((), 0.0)
        self._seen = 0

    def join(self, fps: float) -> None:
        """One more viewer; he gets the newest picture at once if there is one."""
        viewing = Viewing(self.line.parts, Wish(ANY, fps), lambda _: None)
        self._members.append(Member(Mock(), viewing, Mock(), Unsent()))
        self.got.append([])
        self.line.add(viewing)
        if self._seen:
            self._give(self._members[-1], self.got[-1])

    def show(self, scene: Drawn, lag_s: float = 0.0) -> None:
        """Put up a scene, and let everyone have it whose turn it is."""
        self.camera.now = scene
        self.line.follow(may_wait=True)
        taken = self.line.parts.wait(self._seen, 0)
        if taken is None:
            return
        self._seen, part = taken.number, taken.value
        self.encoded.append(part.monotonic_s)
        self._newest = Load((), part.monotonic_s, at_fps=part.at_fps, lag_s=lag_s)
        for member, got in zip(self._members, self.got, strict=True):
            self._give(member, got)

    def ask_for_still(self, scene: Drawn) -> float:
        """Somebody asks for a still of a scene; return when that was captured."""
        self.camera.now = scene
        return self.line.still().monotonic_s

    def _give(self, member: Member, got: list[float]) -> None:
        if member.is_due(self._newest):
            got.append(self._newest.captured_s)


def watched_by(*rates: float) -> Watched:
    watched = Watched()
    for fps in rates:
        watched.join(fps)
    return watched


def frames(fps: float, seconds: float, begin_s: float = T) -> Iterator[Drawn]:
    """Pictures of a camera that gives them evenly."""
    return (Drawn(begin_s + n / fps) for n in range(round(seconds * fps)))


def gaps(times_s: list[float]) -> list[float]:
    return [round(b - a, 3) for a, b in itertools.pairwise(times_s)]


@pytest.mark.parametrize(
    ("camera_fps", "fps"), [(30, 24), (30, 25), (30, 20), (15, 10), (15, 12), (30, 5), (15, 15)]
)
@pytest.mark.parametrize("missed", [0, 1, 2, 3])
def test_a_viewer_gets_the_rate_that_he_asks_for(camera_fps: int, fps: int, missed: int) -> None:
    """Thinned twice, by the line and for him, 24 of 30 were 18."""
    watched = Watched()
    for number, scene in enumerate(frames(camera_fps, 20)):
        if number == missed:  # he came after the camera's first pictures
            watched.join(fps)
        watched.show(scene)

    (got,) = watched.got
    assert len(got) == pytest.approx(20 * fps, abs=fps)
    assert max(gaps(got[2:])) <= 1 / fps + 1 / camera_fps
    assert watched.encoded[missed:] == got[-len(watched.encoded[missed:]) :]


def test_beside_one_who_asks_for_more_the_others_get_their_rate_too() -> None:
    watched = watched_by(24, 10, 5)
    for scene in frames(30, 20):
        watched.show(scene)

    assert [len(got) / 20 for got in watched.got] == pytest.approx([24, 10, 5], rel=0.06)
    assert len(watched.encoded) / 20 == pytest.approx(24, rel=0.02)


def set_clock(monkeypatch: pytest.MonkeyPatch, now_s: float) -> None:
    for module in ("line", "viewer"):
        clock = SimpleNamespace(monotonic=lambda: now_s)
        monkeypatch.setattr(f"pimotion.stream.{module}.time", clock)


class Arriving:
    """Parts in the place of `Parts`: each comes some time after it was captured."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, camera_fps: float, lag_s: float) -> None:
        self._monkeypatch = monkeypatch
        self._camera_fps = camera_fps
        self._lag_s = lag_s
        self.now_s = 0.0
        self.sleep_until(T + lag_s)  # with the first one there, as a viewer always has it

    def sleep_until(self, now_s: float) -> None:
        self.now_s = now_s
        set_clock(self._monkeypatch, now_s)

    def wait(self, seen: int, timeout_s: float) -> Taken[Part] | None:
        captured_s = T + seen / self._camera_fps
        arrives_s = captured_s + self._lag_s
        if arrives_s > self.now_s + timeout_s:
            self.sleep_until(self.now_s + timeout_s + 1e-6)
            return None
        self.sleep_until(max(self.now_s, arrives_s))
        return Taken(Part(b"", captured_s, None), seen + 1, 0)


@pytest.mark.parametrize("lag_s", [0.0, 0.2, 0.4, 1.5])
def test_a_stream_of_bytes_keeps_the_rate_of_pictures_that_come_late(
    monkeypatch: pytest.MonkeyPatch, lag_s: float
) -> None:
    parts = Arriving(monkeypatch, 15, lag_s)
    viewing = Viewing(cast("Parts", parts), Wish(ANY, 10), lambda _: None)
    while parts.now_s < T + lag_s + 20:
        next(viewing)

    assert viewing.sent / 20 == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("lag_s", [0.0, 0.2, 0.4, 1.5])
def test_a_late_picture_is_not_owed_before_the_next_has_had_its_time(lag_s: float) -> None:
    viewing = Viewing(Latest(), Wish(ANY, 10), lambda _: None)
    member = Member(Mock(), viewing, Mock(), Unsent())
    for n in range(300):
        now_s = T + n / 15 + lag_s
        load = Load((), T + n / 15, lag_s=lag_s)
        assert member.repeat_at_s > now_s or n == 0
        if member.is_due(load):
            member.took(load, 0, now_s)
        assert member.repeat_at_s > now_s + 1 / 15

    assert member.sent / 20 == pytest.approx(10, rel=0.06)


@pytest.mark.parametrize("lag_s", [0.0, 0.2, 0.4, 1.5])
def test_a_camera_whose_pictures_come_late_keeps_the_rate(
    monkeypatch: pytest.MonkeyPatch, lag_s: float
) -> None:
    """At night a frame of a Pi's camera is 0.3 s old when it comes: `fps=10` of 15 were 4."""
    watched = watched_by(10, 5)
    for scene in frames(15, 20):
        now_s = (scene.captured_s or 0.0) + lag_s
        set_clock(monkeypatch, now_s)
        watched.show(scene, lag_s)

    assert [len(got) / 20 for got in watched.got] == pytest.approx([10, 5], rel=0.06)
    assert all(max(gaps(got[2:])) <= 1 / 5 + 1 / 15 for got in watched.got)


def test_a_late_picture_before_a_standstill_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = watched_by(1)
    for n in range(100):
        now_s = T + 0.4 + n / 30
        set_clock(monkeypatch, now_s)
        watched.show(Drawn(T + min(n, 5) / 30), now_s - T - min(n, 5) / 30)

    assert watched.got == [[T, T + 5 / 30]]


def test_stills_do_not_make_a_stream_faster_than_its_viewer_asked_for() -> None:
    """Beside a program that took ten stills a second, `fps=1` were ten."""
    watched = watched_by(1)
    for number, scene in enumerate(frames(30, 20)):
        if number % 3 == 0:
            assert watched.ask_for_still(scene) == scene.captured_s
        watched.show(scene)

    (got,) = watched.got
    assert len(got) == pytest.approx(20, abs=1)
    assert min(gaps(got)) >= 0.9


def test_a_still_is_encoded_once_for_all_who_ask_beside_a_stream() -> None:
    camera = Camera()
    painter = Painter(camera)
    line = Line(camera, ANY, painter)
    line.add(Viewing(line.parts, Wish(ANY, 1), lambda _: None))
    line.follow(may_wait=True)
    for captured_s in (0.1, 0.1, 0.2, 0.2):
        camera.now = Drawn(T + captured_s)
        line.still()

    assert painter.count == 3


def test_a_card_waits_for_nobody_s_turn_and_nor_does_the_picture_after_it() -> None:
    """With privacy switched on, an old picture must not be seen for 5 s more."""
    watched = watched_by(0.2, 10)
    watched.show(Drawn(T))
    watched.show(Drawn(T + 0.1))
    watched.show(Drawn(None, "privacy"))
    watched.show(Drawn(None, "privacy, since 5 s"))
    watched.show(Drawn(T + 0.4))
    watched.show(Drawn(T + 0.5))

    assert watched.got == [[T, 0.0, 0.0, T + 0.4], [T, T + 0.1, 0.0, 0.0, T + 0.4, T + 0.5]]


def test_a_stream_of_bytes_does_not_hold_a_card_back_either() -> None:
    watched = watched_by()
    viewing = Viewing(watched.line.parts, Wish(ANY, 0.2), lambda _: None)
    watched.line.add(viewing)
    watched.show(Drawn(T))
    assert next(viewing).count(b"image/jpeg") == 1
    watched.show(Drawn(None, "privacy"))
    began_s = time.monotonic()
    next(viewing)
    assert viewing.sent == 2, "the picture before was sent again"
    assert time.monotonic() - began_s < REPEAT_S


def test_one_camera_s_card_in_a_wall_waits_for_nobody_s_turn() -> None:
    watched = watched_by(0.2)
    watched.show(Drawn(T, (None, None)))
    watched.show(Drawn(T + 0.1, (None, None)))
    watched.show(Drawn(T + 0.2, (None, "privacy")))
    watched.show(Drawn(T + 0.3, (None, "privacy")))

    assert watched.got == [[T, T + 0.2]]
