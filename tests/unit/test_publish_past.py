"""What is remembered of events that are over: bounded, oldest first, told until it has arrived."""

from __future__ import annotations

from collections import Counter

from publish_messages import event

from pimotion.publish.past import AGAIN_S, IN_FLIGHT_S, MAX_AGE_S, MAX_EVENTS, Past


def ids(past: Past, now_s: float, at_most: int = MAX_EVENTS) -> list[str]:
    return [each.id for each in past.due(now_s, at_most)]


def past_of(*names: str, now_s: float = 0.0) -> Past:
    past = Past(Counter())
    for name in names:
        past.note(event("stop", event_id=name), now_s, is_said=False)
    return past


def test_it_is_told_oldest_first_and_not_all_at_once() -> None:
    past = past_of("a", "b", "c")

    assert ids(past, 1.0, at_most=2) == ["a", "b"]
    assert ids(past, 1.0, at_most=2) == ["c"]
    assert ids(past, 2.0) == []


def test_it_is_told_again_until_it_has_arrived() -> None:
    past = past_of("a", "b")
    ids(past, 1.0)
    past.arrived("a")

    assert ids(past, 1.0 + AGAIN_S + 0.1) == ["b"]


def test_what_left_by_itself_is_no_history_unless_it_never_arrives() -> None:
    past = Past(Counter())
    past.note(event("stop", event_id="live"), 0.0, is_said=True)

    assert ids(past, AGAIN_S - 1) == []
    assert ids(past, AGAIN_S + 1) == ["live"]


def test_a_new_link_tells_all_but_what_is_sent_again_by_itself() -> None:
    past = past_of("a", "b")
    ids(past, 1.0)
    past.link_opened(["b"], 5.0)

    assert ids(past, 5.0) == ["a"]


def test_older_than_an_hour_and_more_than_a_hundred_are_given_up_and_counted() -> None:
    past = past_of(*(str(number) for number in range(MAX_EVENTS + 5)))
    assert past.counts["history_overflow"] == 5
    assert ids(past, 1.0)[0] == "5"

    past.note(event("stop", event_id="new"), 100.0, is_said=False)
    assert ids(past, MAX_AGE_S + 1) == ["new"]
    assert past.counts["history_too_old"] == MAX_EVENTS - 1


def untold(past: Past, now_s: float, *, is_open: bool) -> list[str]:
    return [each.id for each in past.untold(now_s, is_open=is_open)]


def test_what_has_not_arrived_is_kept_for_the_next_start_and_costs_no_disk_before() -> None:
    past = Past(Counter())
    past.note(event("stop", event_id="live"), 100.0, is_said=True)

    assert untold(past, 101.0, is_open=True) == []
    assert untold(past, 101.0, is_open=False) == ["live"]
    assert untold(past, 101.0 + IN_FLIGHT_S, is_open=True) == ["live"]
    past.arrived("live")
    assert untold(past, 102.0, is_open=False) == []


def test_what_ended_long_before_this_program_began_is_no_news_of_the_last_hour() -> None:
    past = Past(Counter())
    past.note(event("stop", event_id="old"), 5.0, is_said=False, age_s=MAX_AGE_S)
    past.note(event("stop", event_id="new"), 5.0, is_said=False, age_s=MAX_AGE_S - 60)

    assert untold(past, 6.0, is_open=False) == ["old", "new"]
    assert ids(past, 6.0) == ["new"]
    assert untold(past, 6.0, is_open=False) == ["new"]


def test_of_too_many_the_last_of_each_camera_stays() -> None:
    """The retained attributes are of that one, and would say for ever that it runs."""
    past = past_of("first")
    for number in range(MAX_EVENTS):
        past.note(event("stop", event_id=f"{number}", camera="yard"), 1.0, is_said=False)

    assert ids(past, 2.0)[:2] == ["first", "1"]
