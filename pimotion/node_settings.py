"""What can be changed of the machine itself: how much it logs, and whether it starts anew."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pimotion.types import NODE, Command, SettingState

log = logging.getLogger(__name__)

LOG_LEVEL = "log_level"


class NodeSettings:
    """Obeys the commands to the machine, from any thread.

    Args:
        put: Takes each true value.

    Attributes:
        wants_restart: Somebody asked for a restart.
    """

    def __init__(self, put: Callable[[SettingState], None]) -> None:
        self.wants_restart = False
        self._put = put

    def set_log_level(self, level: int) -> None:
        """Log from now on what is at least so severe; ``level`` is of `logging`."""
        logging.getLogger("pimotion").setLevel(level)
        self._put(SettingState(NODE, LOG_LEVEL, level))

    def obey(self, command: Command) -> None:
        """Do what a command asks for."""
        match command.setting:
            case "log_level":
                log.warning("log level set level=%s", logging.getLevelName(int(command.value)))
                self.set_log_level(int(command.value))
            case "restart":
                log.info("a restart was asked for")
                self.wants_restart = True
