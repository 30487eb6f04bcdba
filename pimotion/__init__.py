"""Turns any camera into a motion sensor that Home Assistant can trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from pimotion.config.settings import Settings
    from pimotion.mounted import Mounted

__version__ = "0.1.0"


def wsgi(config: str | PathLike[str] | Settings) -> Mounted:
    """Start everything, and return the page and the streams as a WSGI application.

    For mounting in a program of your own; `python -m pimotion` needs it not. No port is opened.

    Args:
        config: The configuration, or the file that holds it.

    Raises:
        ConfigError: The configuration is wrong; `problems` holds every mistake.
        StartError: Another pimotion uses the same state folder, or it cannot be made.
    """
    from pimotion.mounted import Mounted  # noqa: PLC0415  `import pimotion` itself is to be cheap

    return Mounted(config)
