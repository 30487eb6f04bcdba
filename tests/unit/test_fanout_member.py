"""What one viewer gets next: decided without a network, a thread or a clock."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence

import pytest

from pimotion.stream.audience import Audience
from pimotion.stream.kernel import Unsent
from pimotion.stream.load import Load
from pimotion.stream.member import Member
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant, Wish
from pimotion.stream.viewer import Parts, Viewing


class Told(Unsent):
    """Tells what the test says."""

    def __init__(self, lines: dict[int, Line]) -> None:
        self.lines = lines

    def of_all(self, fds: Sequence[int]) -> Sequence[int]:
        return [self.lines[fd].unsent for fd in fds]


class Line:
    """A socket that takes and drains what the test says; the other end for reading."""

    def __init__(self) -> None:
        self.ours = socket.create_server(("127.0.0.1", 0))
        self.theirs = socket.create_connection(self.ours.getsockname())
        listening, (self.ours, _) = self.ours, self.ours.accept()
        listening.close()
        self.takes: list[int] = []
        self.sent: list[tuple[bytes, int, int]] = []
        self.unsent = 0
        self.armed = False
        self.left: list[Viewing] = []

    def add(self, viewer: socket.socket) -> None:
        raise AssertionError

    def remove(self, viewer: socket.socket) -> None:
        raise AssertionError

    def wait(self, timeout_s: float | None) -> list[tuple[int, bool]]:
        raise AssertionError

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()

    def arm(self, viewer: socket.socket, *, to_write: bool) -> None:
        self.armed = to_write

    def member(self, *, fps: float | None = None, advance: bool = False) -> Member:
        wish = Wish(Variant(None, None, frozenset()), fps, advance)
        viewing = Viewing(Parts(), wish, self.left.append, "192.0.2.7")
        return Member(self.ours, viewing, self, Told({self.ours.fileno(): self}))

    def load(self, name: str, captured_s: float = 0.0) -> Load:
        return _Noted(self, name.encode() * 10, captured_s)

    @property
    def log(self) -> list[str]:
        """What was sent: the part's name, with where it began if that was not the start."""
        return [f"{data[:1].decode()}{start or ''}" for data, start, _ in self.sent]


class _Noted(Load):
    """Takes 10 bytes unless the line says otherwise."""

    def __init__(self, line: Line, data: bytes, captured_s: float, viewers: int = 1) -> None:
        super().__init__((data,), captured_s, viewers=viewers)
        self.line = line
        self.data = data

    def send(self, viewer: socket.socket, fd: int, offset: int) -> int:
        taken = self.line.takes.pop(0) if self.line.takes else self.length - offset
        if taken < 0:
            raise BlockingIOError
        self.line.sent.append((self.data, offset, taken))
        return taken


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


def test_a_free_viewer_gets_every_part_once(line: Line) -> None:
    member = line.member()
    for name in "abc":
        member.offer(line.load(name), 1.0)
    assert line.log == ["a", "b", "c"]
    assert member.sent == 3
    assert not line.armed


def test_a_part_that_was_begun_is_finished_then_the_newest_comes(line: Line) -> None:
    member = line.member()
    line.takes = [4, -1, 3]
    member.offer(line.load("a"), 1.0)
    assert line.armed
    member.offer(line.load("b"), 1.1)
    newest = line.load("c")
    member.offer(newest, 1.2)
    for now_s in (1.3, 1.4, 1.5):  # it takes nothing, then 3 bytes, then the last 3
        assert member.waits
        member.go_on(newest, now_s)
    assert line.log == ["a", "a4", "a7", "c"]
    assert member.viewing.skipped == 2
    assert member.sent == 2
    assert not line.armed


def test_while_the_last_part_has_not_left_the_next_is_skipped(line: Line) -> None:
    member = line.member()
    member.offer(line.load("a"), 1.0)
    line.unsent = 5000
    newest = line.load("b")
    member.offer(newest, 1.1)
    assert line.log == ["a"]
    assert (member.viewing.skipped, line.armed) == (1, True)
    member.go_on(newest, 1.2)  # woken too early
    assert line.log == ["a"]
    line.unsent = 0
    member.go_on(newest, 1.3)
    assert line.log == ["a", "b"]
    assert not line.armed


def test_a_viewer_who_asked_for_2_fps_gets_2_fps(line: Line) -> None:
    member = line.member(fps=2)
    for number in range(30):
        member.offer(line.load(chr(97 + number % 26), number / 10), number / 10)
    assert member.sent == 6
    assert member.viewing.skipped == 0


