"""Asks the pimotion that runs here, if one does: while it has a camera, nobody else can."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from pimotion.config.settings import Settings

_ASK_S = 3.0


@dataclass(frozen=True, slots=True)
class Running:
    """What answers on the page's port.

    Attributes:
        node: Its node.
        is_ours: It is the configuration's node, and not another pimotion.
        cameras: What `/healthz` says of each camera; of another pimotion nothing.
        birth_age_s: How long ago it heard Home Assistant start, seconds; None if it has not.
    """

    node: str
    is_ours: bool
    cameras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    birth_age_s: float | None = None


def running(settings: Settings) -> Running | None:
    """Return what runs where this configuration has its page; None if it is no pimotion."""
    http = settings.http
    try:
        told = _ask(f"{http.scheme}://{http.own_host}:{http.port}/healthz")
    except (OSError, ValueError, RecursionError, HTTPException):  # whoever has the port
        return None
    node, cameras, mqtt = (told.get(name) for name in ("node", "cameras", "mqtt"))
    if not isinstance(node, str) or not isinstance(cameras, dict):
        return None
    if node != settings.node:
        return Running(node, is_ours=False)
    age_s = mqtt.get("birth_age_s") if isinstance(mqtt, dict) else None
    age_s = age_s if isinstance(age_s, int | float) else None
    return Running(node, is_ours=True, cameras=cameras, birth_age_s=age_s)


def _any_certificate() -> ssl.SSLContext:
    """Return what takes any certificate: this machine asks itself, by no name of it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _ask(url: str) -> dict[str, Any]:
    ask = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),  # none: it would ask another machine
        urllib.request.HTTPSHandler(context=_any_certificate()),
    )
    try:
        with ask.open(url, timeout=_ASK_S) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:  # 503 while a camera is offline, with the same body
        with error:
            body = error.read()
    told = json.loads(body)
    return told if isinstance(told, dict) else {}
