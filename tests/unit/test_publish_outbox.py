"""What happens to messages that cannot leave at once."""

from __future__ import annotations

from collections import Counter

from publish_messages import event

from pimotion.publish.outbox import (
    MAX_EVENTS,
    MAX_PICTURE_BYTES,
    MAX_STEPS,
    Kind,
    Outbox,
    Outgoing,
)


def outbox() -> Outbox:
    return Outbox(Counter())


def picture(topic: str = "t", *, size: int = 10, deadline_s: float = 100.0) -> Outgoing:
    return Outgoing(topic, b"x" * size, Kind.PICTURE, deadline_s=deadline_s)


def an_event(seq: int, kind: str = "update", *, deadline_s: float = 100.0) -> Outgoing:
    return Outgoing("e", b"", Kind.EVENT, event=event(kind, seq=seq), deadline_s=deadline_s)


def drain(box: Outbox, now_s: float = 0.0) -> list[Outgoing]:
    taken = []
    while (message := box.take(now_s)) is not None:
        taken.append(message)
    return taken


def test_order_is_kept() -> None:
    box = outbox()
    sent = [Outgoing("motion", b"ON"), an_event(0), Outgoing("motion", b"OFF")]
    for message in sent:
        box.put(message)
    assert drain(box) == sent


def test_only_the_newest_picture_of_a_topic_waits() -> None:
    """Nobody wants the picture of ten seconds ago."""
    box = outbox()
    box.put(picture("snapshot", size=1))
    box.put(picture("other", size=2))
    box.put(picture("snapshot", size=3))
    assert [len(message.payload) for message in drain(box)] == [2, 3]
    assert box.counts == {"replaced": 1}


def test_what_is_past_its_deadline_is_not_sent_but_counted() -> None:
    box = outbox()
    box.put(an_event(0, deadline_s=10))
    box.put(picture(deadline_s=2))
    box.put(an_event(1, deadline_s=30))
    assert [m.event.seq for m in drain(box, now_s=20) if m.event] == [1]
    assert box.counts == {"event_too_late": 1, "picture_too_late": 1}


def test_too_many_events_cost_the_oldest_updates_and_no_start_stop_or_state() -> None:
    """The end of motion must arrive even if some of its updates do not."""
    box = outbox()
    box.put(an_event(0, "start"))
    box.put(Outgoing("motion", b"OFF"))
    for seq in range(1, MAX_EVENTS):
        box.put(an_event(seq))
    box.put(an_event(MAX_EVENTS, "stop"))
    taken = drain(box)
    assert taken[1].payload == b"OFF"
    assert [m.event.seq for m in taken if m.event] == [0, *range(2, MAX_EVENTS + 1)]
    assert box.counts == {"event_overflow": 1}


def test_a_thousand_zones_that_change_at_once_cost_nobody_a_message() -> None:
    """Six cameras of twelve zones lost the end of their events, and some stayed ON."""
    box = outbox()
    box.put(an_event(0, "start"))
    box.put(picture())
    for number in range(1000):
        box.put(Outgoing(f"zone{number}", b"OFF"))
    assert len(drain(box)) == 1002
    assert not box.counts


def test_a_state_that_never_rests_waits_with_its_newest_values_only() -> None:
    """A switch that flaps on a slow link takes no memory and delays nobody."""
    box = outbox()
    box.put(Outgoing("other", b"x"))
    for number in range(10 * MAX_STEPS):
        box.put(Outgoing("switch", b"%d" % number))
    taken = [message.payload for message in drain(box)]
    assert taken == [b"x", *(b"%d" % n for n in range(9 * MAX_STEPS, 10 * MAX_STEPS))]


def test_bytes_are_bounded_as_well_as_number() -> None:
    box = outbox()
    for number in range(5):
        box.put(picture(f"t{number}", size=MAX_PICTURE_BYTES // 4))
    assert len(drain(box)) == 4
    assert box.counts == {"picture_overflow": 1}


def test_a_picture_that_can_never_fit_hurts_nobody() -> None:
    box = outbox()
    box.put(Outgoing("motion", b"ON"))
    box.put(picture(size=MAX_PICTURE_BYTES + 1))
    assert [message.payload for message in drain(box)] == [b"ON"]


def test_clearing_gives_back_the_events() -> None:
    box = outbox()
    box.put(Outgoing("motion", b"ON"))
    box.put(an_event(0))
    box.put(picture())
    assert [m.event.seq for m in box.clear() if m.event] == [0]
    assert len(box) == 0
    for seq in range(MAX_EVENTS):
        box.put(an_event(seq))
    assert not box.counts, "what was in it takes no room any more"


def test_bytes_are_freed_when_what_is_past_its_deadline_goes() -> None:
    box = outbox()
    box.put(picture(size=MAX_PICTURE_BYTES, deadline_s=1))
    assert drain(box, now_s=2) == []
    box.put(picture(size=MAX_PICTURE_BYTES))
    assert len(box) == 1


def test_pictures_that_are_dropped_leave_all_else_and_their_room() -> None:
    box = outbox()
    box.put(Outgoing("motion", b"OFF"))
    box.put(picture("first", size=MAX_PICTURE_BYTES))
    box.drop_pictures()
    box.put(picture("second", size=MAX_PICTURE_BYTES))
    assert [message.topic for message in drain(box)] == ["motion", "second"]
    assert not box.counts