def test_what_was_not_due_is_not_owed_to_who_was_busy(line: Line) -> None:
    member = line.member(fps=1)
    line.takes = [4]
    member.offer(line.load("a", 0.0), 0.0)
    newest = line.load("b", 0.1)
    member.offer(newest, 0.1)
    member.go_on(newest, 0.2)
    assert line.log == ["a", "a4"]


@pytest.mark.parametrize("advance", [False, True])
def test_what_came_too_early_is_shown_when_nothing_follows(line: Line, advance: bool) -> None:
    """A wall of cameras that stand still must not stay one change behind for 8 s."""
    member = line.member(fps=10, advance=advance)
    member.offer(line.load("a", 1.0), 1.0)
    early = line.load("b", 1.03)
    member.offer(early, 1.03)
    assert [at_s >= member.repeat_at_s for at_s in (1.1, 1.3)] == [False, True]
    member.repeat(early, 1.3)
    assert line.log == ["a", "b"]
    assert member.sent == 2
    member.offer(line.load("c", 1.32), 1.32)
    assert line.log == ["a", "b"], "the rate is kept"


def test_what_came_too_early_is_not_shown_twice(line: Line) -> None:
    member = line.member(fps=10, advance=True)
    for name, captured_s in (("a", 1.0), ("b", 1.03), ("c", 1.1)):
        member.offer(line.load(name, captured_s), captured_s)
    assert line.log == ["a", "c"]
    assert member.repeat_at_s > 3.0


def test_a_picture_without_a_successor_is_repeated_soon_and_then_rarely(line: Line) -> None:
    """Blink paints it only then; Home Assistant's proxy gives up after 10 s of silence."""
    member, picture = line.member(), line.load("a")
    member.offer(picture, 1.0)
    assert [at_s >= member.repeat_at_s for at_s in (1.1, 1.2)] == [False, True]
    member.repeat(picture, 1.2)
    assert [at_s >= member.repeat_at_s for at_s in (5.0, 5.3)] == [False, True]
    member.repeat(picture, 5.3)
    assert line.log == ["a", "a", "a"]
    assert member.sent == 1, "repeats are no new pictures"


def test_what_follows_a_repeat_is_repeated_soon_too(line: Line) -> None:
    member, picture = line.member(), line.load("a")
    member.offer(picture, 1.0)
    member.repeat(picture, 1.2)
    member.offer(line.load("b"), 2.0)
    assert [at_s >= member.repeat_at_s for at_s in (2.1, 2.2)] == [False, True]


def test_the_repeat_is_the_same_picture_then_the_newest(line: Line) -> None:
    """So that a viewer who asked for few pictures gets no more."""
    member, newest = line.member(fps=1), line.load("b", 0.1)
    member.offer(line.load("a", 0.0), 0.0)
    member.offer(newest, 0.1)
    member.repeat(newest, 0.2)
    member.repeat(newest, 4.3)
    assert line.log == ["a", "a", "b"]


def test_with_advance_nothing_is_repeated_soon(line: Line) -> None:
    member = line.member(advance=True)
    member.offer(line.load("a"), 1.0)
    assert [at_s >= member.repeat_at_s for at_s in (1.5, 4.9, 5.1)] == [False, False, True]


def test_a_picture_that_is_still_on_its_way_is_not_repeated(line: Line) -> None:
    member, picture = line.member(), line.load("a")
    member.offer(picture, 1.0)
    line.unsent = 5000
    member.repeat(picture, 1.2)
    assert (line.log, member.waits) == (["a"], True)
    line.unsent = 0
    member.go_on(picture, 3.0)
    assert line.log == ["a"]
    # It took 2 s to him: so long his link is left to the next picture, if there is one.
    assert [at_s >= member.repeat_at_s for at_s in (4.9, 5.1)] == [False, True]


def test_a_picture_that_took_long_to_send_is_not_repeated_soon(line: Line) -> None:
    """The repeat took the link from the next picture, which came late."""
    member, picture = line.member(), line.load("a")
    line.takes = [4, 6]
    member.offer(picture, 1.0)
    member.go_on(picture, 1.4)
    assert [at_s >= member.repeat_at_s for at_s in (1.7, 1.81)] == [False, True]
    member.offer(line.load("b"), 1.6)
    assert member.repeat_at_s == pytest.approx(1.75)


