"""The routes for programs: health, figures, state, viewers, events, and what can be changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from bottle import Bottle, HTTPResponse, request

from pimotion.errors import EventsUnreadable
from pimotion.settable import BadValue
from pimotion.stream.answers import FRESH, as_json, as_still, header, refuse
from pimotion.stream.auth import CHALLENGE
from pimotion.stream.metrics import CONTENT_TYPE as METRICS_TYPE
from pimotion.stream.metrics import Metrics
from pimotion.stream.query import OVERLAYS, QueryError, parameters, whole_number
from pimotion.stream.site import Site
from pimotion.stream.users import Role
from pimotion.stream.viewer import ViewerInfo
from pimotion.types import Command, Reset
from pimotion.why_not import RULES

_ID = "re:[A-Za-z0-9_.:-]{1,80}"
_MAX_EVENTS = 200
_USUAL_EVENTS = 50


def add_routes(app: Bottle, site: Site) -> None:
    """Add the routes to an application."""
    app.get("/healthz", callback=lambda: _health(site))
    metrics = Metrics(site.board, site.shows)
    app.get("/metrics", callback=lambda: _metrics(site, metrics))
    app.get("/api/state", callback=lambda: _state(site))
    app.get("/api/viewers", callback=lambda: _viewers(site))
    app.get("/api/rules", callback=lambda: _rules(site))
    app.get("/api/events", callback=lambda: _events(site))
    app.get(f"/api/events/<event:{_ID}>/snapshot.jpg", callback=lambda event: _still(site, event))
    app.post(
        "/api/cameras/<camera>/<setting>",
        callback=lambda camera, setting: _change(site, camera, setting),
    )


def _health(site: Site) -> HTTPResponse:
    health = site.board.health(details=site.is_trusted())
    return as_json(health, 200 if site.board.is_well() else 503)


def _metrics(site: Site, metrics: Metrics) -> HTTPResponse:
    if not site.is_trusted():
        refuse(401, "log in as one of http.users", WWW_Authenticate=CHALLENGE)
    return HTTPResponse(metrics.text(), 200, {**FRESH, "Content-Type": METRICS_TYPE})


def _state(site: Site) -> HTTPResponse:
    role = site.need(Role.VIEWER)
    all_at_once = site.grid.viewers  # each of them sees every camera
    viewers = {camera: each.viewers + all_at_once for camera, each in site.encoders.items()}
    return as_json({**site.board.state(viewers), "admin": role is Role.ADMIN})


def _viewers(site: Site) -> HTTPResponse:
    """Say who watches what; where they are is for admins."""
    is_admin = site.need(Role.VIEWER) is Role.ADMIN
    return as_json(
        [
            _viewer(camera, viewer, address=viewer.address if is_admin else None)
            for camera, encoder in site.shows.items()
            for viewer in encoder.viewings()
        ]
    )


def _viewer(camera: str, viewer: ViewerInfo, *, address: str | None) -> dict[str, Any]:
    variant = viewer.variant
    return {
        "camera": camera,
        "address": address,
        "width": variant.width,
        "quality": variant.quality,
        "overlay": [name for name in OVERLAYS if name in variant.overlays],
        "max_fps": viewer.wish.fps,
        "fps": None if viewer.fps is None else round(viewer.fps, 1),
        "sent": viewer.sent,
        "skipped": viewer.skipped,
        "age_s": round(viewer.age_s, 1),
    }


def _rules(site: Site) -> HTTPResponse:
    """Say in words what each rule means that keeps a change from counting."""
    site.need(Role.VIEWER)
    return as_json({name: asdict(rule) for name, rule in RULES.items()})


def _events(site: Site) -> HTTPResponse:
    site.need(Role.VIEWER)
    try:
        given = parameters(request.query_string, ("camera", "before", "limit"))
        limit = whole_number(given, "limit", 1, _MAX_EVENTS) or _USUAL_EVENTS
    except QueryError as error:
        refuse(400, str(error))
    camera = given.get("camera")
    if camera is not None:
        site.encoder(camera)
    try:
        rows = site.events.recent(camera=camera, before=given.get("before"), limit=limit)
    except EventsUnreadable as error:
        refuse(503, str(error))
    return as_json(list(rows))


def _still(site: Site, event: str) -> HTTPResponse:
    site.need(Role.VIEWER)
    jpeg = site.events.still(event)
    if jpeg is None:
        refuse(404, "there is no picture of this event")
    return as_still(jpeg, FRESH)


def _change(site: Site, camera: str, setting: str) -> HTTPResponse:
    """Ask for something of a camera; its state follows when that has been done."""
    site.need(Role.ADMIN)
    _from_our_page(site)
    site.encoder(camera)
    tuning = site.board.tuning(camera)
    if setting not in tuning.names:
        refuse(404, f"there is no such setting; there are {', '.join(tuning.names)}")
    body = _body()
    if setting in tuning.configured and body.get("reset") is True and len(body) == 1:
        return _requested(site, Reset(camera, setting), tuning.configured[setting])
    if set(body) != {"value"}:
        refuse(400, 'the body must be {"value": ...}, or of a setting with a state {"reset": true}')
    try:
        value = tuning.check(setting, body["value"])
    except BadValue as error:
        refuse(400, f"{setting} {error}")
    return _requested(site, Command(camera, setting, value), value)


def _requested(site: Site, wish: Command | Reset, value: bool | float) -> HTTPResponse:
    """Hand a wish on; say what was requested only if somebody will do it."""
    if not site.commands(wish):
        refuse(503, "pimotion is stopping or starting anew: ask again in a moment")
    return as_json({"requested": value}, 202)


def _from_our_page(site: Site) -> None:
    """Refuse a changing call that another web site made the browser send.

    Such a site cannot send JSON without asking us first, which we never allow, and every current
    browser says where a call comes from.
    """
    origin = header("Origin")
    usual = "none" if origin is None else _site_of(site, origin)
    if (header("Sec-Fetch-Site") or usual) not in ("same-origin", "none"):
        refuse(403, "calls that change something must come from pimotion's own page")
    if request.content_type.split(";")[0].strip().lower() != "application/json":
        refuse(415, "the body must be JSON, Content-Type: application/json")


def _site_of(site: Site, origin: str) -> str:
    """Return what a browser that says only ``Origin`` would have said in ``Sec-Fetch-Site``."""
    is_ours = site.address.is_own_origin(origin, header("Host"))
    return "same-origin" if is_ours else "cross-site"


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.body.read())
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
