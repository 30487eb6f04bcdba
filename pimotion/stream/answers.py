"""What answers have in common: headers, errors in one line of text, JSON, stills, OPTIONS."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from email.utils import formatdate
from typing import Any, NoReturn

from bottle import Bottle, HTTPError, HTTPResponse, request, response

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Headers of every answer."""

_POLICY = "default-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'; "

FRESH = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""Headers of what may never be kept by a cache: pictures of a home, and what is true now."""


def prepare(app: Bottle, frame_ancestors: Sequence[str]) -> None:
    """Give every answer of an application the security headers, and its errors plain words.

    Args:
        app: The application.
        frame_ancestors: Who may show it in a frame, as in `http.frame_ancestors`.
    """
    headers = {**SECURITY, **_frame_headers(frame_ancestors)}
    app.add_hook("after_request", lambda: _add_headers(headers))
    app.default_error_handler = lambda error: _error_line(error, headers)


def refuse(status: int, text: str, **headers: str) -> NoReturn:
    """End the request with a status and a line of text; ``Retry_After`` is ``Retry-After``."""
    raise HTTPError(
        status, text, **{name.replace("_", "-"): value for name, value in headers.items()}
    )


def header(name: str) -> str | None:
    """Return a header of the request, a letter for each byte; bottle fails if it is no UTF-8."""
    value: str | None = request.environ.get(f"HTTP_{name.upper().replace('-', '_')}")
    return value


def as_json(value: Any, status: int = 200) -> HTTPResponse:
    """Return an answer in JSON that no cache keeps."""
    # A file's name that is no UTF-8 has half a surrogate pair, which cannot be written.
    body = json.dumps(value, ensure_ascii=False).encode(errors="replace")
    return HTTPResponse(body, status, {**FRESH, "Content-Type": "application/json"})


def as_still(
    jpeg: bytes, headers: Mapping[str, str], *, utc_s: float | None = None
) -> HTTPResponse:
    """Return a JPEG; or, if the client says that it has this very one, that it has not changed.

    Args:
        jpeg: The picture.
        headers: What else to say.
        utc_s: When it was captured, for those who look at ``Last-Modified``. Nobody is answered by
            that time: there may be many pictures in a second.
    """
    tag = f'"{hashlib.blake2b(jpeg, digest_size=12).hexdigest()}"'
    headers = {**headers, "ETag": tag}
    if utc_s is not None:
        headers["X-Timestamp"] = f"{utc_s:.6f}"
        headers["Last-Modified"] = formatdate(utc_s, usegmt=True)
    if _has_one_of(header("If-None-Match") or "", tag):
        return HTTPResponse(b"", 304, headers)
    return HTTPResponse(jpeg, 200, {**headers, "Content-Type": "image/jpeg"})


def add_options(app: Bottle, look_for: Callable[[str], None]) -> None:
    """Let OPTIONS tell what may be done with each address; call it when all are there.

    It gives nobody leave to read an answer on another web site (CORS).

    Args:
        app: The application.
        look_for: Refuses the request if there is no such camera.
    """

    def tell(headers: Mapping[str, str], camera: str | None) -> HTTPResponse:
        if camera is not None:
            look_for(camera)
        return HTTPResponse(b"", 204, headers)

    methods: dict[str, set[str]] = {}
    for route in app.routes:
        methods.setdefault(route.rule, {"OPTIONS"}).add(route.method)
    for rule, allowed in methods.items():
        headers = {"Allow": _allow(allowed)}
        app.route(
            rule,
            "OPTIONS",
            callback=lambda headers=headers, camera=None, **_: tell(headers, camera),
        )


def _allow(methods: Collection[str]) -> str:
    """Return the value of ``Allow``; who answers GET answers HEAD, which bottle does not say."""
    with_head = {*methods, "HEAD"} if "GET" in methods else methods
    return ", ".join(sorted(with_head))


def _has_one_of(tags: str, tag: str) -> bool:
    """Tell whether an ``If-None-Match`` names a tag; weak ones count too (RFC 9110, 13.1.2)."""
    return tags.strip() == "*" or tag in (
        each.strip().removeprefix("W/") for each in tags.split(",")
    )


def _frame_headers(ancestors: Sequence[str]) -> dict[str, str]:
    if not ancestors:
        policy = f"{_POLICY}frame-ancestors 'none'"
        return {"Content-Security-Policy": policy, "X-Frame-Options": "DENY"}
    # X-Frame-Options knows no list, and would win over ours in old browsers.
    names = " ".join("'self'" if each == "self" else each for each in ancestors)
    return {"Content-Security-Policy": f"{_POLICY}frame-ancestors {names}"}


def _add_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        response.set_header(name, value)


def _error_line(error: HTTPError, headers: Mapping[str, str]) -> str:
    _add_headers(headers)  # after a bug bottle calls no hook
    response.content_type = "text/plain; charset=UTF-8"
    response.set_header("Cache-Control", "no-store")
    if error.status_code == 405:  # noqa: PLR2004
        response.set_header("Allow", _allow(response.get_header("Allow", "").split(",")))
    # bottle's own texts echo the path, and a bug's text is nobody's business.
    if error.status_code == 404 and "Not found:" in str(error.body):  # noqa: PLR2004
        return "there is nothing here\n"
    if error.status_code == 500:  # noqa: PLR2004
        return "something went wrong in pimotion; its log says what\n"
    return f"{error.body}\n"