@pytest.mark.parametrize(
    ("left_at", "stalled_at_s"),
    [
        pytest.param({0: 9000}, 10, id="takes nothing"),
        pytest.param({0: 9000, 4: 8999}, 14, id="took a byte once"),
        pytest.param({second: 9000 - second for second in range(30)}, None, id="a byte a second"),
        pytest.param({0: 9000, 4: 9000, 8: 9000}, 10, id="no progress"),
    ],
)
def test_who_takes_nothing_for_10_s_has_stalled(
    line: Line, left_at: dict[int, int], stalled_at_s: int | None
) -> None:
    member = line.member()
    member.offer(line.load("a"), 0.0)
    line.unsent = 9000
    member.offer(line.load("b"), 0.0)
    stalled = []
    for second in range(20):
        line.unsent = left_at.get(second, line.unsent)
        if member.has_stalled(float(second), 10.0):
            stalled.append(second)
    assert stalled[:1] == ([] if stalled_at_s is None else [stalled_at_s])


@pytest.mark.parametrize("leaves", [False, True])
def test_who_finishes_a_part_or_leaves_in_it_gives_its_file_back(line: Line, leaves: bool) -> None:
    member, picture = line.member(), _Noted(line, bytes(100_000), 1.0, viewers=50)
    line.takes = [4]
    member.offer(picture, 1.0)
    picture.close()
    assert picture.is_file, "he is in the middle of it"
    if leaves:
        member.close()
    else:
        member.go_on(line.load("b"), 1.1)
    assert not picture.is_file


def test_a_viewer_who_leaves_gives_his_place_back_once(line: Line) -> None:
    member = line.member()
    member.close()
    member.viewing.close()
    assert line.left == [member.viewing]
    assert line.ours.fileno() == -1


class Cut(Line):
    """Whoever asks something of this socket is told that it has gone."""

    def arm(self, viewer: socket.socket, *, to_write: bool) -> None:
        raise ConnectionResetError


@pytest.mark.parametrize("unsent", [pytest.param(0, id="sent to"), pytest.param(9, id="asked")])
def test_one_viewer_who_has_gone_does_not_keep_the_part_from_the_others(
    line: Line, unsent: int
) -> None:
    parts, other = Parts(), Cut()
    told = Told({each.ours.fileno(): each for each in (line, other)})
    audience = Audience(parts, False, told, lambda _: None)
    gone, there = other.member(), line.member()
    parts.put(Part(b"one", 1.0, None))
    audience.follow(1.0)
    for member in (gone, there):
        audience.admit(member, b"head\r\n", 1.0)
    other.close()
    other.unsent = unsent
    parts.put(Part(b"two", 1.1, None))
    assert audience.follow(1.1) == [gone]
    assert there.sent == 2


def test_nor_where_they_all_get_it_from_a_file() -> None:
    parts, lines = Parts(), [Line() for _ in range(20)]
    told = Told({each.ours.fileno(): each for each in lines})
    audience = Audience(parts, False, told, lambda _: None)
    members = [each.member() for each in lines]
    parts.put(Part(b"one", 1.0, None))
    audience.follow(1.0)
    for member in members:
        audience.admit(member, b"head\r\n", 1.0)
    for gone in (0, 7, 19):
        lines[gone].ours.shutdown(socket.SHUT_WR)
    parts.put(Part(bytes(100_000), 1.1, None))
    assert audience.follow(1.1) == [members[0], members[7], members[19]]
    assert audience.newest.is_file
    assert {each.sent for each in members} <= {1, 2}
    assert members[1].sent + members[1].waits == 2
    audience.close()
    for each in lines:
        each.close()


@pytest.mark.parametrize(
    ("fps", "unsent", "repeat_at_s"),
    [
        pytest.param(None, 0, 1.25, id="everyone has the newest"),
        pytest.param(5, 0, 1.15, id="it was too early for one"),
        pytest.param(None, 9, 1.15, id="one is busy"),
    ],
)
def test_a_new_picture_puts_the_repeat_off_only_if_everyone_got_it(
    line: Line, fps: float | None, unsent: int, repeat_at_s: float
) -> None:
    """Else who got none would wait on, and Blink not paint the one that he has."""
    parts = Parts()
    audience = Audience(parts, False, Told({line.ours.fileno(): line}), lambda _: None)
    parts.put(Part(b"one", 1.0, None))
    audience.follow(1.0)
    audience.admit(line.member(fps=fps), b"head\r\n", 1.0)
    audience.repeat_at_s = 1.15
    line.unsent = unsent
    parts.put(Part(b"two", 1.1, None))
    audience.follow(1.1)
    assert audience.repeat_at_s == pytest.approx(repeat_at_s)
