"""pimotion inside another Python program, as a WSGI application that it mounts."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from pimotion.config import file as config_file
from pimotion.config.settings import Settings
from pimotion.daemon import Daemon
from pimotion.errors import StartError
from pimotion.health import Threads
from pimotion.stream.auth import caller_of

log = logging.getLogger(__name__)

_TURN_S = 1.0


class Mounted:
    """The daemon and its page, from construction to `close`. Thread-safe.

    It takes the place of the main thread, which belongs to the other program, and so do signals: a
    changed configuration needs a new start of that program. When one of our threads dies, which
    ends the process elsewhere, everything of ours ends, the broker is told so, and every request
    is answered 503.
    """

    def __init__(self, config: str | os.PathLike[str] | Settings) -> None:
        settings = config if isinstance(config, Settings) else config_file.load(Path(config))
        self._settings = settings
        http = settings.http
        self._is_for_all = bool(http.users or http.tokens or http.open)
        self._pid = os.getpid()
        self._stopping = threading.Event()
        self._threads = Threads()
        self._daemon = self._started()
        self._thread = self._threads.start("pimotion", self._tend, may_end=True)
        atexit.register(self.close)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        problem = self._why_not(environ)
        return (
            _refuse(*problem, start_response)
            if problem
            else self._daemon.app(environ, start_response)
        )

    def close(self) -> None:
        """End everything: streams, cameras, the connection to the broker. Takes up to 5 s."""
        atexit.unregister(self.close)
        self._stopping.set()
        self._thread.join()

    def _started(self) -> Daemon:
        daemon = Daemon(self._settings)
        try:
            daemon.start(listens=False)
        except StartError:
            daemon.stop()
            raise
        return daemon

    def _tend(self) -> None:
        """Do what the main thread does elsewhere."""
        try:
            while not self._stopping.wait(_TURN_S) and self._daemon.dead is None:
                self._daemon.tend()
                if self._daemon.wants_restart:
                    self._daemon.stop()
                    self._daemon = self._started()
            if self._daemon.dead is not None:
                log.critical("pimotion ends because a thread died name=%s", self._daemon.dead)
        finally:
            self._stopping.set()
            self._daemon.stop()

    def _why_not(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, str] | None:
        if os.getpid() != self._pid:
            text = "pimotion was started before this process was forked; run it in one process"
            return HTTPStatus.SERVICE_UNAVAILABLE, text
        if self._stopping.is_set():
            return HTTPStatus.SERVICE_UNAVAILABLE, "pimotion has ended; its log says why"
        if not self._is_for_all and not caller_of(environ).on_loopback:
            # The rule of http.host, which another program's server knows nothing of.
            text = "others need http.users or http.tokens, or http.open: true"
            return HTTPStatus.FORBIDDEN, text
        return None


def _refuse(status: HTTPStatus, text: str, start_response: StartResponse) -> Iterable[bytes]:
    body = f"{text}\n".encode()
    headers = [("Content-Type", "text/plain; charset=UTF-8"), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
