"""What all routes share: the cameras, the news, and who may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bottle import HTTPResponse, request

from pimotion.stream.address import Address
from pimotion.stream.answers import refuse
from pimotion.stream.auth import CHALLENGE, Caller, Gate, caller_of
from pimotion.stream.board import Board
from pimotion.stream.encoder import Encoder
from pimotion.stream.lockout import LockedOut
from pimotion.stream.users import Role
from pimotion.types import Command, EventLog, Reset


@dataclass(frozen=True)
class Site:
    """What the routes show and use.

    Attributes:
        encoders: By camera id, in the order of the configuration.
        grid: Of all cameras in one picture.
        commands: Takes a wish to change a setting; False when nobody will do it.
    """

    encoders: Mapping[str, Encoder]
    grid: Encoder
    board: Board
    gate: Gate
    address: Address
    events: EventLog
    commands: Callable[[Command | Reset], bool]

    @property
    def caller(self) -> Caller:
        """Who sent the request that this thread answers."""
        return caller_of(request.environ)

    @property
    def shows(self) -> Mapping[str, Encoder]:
        """Everything that can be watched: each camera, and all of them."""
        return {**self.encoders, self.grid.show.id: self.grid}

    def enter(self) -> None:
        """Look at the address of a request before its route is looked for; refuse it if need be."""
        environ = request.environ
        host = environ.get("HTTP_HOST")
        if not self.address.is_ours(host):
            self.address.warn(host)
            refuse(
                421,
                "this page does not go by the name in the address; it can be added to "
                "http.allowed_hosts",
            )
        self.address.take_prefix(environ)
        if not environ.get("PATH_INFO") and environ.get("SCRIPT_NAME"):
            # Addresses in the page are relative, so it must be seen as a folder.
            folder = quote(environ["SCRIPT_NAME"].rsplit("/", 1)[-1], encoding="latin-1")
            raise HTTPResponse(b"", 308, {"Location": f"{folder}/"})

    def need(self, role: Role) -> Role:
        """Return the caller's role; refuse the request if it is less than ``role``."""
        try:
            standing = self.gate.standing(self.caller)
        except LockedOut as error:
            refuse(429, str(error), Retry_After=str(error.retry_after_s))
        if standing.role < role and standing.is_known:
            refuse(403, "this needs a user with role: admin")
        if standing.role < role:
            refuse(401, "log in as one of http.users", WWW_Authenticate=CHALLENGE)
        return standing.role

    def is_trusted(self) -> bool:
        """Tell whether the caller is on this machine, or a user."""
        caller = self.caller
        if caller.on_loopback:
            return True
        try:
            return self.gate.standing(caller).is_known
        except LockedOut:
            return False

    def look_for(self, camera: str) -> None:
        """Refuse the request if there is no such camera; a stranger is not told which there are."""
        if camera in self.shows:
            return
        try:
            standing = self.gate.standing(self.caller)
        except LockedOut:
            return
        if standing.role >= Role.VIEWER:
            refuse(404, "there is no such camera")

    def encoder(self, camera: str) -> Encoder:
        """Return a camera's encoder; refuse the request if there is no such camera."""
        if camera not in self.encoders:
            refuse(404, f"there is no such camera; there are {', '.join(self.encoders)}")
        return self.encoders[camera]
