"""The live view of all cameras over HTTP: what the daemon starts and stops."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from wsgiref.types import WSGIApplication

from pimotion.config.certificate import server_context
from pimotion.config.settings import Http
from pimotion.config.tls_files import Unusable
from pimotion.errors import StartError
from pimotion.health import Beat, Threads
from pimotion.stream.address import Address
from pimotion.stream.app import build
from pimotion.stream.auth import Gate
from pimotion.stream.board import Board
from pimotion.stream.encoder import Encoder
from pimotion.stream.fanout import Fanout
from pimotion.stream.grid import GridShow
from pimotion.stream.listener import Listener
from pimotion.stream.live import LiveCamera
from pimotion.stream.scene import CameraShow
from pimotion.stream.site import Site
from pimotion.stream.viewer import Places, Viewing
from pimotion.types import Command, EventLog, LinkStatus, Message, Reset

_OTHER_CONNECTIONS = 256
"""Connections that are no streams, or not yet: pages, stills, and those who say nothing. They cost
a descriptor each, and when they are all taken those who say nothing are the first to go. On top
comes one for each viewer, so that all may ask at the same time."""

_OTHER_REQUESTS = 64
"""May wait to be answered, viewers not counted; more than a page with many cameras asks for."""


class StreamServer:
    """Shows the cameras over HTTP. A `Sink`: it shows what it is told. Thread-safe."""

    def __init__(
        self,
        http: Http,
        *,
        cameras: Sequence[LiveCamera],
        events: EventLog,
        link: Callable[[], LinkStatus | None],
        node: str,
        version: str,
        commands: Callable[[Command | Reset], bool],
    ) -> None:
        """Build everything; nothing listens yet.

        Args:
            http: The settings of that name.
            cameras: In the order of the configuration; at least one.
            events: What the page lists.
            link: The connection to the broker; None where there is none.
            node: Name of this machine.
            version: Of pimotion.
            commands: Takes what an admin wants changed; False when nobody will do it.
        """
        self._http = http
        self._board = Board(
            cameras, link=link, node=node, version=version, public_url=http.public_url
        )
        places = Places(http.max_viewers)
        shows = [CameraShow(camera) for camera in cameras]
        self._encoders = {show.id: Encoder(show, places, self._start_encoder) for show in shows}
        self._grid = Encoder(GridShow(shows), places, self._start_encoder)
        gate, address = Gate(http), Address(http, tuple(self._encoders))
        site = Site(self._encoders, self._grid, self._board, gate, address, events, commands)
        self.app: WSGIApplication = build(site, http.frame_ancestors)
        """The WSGI application."""
        self._threads: Threads | None = None
        self._fanout: Fanout | None = None
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        http = self._http
        port = self._listener.port if self._listener else http.port
        return f"{http.scheme}://{http.own_host}:{port}"

    def start(self, threads: Threads, *, listens: bool = True) -> None:
        """Listen, or leave that to the server of another program that calls `app`.

        Raises:
            StartError: The port is in use, the address is not this machine's, or the certificate
                cannot be used.
        """
        self._threads = threads
        if not listens:
            return
        http = self._http
        self._listener = Listener(
            http.host,
            http.port,
            self.app,
            self._hand_over,
            max_connections=http.max_viewers + _OTHER_CONNECTIONS,
            max_waiting=http.max_viewers + _OTHER_REQUESTS,
            tls=_encryption(http),
        )
        self._fanout = Fanout()
        self._fanout.start(threads)
        self._listener.start(threads)

    def put(self, message: Message) -> None:
        """Take news of a camera for the page."""
        self._board.put(message)

    def viewers(self, camera_id: str) -> int:
        """Return how many watch a camera now; who watches all in one picture watches each."""
        return self._encoders[camera_id].viewers + self._grid.viewers

    def shows_mask(self, camera_id: str) -> bool:
        """Tell whether somebody watches a camera with the overlay ``mask``."""
        return self._encoders[camera_id].shows_mask or self._grid.shows_mask

    def stop(self, timeout_s: float) -> None:
        """Close everything, open streams included, within ``timeout_s``."""
        for encoder in (*self._encoders.values(), self._grid):
            encoder.stop()
        if self._listener is not None:
            self._listener.stop(timeout_s)
        if self._fanout is not None:
            self._fanout.stop(timeout_s)

    def _hand_over(self, viewer: socket.socket, viewing: Viewing, head: bytes) -> None:
        assert self._fanout is not None, "nobody is listened to before"
        self._fanout.add(viewer, viewing, head)

    def _start_encoder(self, name: str, run: Callable[[], None], beat: Beat) -> threading.Thread:
        if self._threads is None:
            raise StartError("the server was asked for a stream before it was started")
        return self._threads.start(name, run, may_end=True, beat=beat)


def _encryption(http: Http) -> ssl.SSLContext | None:
    if http.tls.cert is None:
        return None
    try:
        return server_context(http.tls)
    except Unusable as error:
        raise StartError(str(error)) from None
