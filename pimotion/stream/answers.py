"""What every answer has in common: its headers, its errors in one line of text, JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from bottle import Bottle, HTTPError, HTTPResponse, response

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
}

FRESH = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""Headers of what may never be kept by a cache: pictures of a home, and what is true now."""


def prepare(app: Bottle) -> None:
    """Give every answer of an application the security headers, and its errors plain words."""
    app.add_hook("after_request", _add_security_headers)
    app.default_error_handler = _error_line


def refuse(status: int, text: str, **headers: str) -> NoReturn:
    """End the request with a status and a line of text; ``Retry_After`` is ``Retry-After``."""
    raise HTTPError(
        status, text, **{name.replace("_", "-"): value for name, value in headers.items()}
    )


def as_json(value: Any, status: int = 200) -> HTTPResponse:
    """Return an answer in JSON that no cache keeps."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return HTTPResponse(body, status, {**FRESH, "Content-Type": "application/json"})


def _add_security_headers() -> None:
    for name, value in _SECURITY.items():
        response.set_header(name, value)


def _error_line(error: HTTPError) -> str:
    response.content_type = "text/plain; charset=UTF-8"
    response.set_header("Cache-Control", "no-store")
    # bottle's own texts echo the path, and a bug's text is nobody's business.
    if error.status_code == 404 and "Not found:" in str(error.body):  # noqa: PLR2004
        return "there is nothing here\n"
    if error.status_code == 500:  # noqa: PLR2004
        return "something went wrong in pimotion; its log says what\n"
    return f"{error.body}\n"
