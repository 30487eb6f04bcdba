"""Every setting, typed, with its range, its default and one line of help.

Knows nothing of files: `pimotion.config.file` reads YAML into these types. The names, the help
texts and the ranges here are the source of `config/pimotion.yml`, `docs/configuration.md` and the
JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator

from pimotion import passwords
from pimotion.config.camera import Camera
from pimotion.config.values import (
    DATE_PATTERN,
    DISCOVERY_PATTERN,
    ORIGIN_PATTERN,
    PATTERN_WORDS,
    PREFIX_PATTERN,
    TOPIC_PATTERN,
    URL_PATTERN,
    USER_PATTERN,
    Host,
    Id,
    NodeId,
    Port,
    Secret,
    Section,
    Size,
    Text,
    default_node,
)

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  only recognised here
"""A wildcard is no address to visit; this machine's own is."""


class MqttTls(Section):
    """Encryption to the broker."""

    enabled: bool = Field(False, strict=True)
    """Use TLS; the certificate and the host name are checked."""
    ca: Text | None = None
    """File with the broker's certificate authority (PEM); null: the system's."""
    cert: Text | None = None
    """File with our own certificate (PEM), for brokers that ask for one."""
    key: Text | None = None
    """File with the key of `cert` (PEM)."""
    insecure: bool = Field(False, strict=True)
    """Accept any certificate: anyone in between can read and forge. Warned of at each start."""


