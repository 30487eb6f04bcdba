"""Looks whether the page can have its port."""

from __future__ import annotations

from pimotion.config.settings import Settings
from pimotion.doctor.report import Check, Verdict
from pimotion.doctor.running import Running
from pimotion.errors import StartError
from pimotion.stream.port import bound

_NAME = "page"


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
