"""Bounds a call into a driver that may never return."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class BoundedCall(Generic[_T]):
    """Runs a call in a thread of its own, so that waiting for it can end before it does.

    Args:
        call: What may hang.
        undo: Done to what it returns after nobody waits for it any more.
    """

    def __init__(
        self, call: Callable[[], _T], *, undo: Callable[[_T], object] = lambda _: None
    ) -> None:
        self._call = call
        self._undo = undo
        self._lock = threading.Lock()
        self._given_up = False
        self._done = False
        self._result: _T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="driver", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """True while the call has not returned."""
        return self._thread.is_alive()

    def result(self, timeout_s: float) -> _T:
        """Wait for the call; return what it returned, raise what it raised.

        Raises:
            TimeoutError: It is still running; it goes on by itself.
        """
        self._thread.join(timeout_s)
        with self._lock:
            if not self._done:
                self._given_up = True
                raise TimeoutError
        if self._error is not None:
            raise self._error
        result: _T = self._result  # type: ignore[assignment]  # it has returned
        return result

    def _run(self) -> None:
        try:
            result = self._call()
        except BaseException as error:  # the waiting thread raises it
            with self._lock:
                self._error, self._done = error, True
            return
        with self._lock:
            self._result, self._done = result, True
            given_up = self._given_up
        if given_up:
            self._undo(result)
