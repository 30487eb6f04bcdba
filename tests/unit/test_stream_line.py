"""Which pictures are encoded, and which of them a viewer gets, by their times alone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from unittest.mock import Mock

import pytest

from pimotion.config.camera import Stream
from pimotion.stream.kernel import Unsent
from pimotion.stream.line import Line
from pimotion.stream.load import Load
from pimotion.stream.member import Member
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant, Wish
from pimotion.stream.viewer import REPEAT_S, Viewing

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
        self.line = Line(self.camera, ANY, lambda: None)
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

    def show(self, scene: Drawn) -> None:
        """Put up a scene, and let everyone have it whose turn it is."""
        self.camera.now = scene
        self.line.follow(may_wait=True)
        taken = self.line.parts.wait(self._seen, 0)
        if taken is None:
            return
        self._seen, part = taken.number, taken.value
        self.encoded.append(part.monotonic_s)
        self._newest = Load((), part.monotonic_s, at_fps=part.at_fps)
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
    made: list[Drawn] = []
    camera = Camera()
    line = Line(camera, ANY, lambda: made.append(camera.now))
    line.add(Viewing(line.parts, Wish(ANY, 1), lambda _: None))
    line.follow(may_wait=True)
    for captured_s in (0.1, 0.1, 0.2, 0.2):
        camera.now = Drawn(T + captured_s)
        line.still()

    assert len(made) == 3


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
