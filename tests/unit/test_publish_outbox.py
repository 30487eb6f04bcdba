"""What happens to messages that cannot leave at once."""

from __future__ import annotations

from collections import Counter

from publish_messages import event

from pimotion.publish.outbox import MAX_BYTES, MAX_ITEMS, Kind, Outbox, Outgoing


def outbox() -> Outbox:
    return Outbox(Counter())


def picture(topic: str = "t", *, size: int = 10, deadline_s: float = 100.0) -> Outgoing:
    return Outgoing(topic, b"x" * size, Kind.PICTURE, deadline_s=deadline_s)


def an_event(seq: int, *, deadline_s: float = 100.0) -> Outgoing:
    return Outgoing("e", b"", Kind.EVENT, event=event(seq=seq), deadline_s=deadline_s)


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


def test_a_full_outbox_drops_the_oldest_event_but_no_state() -> None:
    """The end of motion must arrive even if some of its updates do not."""
    box = outbox()
    box.put(Outgoing("motion", b"OFF"))
    for seq in range(MAX_ITEMS):
        box.put(an_event(seq))
    taken = drain(box)
    assert taken[0].payload == b"OFF"
    assert [m.event.seq for m in taken if m.event] == list(range(1, MAX_ITEMS))
    assert box.counts == {"event_overflow": 1}
    assert not box.lost_state


def test_bytes_are_bounded_as_well_as_number() -> None:
    box = outbox()
    for number in range(5):
        box.put(picture(f"t{number}", size=MAX_BYTES // 4))
    assert len(drain(box)) == 4
    assert box.counts == {"picture_overflow": 1}


def test_a_picture_that_can_never_fit_hurts_nobody() -> None:
    box = outbox()
    box.put(Outgoing("motion", b"ON"))
    box.put(picture(size=MAX_BYTES + 1))
    assert [message.payload for message in drain(box)] == [b"ON"]


def test_a_lost_state_is_noticed() -> None:
    """Whoever sends must then say all of it again."""
    box = outbox()
    for number in range(MAX_ITEMS + 1):
        box.put(Outgoing(f"state{number}", b"x"))
    assert box.lost_state


def test_clearing_gives_back_the_events() -> None:
    box = outbox()
    box.put(Outgoing("motion", b"ON"))
    box.put(an_event(0))
    box.put(picture())
    assert [m.event.seq for m in box.clear() if m.event] == [0]
    assert len(box) == 0


def test_bytes_are_freed_when_what_is_past_its_deadline_goes() -> None:
    box = outbox()
    box.put(picture(size=MAX_BYTES, deadline_s=1))
    assert drain(box, now_s=2) == []
    box.put(picture(size=MAX_BYTES))
    assert len(box) == 1


def test_bytes_are_freed_when_pictures_are_dropped() -> None:
    box = outbox()
    box.put(picture(size=MAX_BYTES))
    box.drop_pictures()
    box.put(picture(size=MAX_BYTES))
    assert len(box) == 1
