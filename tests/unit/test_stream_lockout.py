"""Who guesses passwords is stopped, and nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import wait_until

from pimotion.stream import lockout
from pimotion.stream.lockout import LockedOut, Lockout
from pimotion.stream.users import Role


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(lockout, "time", made)
    return made


def wrong(logins: Lockout, address: str = "10.0.0.7", times: int = 1) -> int:
    """Try wrong logins; return how many of them were looked at."""
    looked_at = 0
    for _ in range(times):
        try:
            logins.judge(address, lambda: Role.NOBODY)
        except LockedOut:
            continue
        looked_at += 1
    return looked_at


def test_ten_guesses_a_minute_are_looked_at(clock: Clock) -> None:
    logins = Lockout()
    for _ in range(3):
        assert wrong(logins, times=100) == 10
        clock.now_s += 60


def test_a_right_login_is_kept_out_too_else_it_would_tell_the_guesser(clock: Clock) -> None:
    logins = Lockout()
    assert logins.judge("10.0.0.7", lambda: Role.ADMIN) is Role.ADMIN
    wrong(logins, times=10)
    clock.now_s += 20
    with pytest.raises(LockedOut) as refused:
        logins.judge("10.0.0.7", lambda: Role.ADMIN)
    assert refused.value.retry_after_s == 40
    clock.now_s += 40
    assert logins.judge("10.0.0.7", lambda: Role.ADMIN) is Role.ADMIN


def test_right_logins_do_not_give_a_guesser_more_tries(clock: Clock) -> None:
    logins = Lockout()
    for _ in range(9):
        wrong(logins)
        logins.judge("10.0.0.7", lambda: Role.VIEWER)
    assert wrong(logins, times=5) == 1


@pytest.mark.parametrize(
    ("guesser", "other", "is_locked_out"),
    [
        pytest.param("10.0.0.7", "10.0.0.8", False, id="a neighbour"),
        pytest.param("2001:db8::1", "2001:db8::ffff:2", True, id="one IPv6 network"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", False, id="another IPv6 network"),
        pytest.param("10.0.0.7", "::ffff:10.0.0.7", True, id="IPv4 in IPv6"),
        pytest.param("fe80::1%eth0", "fe80::2%eth0", True, id="IPv6 on one cable"),
        pytest.param("what a proxy said", "what it said then", False, id="no address"),
    ],
)
def test_who_is_locked_out(guesser: str, other: str, is_locked_out: bool) -> None:
    logins = Lockout()
    wrong(logins, guesser, times=10)
    assert wrong(logins, other) == (not is_locked_out)


def test_guesses_at_once_are_no_more_guesses() -> None:
    logins, gate, waiting = Lockout(), threading.Event(), threading.Semaphore(0)

    def compare() -> Role:
        waiting.release()
        gate.wait(5)
        return Role.NOBODY

    def guess(_: int) -> bool:
        try:
            logins.judge("10.0.0.7", compare)
        except LockedOut:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        guesses = [pool.submit(guess, number) for number in range(40)]
        for _ in range(10):
            assert waiting.acquire(timeout=5)
        wait_until(lambda: logins._tries["10.0.0.7"].running == 10)
        gate.set()
        assert sum(each.result() for each in guesses) == 10


def test_many_right_logins_at_once_all_get_in() -> None:
    logins = Lockout()
    with ThreadPoolExecutor(40) as pool:
        roles = list(pool.map(lambda _: logins.judge("10.0.0.7", lambda: Role.VIEWER), range(400)))
    assert roles == [Role.VIEWER] * 400
    assert not logins._tries, "who only gets in is not remembered"


def test_a_login_that_cannot_be_judged_is_no_way_in() -> None:
    def broken() -> Role:
        raise MemoryError

    logins = Lockout()
    for _ in range(10):
        with pytest.raises(MemoryError):
            logins.judge("10.0.0.7", broken)
    with pytest.raises(LockedOut):
        logins.judge("10.0.0.7", broken)


def test_a_crowd_of_addresses_takes_bounded_memory() -> None:
    logins = Lockout()
    for number in range(3000):
        wrong(logins, f"10.0.{number >> 8}.{number & 255}")
    assert len(logins._tries) <= 1024
    assert "10.0.11.183" in logins._tries, "the newest are remembered"


def test_a_crowd_does_not_hide_who_goes_on_guessing() -> None:
    logins = Lockout()
    for number in range(2000):
        wrong(logins, f"10.0.{number >> 8}.{number & 255}")
        if number % 250 == 0:
            wrong(logins, "192.0.2.7")
    assert wrong(logins, "192.0.2.7", times=10) == 2
