"""The routes: the page, the streams and the stills. A plain WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bottle import Bottle, HTTPResponse, request, response

from pimotion.stream import api
from pimotion.stream.answers import FRESH, add_options, as_still, header, prepare, refuse
from pimotion.stream.encoder import Encoder, TooMany
from pimotion.stream.grid import ALL
from pimotion.stream.multipart import CONTENT_TYPE, OPENING
from pimotion.stream.query import QueryError, Wish, parameters, token_of, wish_of
from pimotion.stream.site import Site
from pimotion.stream.users import Role
from pimotion.stream.viewer import CONNECTION

_PAGE = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=UTF-8",
    ".css": "text/css; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
    ".svg": "image/svg+xml",
}
_PICTURE_PARAMETERS = ("fps", "width", "quality", "overlay", "advance", "token")
_RETRY_AFTER_S = "5"

_ANY_SITE = {"Access-Control-Allow-Origin": "*"}
"""Who knows a token may use the pictures on a page of his own. Without a token that would let every
web page read the pictures of a home that asks for no login."""


def build(site: Site, frame_ancestors: Sequence[str] = ()) -> Bottle:
    """Return the application.

    Args:
        site: What it shows.
        frame_ancestors: Who may show its page in a frame.
    """
    app = Bottle()
    prepare(app, frame_ancestors)
    app.add_hook("before_request", site.enter)
    _add_page(app, site)
    api.add_routes(app, site)
    first = next(iter(site.encoders))
    for path in ("/video_feed", "/stream.mjpg"):
        app.get(path, callback=lambda: _stream(site, first))
    app.get("/snapshot.jpg", callback=lambda: _still(site, first))
    app.get("/<camera>/stream.mjpg", callback=lambda camera: _stream(site, camera))
    app.get("/<camera>/snapshot.jpg", callback=lambda camera: _still(site, camera))
    add_options(app, site.look_for)
    return app


def _add_page(app: Bottle, site: Site) -> None:
    """Serve the files of the page, read once: what is on the disk later changes nothing."""
    files = {path.name: path.read_bytes() for path in _PAGE.iterdir() if path.suffix in _TYPES}

    def give(name: str) -> HTTPResponse:
        site.need(Role.VIEWER)
        if name not in files:
            refuse(404, "there is nothing here")
        headers = {"Content-Type": _TYPES[Path(name).suffix], "Cache-Control": "no-cache"}
        return HTTPResponse(files[name], 200, headers)

    app.get("/", callback=lambda: give("index.html"))
    app.get("/static/<name>", callback=give)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for pictures that may be answered.

    Attributes:
        headers: Of the answer.
        may_stay: Tells whether what opened the pictures still does.
    """

    encoder: Encoder
    wish: Wish
    headers: Mapping[str, str]
    may_stay: Callable[[], bool] | None


def _stream(site: Site, camera: str) -> Iterable[bytes]:
    asked = _asked(site, camera)
    headers = {**asked.headers, "X-Accel-Buffering": "no", "Content-Type": CONTENT_TYPE}
    for name, value in headers.items():
        response.set_header(name, value)
    try:
        if request.method == "HEAD":
            asked.encoder.check(asked.wish)
            return iter([OPENING])  # never sent; without any bytes bottle would add a length of 0
        viewing = asked.encoder.watch(asked.wish, site.caller.address)
    except TooMany as error:
        refuse(503, str(error), Retry_After=_RETRY_AFTER_S)
    if asked.may_stay is not None:
        viewing.may_stay = asked.may_stay
    connection = request.environ.get(CONNECTION)
    if connection is None:
        return viewing
    connection.hand_over(viewing)
    return iter([viewing.opening])


def _still(site: Site, camera: str) -> HTTPResponse:
    asked = _asked(site, camera)
    part = asked.encoder.still(asked.wish.variant)
    return as_still(part.jpeg, asked.headers, utc_s=part.utc_s)


def _asked(site: Site, camera: str) -> _Asked:
    """Return what a request for pictures asks for; refuse it if it may not or cannot have that."""
    headers, may_stay = FRESH, None
    shown = tuple(site.encoders) if camera == ALL else (camera,)
    opens = partial(site.gate.opens, token_of(request.query_string), shown)
    if opens():
        headers, may_stay = {**FRESH, **_ANY_SITE}, opens  # users do not expire
    else:
        site.need(Role.VIEWER)
    encoder = site.grid if camera == ALL else site.encoder(camera)
    try:
        given = parameters(request.query_string, _PICTURE_PARAMETERS)
        wish = wish_of(given, encoder.show.settings, header)
    except QueryError as error:
        refuse(400, str(error))
    return _Asked(encoder, wish, headers, may_stay)