class Mqtt(Section):
    """The broker and Home Assistant's discovery."""

    host: Host = "embedded"
    """Name or address of the broker; `embedded` starts a private mosquitto on 127.0.0.1."""
    port: Port = 1883
    """Port of the broker; 8883 is usual with TLS."""
    username: Text | None = None
    """Login at the broker."""
    password: Secret | None = None
    """Password at the broker; better `!file PATH` or `!env NAME` than in clear."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """MQTT version; auto tries 5 and falls back to 3.1.1."""
    tls: MqttTls = MqttTls()
    prefix: Annotated[
        str, StringConstraints(strict=True, max_length=64, pattern=PREFIX_PATTERN)
    ] = "pimotion"
    """First part of every topic."""
    commands: bool = Field(True, strict=True)
    """Accept commands by MQTT (switches and numbers in Home Assistant)."""
    discovery: bool = Field(True, strict=True)
    """Announce the cameras to Home Assistant."""
    discovery_prefix: Annotated[
        str, StringConstraints(strict=True, max_length=64, pattern=DISCOVERY_PATTERN)
    ] = "homeassistant"
    """Where Home Assistant listens for discovery."""
    birth_topic: Annotated[
        str, StringConstraints(strict=True, max_length=128, pattern=TOPIC_PATTERN)
    ] = "homeassistant/status"
    """Where Home Assistant says that it has started."""


class HttpUser(Section):
    """Someone who may log in to the page."""

    name: Annotated[str, StringConstraints(strict=True, max_length=64, pattern=USER_PATTERN)]
    """Login name."""
    password: Secret
    """Password, 8 characters or more, or its hash (`python -m pimotion.passwords` makes one)."""
    role: Literal["viewer", "admin"] = "viewer"
    """A viewer looks, an admin also changes."""

    @field_validator("password")
    @classmethod
    def _usable(cls, value: Secret) -> Secret:
        text = value.reveal()
        if text.startswith(passwords.PREFIX):
            passwords.PasswordHash.parse(text)
        elif len(text) < passwords.SHORTEST:
            raise ValueError(f"must have {passwords.SHORTEST} characters or more")
        return value


class HttpToken(Section):
    """A secret in a URL that opens the stream and the stills of some cameras, nothing else."""

    name: Text
    """What it is for; messages call it so."""
    token: Secret
    """The secret, 16 characters or more."""
    cameras: tuple[Id, ...] = ()
    """Cameras it opens; empty: all."""
    expires: Annotated[str, StringConstraints(strict=True, pattern=DATE_PATTERN)] | None = None
    """Last day it works, such as 2027-12-31 (UTC); null: for ever."""

    @field_validator("expires")
    @classmethod
    def _real_day(cls, value: str | None) -> str | None:
        try:
            date.fromisoformat(value or "2027-12-31")
        except ValueError:
            raise ValueError(f"must be {PATTERN_WORDS[DATE_PATTERN]}, got {value}") from None
        return value

    @field_validator("token")
    @classmethod
    def _long_enough(cls, value: Secret) -> Secret:
        if len(value.reveal()) < 16:  # noqa: PLR2004  what docs/configuration.md promises
            raise ValueError("must have 16 characters or more")
        return value


class HttpTls(Section):
    """Encryption of the page and the live streams: TLS 1.2 or later, and then nothing else."""

    cert: Text | None = None
    """File with the certificate and its chain (PEM), such as fullchain.pem; null: plain HTTP."""
    key: Text | None = None
    """File with the key of `cert` (PEM), such as privkey.pem; without a passphrase."""


class Http(Section):
    """The page and the live streams."""

    host: Host = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is everywhere, and needs `users`, `tokens` or `open`."""
    port: Annotated[int, Field(ge=0, le=65535, strict=True)] = 8080
    """Port to listen on; 0 takes a free one."""
    users: tuple[HttpUser, ...] = ()
    """Who may log in; empty: nobody has to, unless there are `tokens`."""
    tokens: tuple[HttpToken, ...] = ()
    """Secrets that open streams and stills by URL (`?token=...`)."""
    tls: HttpTls = HttpTls()
    open: bool = Field(False, strict=True)
    """Let everyone who reaches `host` see the pictures without a login. Write it down if meant."""
    max_viewers: Annotated[int, Field(ge=1, le=1000, strict=True)] = 64
    """Most streams at one time; further ones are answered 503."""
    public_url: (
        Annotated[str, StringConstraints(strict=True, max_length=256, pattern=URL_PATTERN)] | None
    ) = None
    """Address of the page as others reach it, for the link in Home Assistant; behind a reverse
    proxy with its path."""
    allowed_hosts: tuple[Host, ...] = ()
    """Names by which the page may be asked for, beside loopback; empty: addresses, names of home
    networks such as pi.local, this machine's name and that of `public_url`."""
    frame_ancestors: tuple[
        Annotated[str, StringConstraints(strict=True, max_length=256, pattern=ORIGIN_PATTERN)], ...
    ] = ()
    """Pages that may show this one in a frame, such as http://homeassistant.local:8123; empty:
    none."""

    @property
    def scheme(self) -> str:
        """How the page's address begins on this machine."""
        return "http" if self.tls.cert is None else "https"

    @property
    def own_host(self) -> str:
        """By what this machine itself reaches the page, as it stands in an address."""
        bare = self.host.strip("[]")
        host = _EVERYWHERE.get(bare, bare)
        return f"[{host}]" if ":" in host else host

    @field_validator("public_url")
    @classmethod
    def _real_url(cls, value: str | None) -> str | None:
        try:
            _ = urlsplit(value or "").port
        except ValueError:
            raise ValueError(f"must be {PATTERN_WORDS[URL_PATTERN]} and a host") from None
        return value


class Storage(Section):
    """How much is remembered."""

    events_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = 30
    """Events older than this are forgotten, days."""
    max_bytes: Annotated[Size, Field(ge=1_000_000)] = 2_000_000_000
    """Most that events and their stills take; the oldest go first."""
    min_free_bytes: Annotated[Size, Field(ge=0)] = 1_000_000_000
    """Space to leave free on the disk; the oldest events go first."""


class Settings(Section):
    """The whole configuration."""

    node: NodeId = Field(default_factory=default_node)
    """Name of this machine in topics and entities; by default the first label of the host name."""
    state_dir: Text | None = None
    """Where events and state are kept; null: $STATE_DIRECTORY, else ~/.local/state/pimotion."""
    mqtt: Mqtt = Mqtt()
    http: Http = Http()
    cameras: Annotated[Mapping[Id, Camera], Field(min_length=1)]
    """The cameras, by id."""
    storage: Storage = Storage()
