"""The kinds of value that settings have: secrets, sizes, ratios, ids, polygons."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema

RESERVED_IDS = frozenset({"all", "api", "healthz", "metrics", "static"})
ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"
NODE_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"

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
            cls, core_schema.str_schema(strict=True, min_length=1)
        )


def _parse_size(value: Any) -> Any:
    """Read ``2GB`` or ``200kB`` (powers of 1000) as bytes."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmMgGtT]?[bB])", value)
    if match is None:
        raise ValueError("must be a size such as 200kB, 50MB or 2GB")
    return round(float(match[1]) * _SIZE_UNITS[match[2].lower()])


def _check_corner(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2:  # noqa: PLR2004  x and y
        return tuple(value)
    raise ValueError("a corner must be [x, y], each 0 to 1 of the frame")


Size = Annotated[
    int,
    BeforeValidator(_parse_size, json_schema_input_type=int | str),
    Field(strict=True),
]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]
Id = Annotated[str, StringConstraints(strict=True, pattern=ID_PATTERN)]
NodeId = Annotated[str, StringConstraints(strict=True, pattern=NODE_PATTERN)]
Corner = Annotated[tuple[Ratio, Ratio], BeforeValidator(_check_corner)]
Corners = Annotated[tuple[Corner, ...], Field(min_length=3, max_length=100)]


def default_node() -> str:
    """Return the first label of the host name, as an id."""
    label = socket.gethostname().split(".", maxsplit=1)[0].lower()
    return re.sub(r"[^a-z0-9-]", "-", label).strip("-")[:32] or "pimotion"


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Section(BaseModel):
    """A frozen group of settings; unknown names are errors, numbers are never made from text."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=False, use_attribute_docstrings=True
    )
