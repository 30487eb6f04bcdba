"""Newest value wins, and the reader learns what it missed."""

from __future__ import annotations

import threading
import time

import pytest

from pimotion.latest import Latest


def test_a_slow_reader_gets_the_newest_and_learns_what_it_missed() -> None:
    slot: Latest[str] = Latest()
    for value in "abc":
        slot.put(value)

    taken = slot.wait(0, 0.0)

    assert taken is not None
    assert (taken.value, taken.number, taken.missed) == ("c", 3, 2)


def test_nothing_new_is_none_after_the_deadline() -> None:
    slot: Latest[str] = Latest()
    slot.put("a")

    assert slot.wait(1, 0.01) is None
    assert slot.peek() == "a"


def test_a_waiting_reader_is_woken_by_a_value() -> None:
    slot: Latest[int] = Latest()
    got: list[int] = []

    def read() -> None:
        taken = slot.wait(0, 10.0)
        got.append(taken.value if taken else -1)

    reader = threading.Thread(target=read)
    reader.start()
    slot.put(7)
    reader.join(5.0)

    assert got == [7]


def test_what_is_there_already_is_not_waited_for() -> None:
    slot: Latest[int] = Latest()
    slot.put(7)
    began_s = time.monotonic()

    assert slot.wait(0, 10.0) is not None
    assert time.monotonic() - began_s < 5


def test_wake_lets_a_reader_go_without_a_value() -> None:
    slot: Latest[int] = Latest()
    started = threading.Event()
    got: list[object] = []

    def read() -> None:
        started.set()
        got.append(slot.wait(0, 10.0))

    reader = threading.Thread(target=read)
    reader.start()
    started.wait(5.0)
    for _ in range(500):  # it may not wait yet at the first
        slot.wake()
        reader.join(0.01)
        if not reader.is_alive():
            break

    assert got == [None], "or it waited for its 10 s"


def test_readers_who_waited_in_vain_leave_nothing_behind() -> None:
    """Each camera's thread does four times a second while its camera is silent for a night."""
    slot: Latest[int] = Latest()
    for _ in range(20):
        assert slot.wait(0, 0.0001) is None
    assert slot._waiting == []


def test_who_listens_is_called_for_each_value_before_a_reader_is_woken() -> None:
    """So that what takes a moment is done while the value is fresh, in the thread that has it."""
    slot: Latest[str] = Latest()
    heard: list[str | None] = []

    def hear() -> None:
        heard.append(slot.peek())

    slot.listen(hear)
    slot.put("a")
    slot.put("b")
    slot.unlisten(hear)
    slot.put("c")

    assert heard == ["a", "b"]


def test_who_was_woken_is_not_woken_again() -> None:
    slot: Latest[int] = Latest()
    reader = threading.Thread(target=lambda: slot.wait(0, 10.0))
    reader.start()
    for value in range(5):
        slot.put(value)
        reader.join(0.05)
    assert not reader.is_alive()
    assert not slot._waiting


def test_a_listener_that_fails_keeps_nobody_asleep() -> None:
    slot: Latest[int] = Latest()
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.append(slot.wait(0, 10.0)))

    def fail() -> None:
        raise RuntimeError("on purpose")

    slot.listen(fail)
    reader.start()
    while not slot._waiting:
        reader.join(0.01)
    with pytest.raises(RuntimeError, match="on purpose"):
        slot.put(7)
    reader.join(5.0)
    assert len(got) == 1
