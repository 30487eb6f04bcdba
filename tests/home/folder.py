"""The configuration folder of a Home Assistant that is past its first steps: owner, token, broker.

What is written here is what Home Assistant 2026.11 writes itself after somebody has clicked through
its onboarding and added MQTT; so a test need not click.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_TEN_YEARS_S = 315_360_000


def write_folder(folder: Path, *, port: int, broker_port: int) -> str:
    """Write the folder; return a token that opens every door of the API."""
    store = folder / ".storage"
    store.mkdir(parents=True)
    now = datetime.now(UTC)
    auth, token = _auth(now)
    _store(store, "auth", auth)
    _store(store, "onboarding", {"done": _ONBOARDED}, version=4)
    _store(store, "core.config", _place(port), minor=4)
    _store(store, "http", _http(port, now), version=3)
    _store(store, "core.config_entries", {"entries": _entries(broker_port, now)}, minor=5)
    (folder / "tmp").mkdir()
    (folder / "automations.yaml").write_text("[]\n")
    (folder / "configuration.yaml").write_text(
        "logger:\n  default: info\nautomation: !include automations.yaml\n"
    )
    return token


_ONBOARDED = ["user", "core_config", "analytics", "integration"]


def _store(folder: Path, key: str, data: Any, *, version: int = 1, minor: int = 1) -> None:
    whole = {"version": version, "minor_version": minor, "key": key, "data": data}
    (folder / key).write_text(json.dumps(whole))


def _auth(now: datetime) -> tuple[dict[str, Any], str]:
    """Return an owner with a long-lived token, and the token."""
    user, token_id, key = (secrets.token_hex(size) for size in (16, 16, 64))
    owner = {
        "id": user,
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "name": "Owner",
        "system_generated": False,
        "local_only": False,
    }
    names = {"admin": "Administrators", "users": "Users", "read-only": "Read Only"}
    groups = [{"id": f"system-{each}", "name": name} for each, name in names.items()]
    refresh = {
        "id": token_id,
        "user_id": user,
        "client_id": None,
        "client_name": "tests",
        "client_icon": None,
        "token_type": "long_lived_access_token",
        "created_at": now.isoformat(),
        "access_token_expiration": float(_TEN_YEARS_S),
        "token": secrets.token_hex(64),
        "jwt_key": key,
        "last_used_at": None,
        "last_used_ip": None,
        "expire_at": None,
        "credential_id": None,
        "version": None,
    }
    auth = {"users": [owner], "groups": groups, "credentials": [], "refresh_tokens": [refresh]}
    issued_s = int(now.timestamp())
    claims = {"iss": token_id, "iat": issued_s, "exp": issued_s + _TEN_YEARS_S}
    return auth, _signed(claims, key)


def _signed(claims: dict[str, Any], key: str) -> str:
    """Return a JSON Web Token (RFC 7519, HS256)."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    body = b".".join(map(_base64, parts))
    signature = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return (body + b"." + _base64(signature)).decode()


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _place(port: int) -> dict[str, Any]:
    return {
        "latitude": 52.0,
        "longitude": 5.0,
        "elevation": 0,
        "unit_system_v2": "metric",
        "location_name": "Tests",
        "time_zone": "UTC",
        "external_url": None,
        "internal_url": f"http://127.0.0.1:{port}",
        "currency": "EUR",
        "country": "NL",
        "language": "en",
        "radius": 100,
    }


def _http(port: int, now: datetime) -> dict[str, Any]:
    http = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern_v4",
        "use_x_frame_options": True,
        "created_at": now.isoformat(),
        "error": None,
        "error_message": None,
    }
    return {"stable": http, "pending": None, "yaml_migration_done": True}


def _entries(broker_port: int, now: datetime) -> list[dict[str, Any]]:
    broker = {"broker": "127.0.0.1", "port": broker_port, "protocol": "5", "keepalive": 15}
    mqtt = {
        "data": broker,
        "options": {"discovery": True, "discovery_prefix": "homeassistant"},
        "version": 2,
    }
    # A disabled marketplace keeps Home Assistant from making its own, which looks for the internet.
    market = {"data": {}, "options": {}, "version": 1, "disabled_by": "user"}
    return [_entry("mqtt", now, mqtt), _entry("marketplace", now, market)]


def _entry(domain: str, now: datetime, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "created_at": now.isoformat(),
        "modified_at": now.isoformat(),
        "discovery_keys": {},
        "disabled_by": None,
        "domain": domain,
        "entry_id": secrets.token_hex(13).upper(),
        "minor_version": 1,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": domain,
        "unique_id": None,
        **more,
    }
