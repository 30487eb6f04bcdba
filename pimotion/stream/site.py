"""What all routes share: the cameras, the news, and who may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bottle import request

from pimotion.stream.answers import refuse
from pimotion.stream.auth import CHALLENGE, Caller, Gate, Role, caller_of
from pimotion.stream.board import Board
from pimotion.stream.encoder import Encoder
from pimotion.types import Command, EventLog


@dataclass(frozen=True)
class Site:
    """What the routes show and use.

    Attributes:
        encoders: By camera id, in the order of the configuration.
        grid: Of all cameras in one picture.
        commands: Takes a wish to change a setting.
    """

    encoders: Mapping[str, Encoder]
    grid: Encoder
    board: Board
    gate: Gate
    events: EventLog
    commands: Callable[[Command], None]

    @property
    def caller(self) -> Caller:
        """Who sent the request that this thread answers."""
        return caller_of(request.environ)

    def need(self, role: Role) -> Role:
        """Return the caller's role; refuse the request if it is less than ``role``."""
        has = self.gate.role(self.caller)
        if has < role and self.gate.is_logged_in(self.caller):
            refuse(403, "this needs a user with role: admin")
        if has < role:
            refuse(401, "log in as one of http.users", WWW_Authenticate=CHALLENGE)
        return has

    def encoder(self, camera: str) -> Encoder:
        """Return a camera's encoder; refuse the request if there is no such camera."""
        if camera not in self.encoders:
            refuse(404, f"there is no such camera; there are {', '.join(self.encoders)}")
        return self.encoders[camera]
