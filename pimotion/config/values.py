"""The kinds of value that settings have: secrets, sizes, ratios, ids, polygons."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema

RESERVED_IDS = frozenset({"all", "api", "healthz", "metrics", "static"})
ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"
NODE_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"
TEXT_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
HOST_PATTERN = r"^[A-Za-z0-9_.:%\[\]-]+$"
PREFIX_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
DISCOVERY_PATTERN = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"
TOPIC_PATTERN = r"^[^#+\x00-\x1f\x7f-\x9f]+$"
USER_PATTERN = r"^[^:\x00-\x1f\x7f-\x9f]+$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
URL_PATTERN = r"^https?://[^\s/]\S*$"
ORIGIN_PATTERN = r"^(self|https?://([A-Za-z0-9_.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?)$"

PATTERN_WORDS: Mapping[str, str] = {
    ID_PATTERN: "lower-case letters, digits, _ and -, 32 at most, the first no _ or -",
    NODE_PATTERN: "lower-case letters, digits and -, 32 at most, the first no -",
    TEXT_PATTERN: "one line of text",
    HOST_PATTERN: "a host name or an address",
    PREFIX_PATTERN: "letters, digits, _ and -",
    DISCOVERY_PATTERN: "letters, digits, _ and -, with / between levels",
    TOPIC_PATTERN: "a topic without # and +",
    USER_PATTERN: "text without a colon",
    DATE_PATTERN: "a date such as 2027-12-31",
    URL_PATTERN: "a URL that begins with http:// or https://",
    ORIGIN_PATTERN: "self, or http:// or https:// and a host, without a path",
}
"""What each pattern asks for, in words that follow \"must be\"."""

SIZE_PATTERN = r"([0-9]{1,15}(\.[0-9]{1,15})?) ?([kKmMgGtT]?[bB])"
MIN_CORNERS = 3
MAX_CORNERS = 100

_FLAT = 1e-9
"""Twice the area, as a share of the frame, under which a polygon holds no pixel of any camera."""

_SIZE_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


class Secret(str):
    """A text that shows itself only through `reveal`; in every print and log it is ``***``."""

    __slots__ = ()

    def reveal(self) -> str:
        """Return the text itself."""
        return str.__str__(self)

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "'***'"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strict=True, min_length=1, max_length=1024),
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "format": "password"}


class _InBytes:
    """Lets a number of bytes be written as ``2GB`` or ``200kB``, powers of 1000."""

    @staticmethod
    def __get_pydantic_core_schema__(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_parse_size, handler(source))

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "format": "bytes"}


def _parse_size(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(SIZE_PATTERN, value)
    if match is None:
        raise ValueError("must be a size such as 200kB, 50MB or 2GB")
    return round(float(match[1]) * _SIZE_UNITS[match[3].lower()])


def size_text(size_bytes: int) -> str:
    """Return a number of bytes as `Size` reads it: ``2GB``."""
    for unit in ("TB", "GB", "MB", "kB"):
        whole, rest = divmod(size_bytes, _SIZE_UNITS[unit.lower()])
        if whole and not rest:
            return f"{whole}{unit}"
    return str(size_bytes)


def _check_corners(value: Any) -> Any:
    if isinstance(value, list | tuple) and MIN_CORNERS <= len(value) <= MAX_CORNERS:
        pairs = [tuple(corner) for corner in value if isinstance(corner, list | tuple)]
        if len(pairs) == len(value) and all(len(pair) == 2 for pair in pairs):  # noqa: PLR2004
            return tuple(pairs)
    raise ValueError(
        f"must be a list of {MIN_CORNERS} to {MAX_CORNERS} corners [x, y], each 0 to 1 of the frame"
    )


def _check_polygons(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(map(_is_corner, value)):
        raise ValueError("must be a list of polygons: put one more [ ] around it")
    return value


def _is_corner(value: Any) -> bool:
    is_pair = isinstance(value, list | tuple) and len(value) == 2  # noqa: PLR2004
    return is_pair and not any(isinstance(part, list | tuple | dict) for part in value)


def _check_area(corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    (x0, y0), *others = corners
    # Corners on one line: every cross product with the longest side is nothing.
    dx, dy = max(((x - x0, y - y0) for x, y in others), key=lambda d: d[0] ** 2 + d[1] ** 2)
    if all(abs(dx * (y - y0) - dy * (x - x0)) < _FLAT for x, y in others):
        raise ValueError("must enclose an area; its corners lie on one line")
    return corners


Size = Annotated[int, Field(strict=True), _InBytes()]
Ratio = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
Seconds = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Text = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=256, pattern=TEXT_PATTERN)
]
Host = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=255, pattern=HOST_PATTERN)
]
Id = Annotated[str, StringConstraints(strict=True, pattern=ID_PATTERN)]
NodeId = Annotated[str, StringConstraints(strict=True, pattern=NODE_PATTERN)]
Corners = Annotated[
    tuple[tuple[Ratio, Ratio], ...],
    Field(json_schema_extra={"minItems": MIN_CORNERS, "maxItems": MAX_CORNERS}),
    BeforeValidator(_check_corners),
    AfterValidator(_check_area),
]

Polygons = Annotated[tuple[Corners, ...], BeforeValidator(_check_polygons)]


def default_node() -> str:
    """Return the first label of the host name, as an id that is not one of ours."""
    label = socket.gethostname().split(".", maxsplit=1)[0].lower()
    node = re.sub(r"[^a-z0-9-]", "-", label).strip("-")[:32] or "pimotion"
    return f"pimotion-{node}" if node in RESERVED_IDS else node


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(plain_address(host.strip("[]"))).is_loopback
    except ValueError:
        return False


def plain_address(address: str) -> str:
    """Return an IPv4 address that is written as IPv6 (``::ffff:192.0.2.1``) as IPv4.

    So a socket that listens on ``::`` names its IPv4 clients; any other text comes back as it is.
    """
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return address if mapped is None else str(mapped)


class Section(BaseModel):
    """A frozen group of settings; unknown names are errors, numbers are never made from text."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=False, use_attribute_docstrings=True
    )
