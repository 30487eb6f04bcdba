"""Logging to stderr: a sentence, then ``key=value``; repeated conditions at most once a minute."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time

_URL_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
_URL_TOKEN = re.compile(r"(?<=[?&]token=)[^&\s\"']+")


def without_secrets(text: str) -> str:
    """Return a text whose URLs have lost their credentials and tokens."""
    return _URL_TOKEN.sub("***", _URL_LOGIN.sub("***@", text))


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


_SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
_CRITICAL = 2


class _ForJournal(_Formatter):
    """Begins each line as sd-daemon(3) says, so that ``journalctl -p warning`` finds them."""

    def format(self, record: logging.LogRecord) -> str:
        begin = f"<{_SYSLOG.get(record.levelno, _CRITICAL)}>"
        return "\n".join(begin + each for each in super().format(record).splitlines())


_chosen_level = logging.INFO


def chosen_level() -> int:
    """Return the level that the command line asked for, whatever was set since."""
    return _chosen_level


def setup(level: str = "INFO") -> None:
    """Send the log to stderr; under systemd the journal adds the time and knows the level."""
    global _chosen_level  # noqa: PLW0603  a process has one log
    in_journal = "JOURNAL_STREAM" in os.environ
    line = "%(levelname)s %(name)s: %(message)s"
    handler = logging.StreamHandler(sys.stderr)
    with_time = _Formatter(f"%(asctime)s {line}")
    handler.setFormatter(_ForJournal(line) if in_journal else with_time)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    _chosen_level = root.level


_PERIOD_S = 60.0


class Repeated:
    """Logs a condition that may repeat at most once a minute, with a count. Thread-safe."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._last: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def warning(self, condition: str, text: str) -> None:
        """Log ``text`` unless ``condition`` was logged within a minute; then only count it."""
        now_s = time.monotonic()
        with self._lock:
            last_s, held_back = self._last.get(condition, (-_PERIOD_S, 0))
            if now_s - last_s < _PERIOD_S:
                self._last[condition] = (last_s, held_back + 1)
                return
            self._last[condition] = (now_s, 0)
        again = f" ({held_back} more times since)" if held_back else ""
        self._log.warning("%s%s", text, again)
