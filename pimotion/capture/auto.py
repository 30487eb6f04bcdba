"""Whatever camera the machine has, looked for at each opening: it may be plugged in later."""

from __future__ import annotations

from collections.abc import Callable

from pimotion.capture.source import Captured, Source
from pimotion.errors import SourceLost


class AutoSource:
    """Gives the pictures of the first camera found.

    Args:
        find: Returns this machine's first camera, as ``source:`` has it; None without.
        make: Makes that source.
    """

    is_live = True

    def __init__(self, find: Callable[[], str | None], make: Callable[[str], Source]) -> None:
        self._find = find
        self._make = make
        self._source: Source | None = None
        self._last: tuple[str, Source] | None = None

    def open(self) -> None:
        """Look for a camera and open it."""
        self.close()
        found = self._find()
        if found is None:
            raise SourceLost("this machine has no camera, or none that this user may use")
        if self._last is None or self._last[0] != found:
            self._last = found, self._make(found)
        # The same one again: it knows whether its driver still hangs since the last time.
        self._source = self._last[1]
        self._source.open()

    def read(self) -> Captured:
        """Return its next picture."""
        if self._source is None:
            raise SourceLost("the camera is not open")
        return self._source.read()

    def interrupt(self) -> None:
        """Let a `read` that waits end soon, where that camera can be woken."""
        source = self._source
        if source is not None:
            source.interrupt()

    def close(self) -> None:
        """Close it."""
        source, self._source = self._source, None
        if source is not None:
            source.close()
