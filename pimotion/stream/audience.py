"""Those who watch one variant. Owned by one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pimotion.stream.kernel import Unsent
from pimotion.stream.load import Load
from pimotion.stream.member import Member
from pimotion.stream.viewer import REPEAT_SOON_S, Parts


class Audience:
    """The viewers of one variant in one framing; the bytes of each part are made once for all.

    Attributes:
        repeat_at_s: Until then nobody's picture is to be sent again; who sees to it sets it anew.
    """

    def __init__(
        self, parts: Parts, advance: bool, unsent: Unsent, tell: Callable[[Audience], None]
    ) -> None:
        """Begin to listen to new parts.

        Args:
            parts: Where they come from.
            advance: Which framing they get.
            unsent: Tells who has not got the part before yet.
            tell: Called with this, in another thread, when it is time to `follow`.
        """
        self.members: list[Member] = []
        self.repeat_at_s = 0.0
        self._parts = parts
        self._advance = advance
        self._unsent = unsent
        self._seen = 0
        self._load = Load((), 0.0)
        self._tell = tell
        parts.listen(self._hear)

    @property
    def newest(self) -> Load:
        """The newest part."""
        return self._load

    def admit(self, member: Member, head: bytes, now_s: float) -> None:
        """Give a new viewer the head of the answer and the newest part at once. May raise OSError.

        Who raises has not been admitted.
        """
        if member.socket.send(head) < len(head):
            raise ConnectionError("no room for the head of an answer")
        member.offer(self._load, now_s)
        self.members.append(member)

    def follow(self, now_s: float) -> list[Member]:
        """Give everyone the newest part if there is a new one; return those who have gone."""
        taken = self._parts.wait(self._seen, 0)
        if taken is None:
            return []
        self._seen = taken.number
        self._load.close()
        part, viewers = taken.value, len(self.members)
        pieces = part.pieces(advance=self._advance)
        lag_s = now_s - part.monotonic_s
        load = Load(pieces, part.monotonic_s, at_fps=part.at_fps, viewers=viewers, lag_s=lag_s)
        self._load = load
        free, gone = [], []
        due = [member for member in self.members if member.is_due(load)]
        unsent = self._unsent.of_all([member.fd for member in due])
        for member, left in zip(due, unsent, strict=True):
            try:
                if member.is_free(now_s, left):
                    free.append(member)
            except OSError:
                gone.append(member)
        if len(free) == viewers:
            self.repeat_at_s = now_s + REPEAT_SOON_S
        return gone + _give(load, free, now_s)

    def close(self) -> None:
        """Listen no more, and let the newest part go."""
        self._parts.unlisten(self._hear)
        self._load.close()

    def _hear(self) -> None:
        self._tell(self)


def _give(load: Load, free: Sequence[Member], now_s: float) -> list[Member]:
    """Send a part to those who are to have it; return those who have gone."""
    together, apart, gone = [], free, []
    if load.is_file:
        together = [member for member in free if not member.encrypts]
        apart = [member for member in free if member.encrypts]
    # All of the kernel's work in a row, then what it came to: between two calls of the kernel an
    # interpreter finds nothing of its own in the processor's caches.
    sent_to_each = load.send_to_each([member.fd for member in together])
    for member, sent in zip(together, sent_to_each, strict=True):
        try:
            member.took(load, sent, now_s)
        except OSError:
            gone.append(member)
    for member in apart:
        try:
            member.give(load, now_s)
        except OSError:
            gone.append(member)
    return gone
