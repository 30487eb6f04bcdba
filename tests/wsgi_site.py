"""The application of two cameras, called as WSGI without a socket."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import Any, cast
from wsgiref.types import StartResponse

from live_feed import Events, Feed, connected

from pimotion.config.settings import Http, HttpToken, HttpUser
from pimotion.config.values import Secret
from pimotion.stream.server import StreamServer
from pimotion.types import Command, LinkStatus, Reset

USERS = (
    HttpUser(name="anna", password=Secret("correct horse"), role="admin"),
    HttpUser(name="bodo", password=Secret("battery staple")),
)
TOKEN = HttpToken(name="tv", token=Secret("0123456789abcdef"), cameras=("door",))


@dataclass
class Answer:
    """What the application said; names of headers as bottle spells them (``Etag``)."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """Two cameras behind the application."""

    def __init__(self, http: Http | None = None) -> None:
        self.door, self.garden = Feed("door"), Feed("garden")
        self.events = Events()
        self.commands: list[Command | Reset] = []
        self.is_stopping = False
        self.link: LinkStatus | None = connected()
        self.server = StreamServer(
            http or Http(),
            cameras=[self.door.camera, self.garden.camera],
            events=self.events,
            link=lambda: self.link,
            node="garden-pi",
            version="0.1.0",
            commands=self._command,
        )
        self.door.show()
        self.garden.show()

    def _command(self, command: Command | Reset) -> bool:
        self.commands.append(command)
        return not self.is_stopping

    def call(
        self, target: str, method: str = "GET", *, login: str = "", body: bytes = b"", **env: str
    ) -> Answer:
        path, _, query = target.partition("?")
        if login:
            env["HTTP_AUTHORIZATION"] = "Basic " + base64.b64encode(login.encode()).decode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8080", "SERVER_NAME": "x",
            "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(),
            "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), **env,
        }  # fmt: skip
        started: list[Any] = []
        start = cast("StartResponse", lambda *args: started.append(args))
        chunks = self.server.app(environ, start)
        body = b"".join(chunks)
        status, headers = started[0][:2]
        return Answer(int(status[:3]), dict(headers), body)
