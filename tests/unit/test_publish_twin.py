"""Whether another machine has our name, by what is heard on our status topic."""

from __future__ import annotations

from pimotion.publish.twin import TWIN_WATCH_S, TwinWatch


def connected() -> TwinWatch:
    watch = TwinWatch()
    watch.link_opened(0.0)
    return watch


def test_our_own_words_come_back_and_are_nobodys() -> None:
    watch = connected()
    for second in range(0, 60, 10):
        watch.sent()
        assert not watch.heard(second)
    assert not watch.is_live
    assert watch.is_alone(60)


def test_nobody_is_sure_to_be_alone_before_a_twin_would_have_been_heard() -> None:
    assert not TwinWatch().is_alone(1000.0), "without a connection nothing is heard"
    watch = connected()
    assert not watch.is_alone(TWIN_WATCH_S - 1)
    assert watch.is_alone(TWIN_WATCH_S)
    watch.link_opened(100.0)
    assert not watch.is_alone(101.0)


def test_a_twin_is_noticed_at_any_time_and_told_once() -> None:
    """The machine that was there first learns of it, too."""
    watch = connected()
    watch.sent()
    assert [watch.heard(1000.0), watch.heard(1000.1), watch.heard(1010.0)] == [False, True, False]
    assert watch.is_live
    assert not watch.is_alone(1011.0)


def test_a_twin_that_falls_silent_is_gone_but_not_forgotten() -> None:
    """It may be starting anew, and what the broker keeps of it must be there then."""
    watch = connected()
    watch.heard(5.0)
    assert not watch.is_gone(5.0 + TWIN_WATCH_S - 1)
    assert [watch.is_gone(5.0 + TWIN_WATCH_S), watch.is_gone(60.0)] == [True, False]
    assert not watch.is_live
    assert not watch.is_alone(1000.0)
    assert watch.heard(2000.0), "and it is told when it is there again"


def test_a_broken_link_does_not_make_a_twin_silent() -> None:
    watch = connected()
    watch.heard(5.0)
    watch.link_opened(300.0)
    assert not watch.is_gone(301.0)
