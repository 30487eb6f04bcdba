"""How hard pimotion tries a broker that is away or too slow."""

from __future__ import annotations

import pytest

from pimotion.publish.pace import Backoff, PicturePace


def test_pauses_grow_and_end_at_15_s() -> None:
    backoff = Backoff(lambda: 0.5)
    assert [backoff.after(None) for _ in range(7)] == [1, 2, 4, 8, 15, 15, 15]


@pytest.mark.parametrize(("random", "pause_s"), [(0.0, 0.5), (1.0, 1.5)])
def test_pauses_differ_by_half_from_node_to_node(random: float, pause_s: float) -> None:
    """A house full of nodes must not call a restarted broker in one moment."""
    assert Backoff(lambda: random).after(None) == pause_s


def test_a_connection_that_held_a_minute_was_a_good_one() -> None:
    backoff = Backoff(lambda: 0.5)
    for _ in range(4):
        backoff.after(None)
    assert backoff.after(59.0) == 15
    assert backoff.after(60.0) == 1


def test_connections_that_never_last_are_contested_and_slow() -> None:
    """Two clients with one id would throw each other out for ever, once a second."""
    backoff = Backoff(lambda: 0.5)
    assert [backoff.after(3.0) for _ in range(3)] == [1, 2, 15]
    assert backoff.contested
    backoff.after(20.0)
    assert not backoff.contested


def test_with_another_machine_of_our_name_connections_are_rare() -> None:
    """Each of them says everything anew, over what the other has said."""
    backoff = Backoff(lambda: 0.5)
    assert backoff.after(3600.0, is_shared=True) == 15


def test_one_late_picture_is_forgiven() -> None:
    pace = PicturePace()
    pace.arrived(5.0, now_s=100, size_bytes=50_000)
    assert pace.is_open(100)


def test_a_link_too_slow_for_pictures_is_left_to_events() -> None:
    pace = PicturePace()
    pace.arrived(5.0, now_s=100, size_bytes=50_000)
    pace.arrived(5.0, now_s=110, size_bytes=50_000)
    assert not pace.is_open(169)
    assert pace.is_open(170)
    pace.lost(1.0, now_s=170, size_bytes=50_000)
    assert not pace.is_open(289)
    assert pace.is_open(290)


def test_pictures_of_one_moment_count_once() -> None:
    """An event's picture goes to two topics, and one hiccup delays both."""
    pace = PicturePace()
    pace.arrived(3.0, now_s=100.0, size_bytes=50_000)
    pace.arrived(3.0, now_s=100.1, size_bytes=50_000)
    assert pace.is_open(101)


def test_a_picture_in_time_ends_the_suspicion() -> None:
    pace = PicturePace()
    pace.lost(1.0, now_s=100, size_bytes=50_000)
    pace.arrived(0.1, now_s=110, size_bytes=50_000)
    pace.lost(1.0, now_s=120, size_bytes=50_000)
    assert pace.is_open(120)


def test_a_small_picture_that_arrives_tells_nothing_of_a_larger_one() -> None:
    """Two cameras, and a broker that hangs up on the pictures of one of them."""
    pace = PicturePace()
    for now_s in (100, 110):
        pace.arrived(0.1, now_s, size_bytes=19_000)
        pace.lost(1.0, now_s + 1, size_bytes=30_000)
    assert not pace.is_open(170)
    pace.arrived(0.1, 171, size_bytes=19_000)
    pace.lost(1.0, 172, size_bytes=30_000)
    assert not pace.is_open(172 + 119)
    pace.arrived(0.1, 300, size_bytes=30_000)
    pace.lost(1.0, 310, size_bytes=30_000)
    assert pace.is_open(310), "forgiven once"


@pytest.mark.parametrize(("hours", "is_forgiven"), [(5, False), (7, True)])
def test_a_large_picture_that_was_lost_is_forgotten(hours: float, is_forgiven: bool) -> None:
    """None may ever be as large again, and links break now and then in months."""
    pace = PicturePace()
    pace.lost(1.0, now_s=100, size_bytes=50_000)
    now_s = 100 + 3600 * hours
    pace.arrived(0.1, now_s, size_bytes=49_000)
    pace.lost(1.0, now_s + 10, size_bytes=49_000)
    assert pace.is_open(now_s + 10) == is_forgiven


def test_pictures_are_tried_again_within_an_hour() -> None:
    pace = PicturePace()
    for now_s in range(0, 1000, 10):
        pace.lost(10.0, now_s, size_bytes=50_000)
    assert pace.is_open(990 + 3600)
