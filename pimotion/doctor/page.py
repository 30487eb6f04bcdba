"""Looks whether the page can have its port, and what its certificate is worth."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from pimotion.config.certificate import look_at
from pimotion.config.settings import Http, Settings
from pimotion.config.tls_files import Unusable
from pimotion.doctor.report import Check, Verdict
from pimotion.doctor.running import Running
from pimotion.errors import StartError
from pimotion.stream.port import bound

_NAME = "page"
_RENEW_DAYS = 14


def page(settings: Settings, other: Running | None) -> Check:
    """Open the port for a moment; ``other`` is what answers there already."""
    http = settings.http
    if other is not None and other.is_ours:
        return Check(_NAME, Verdict.OK, f"the running pimotion has it, on port {http.port}")
    if other is not None:
        found = f"another pimotion, node {other.node}, has port {http.port}"
        return Check(_NAME, Verdict.FAILED, found, "stop it, or choose another http.port")
    try:
        bound(http.host, http.port).close()
    except StartError as error:
        advice = f"`sudo ss -ltnp 'sport = :{http.port}'` names who has a port"
        return Check(_NAME, Verdict.FAILED, str(error), advice)
    return Check(_NAME, Verdict.OK, f"port {http.port} on {http.host} is free for it")


def certificate(http: Http) -> Iterator[Check]:
    """Look at the page's certificate as a browser would; nothing where there is none."""
    if http.tls.cert is None:
        return
    name = "certificate"
    try:
        found = look_at(http.tls)
    except Unusable as error:  # it has changed since the configuration was read
        yield Check(name, Verdict.FAILED, str(error))
        return
    told = f"for {', '.join(found.names) or 'no name'}"
    if found.doubt is not None:
        yield Check(name, Verdict.NOTE, f"clients refuse it: {found.doubt}", "renew http.tls.cert")
        return
    if found.days_left is not None:
        told = f"{told}, {found.days_left:.0f} days left"
        if found.days_left < _RENEW_DAYS:
            yield Check(name, Verdict.NOTE, told, "renew it, then reload pimotion")
            return
    asked = urlsplit(http.public_url or "").hostname
    if asked and not any(fnmatchcase(asked, each.lower()) for each in found.names):
        advice = f"get one for {asked}, the name in http.public_url"
        yield Check(name, Verdict.NOTE, told, advice)
        return
    yield Check(name, Verdict.OK, told)
