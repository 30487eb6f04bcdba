"""The routes: the page, the streams and the stills. A plain WSGI application."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bottle import Bottle, HTTPResponse, request, response

from pimotion.stream import api
from pimotion.stream.answers import FRESH, prepare, refuse
from pimotion.stream.auth import Role
from pimotion.stream.encoder import Encoder, TooMany
from pimotion.stream.grid import ALL
from pimotion.stream.multipart import CONTENT_TYPE, OPENING
from pimotion.stream.query import QueryError, Wish, parameters, wish_of
from pimotion.stream.site import Site
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


def build(site: Site) -> Bottle:
    """Return the application."""
    app = Bottle()
    prepare(app)
    _add_page(app, site)
    api.add_routes(app, site)
    first = next(iter(site.encoders))
    for path in ("/video_feed", "/stream.mjpg"):
        app.get(path, callback=lambda: _stream(site, first))
    app.get("/snapshot.jpg", callback=lambda: _still(site, first))
    app.get("/<camera>/stream.mjpg", callback=lambda camera: _stream(site, camera))
    app.get("/<camera>/snapshot.jpg", callback=lambda camera: _still(site, camera))
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


def _stream(site: Site, camera: str) -> Iterable[bytes]:
    encoder, wish = _asked(site, camera)
    for name, value in {**FRESH, "X-Accel-Buffering": "no", "Content-Type": CONTENT_TYPE}.items():
        response.set_header(name, value)
    if request.method == "HEAD":
        return iter([OPENING])  # never sent; without any bytes bottle would add a length of 0
    try:
        viewing = encoder.watch(wish, request.environ.get("REMOTE_ADDR", ""))
    except TooMany as error:
        refuse(503, str(error), Retry_After=_RETRY_AFTER_S)
    connection = request.environ.get(CONNECTION)
    if connection is None:
        return viewing
    connection.hand_over(viewing)
    return iter([viewing.opening])


def _still(site: Site, camera: str) -> HTTPResponse:
    encoder, wish = _asked(site, camera)
    part = encoder.still(wish.variant)
    headers = {**FRESH, "Content-Type": "image/jpeg"}
    if part.utc_s is not None:
        headers["X-Timestamp"] = f"{part.utc_s:.6f}"
    return HTTPResponse(part.jpeg, 200, headers)


def _asked(site: Site, camera: str) -> tuple[Encoder, Wish]:
    """Return what a request for pictures asks for; refuse it if it may not or cannot have that."""
    given: dict[str, str] = {}
    problem: QueryError | None = None
    try:
        given = parameters(request.query_string, _PICTURE_PARAMETERS)
    except QueryError as error:
        problem = error  # told only to those who may know anything
    cameras = tuple(site.encoders) if camera == ALL else (camera,)
    if not all(site.gate.opens(given.get("token"), each) for each in cameras):
        site.need(Role.VIEWER)
    encoder = site.grid if camera == ALL else site.encoder(camera)
    try:
        if problem is not None:
            raise problem
        return encoder, wish_of(given, encoder.show.settings, request.headers)
    except QueryError as error:
        refuse(400, str(error))
