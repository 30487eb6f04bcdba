"""The command ``run``: starts the daemon, waits for a signal, and says how it ended."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from pimotion.config.settings import Settings
from pimotion.daemon import Daemon
from pimotion.errors import ConfigError, StartError
from pimotion.exit_codes import PASSED, THREAD_DIED
from pimotion.health import notify_systemd
from pimotion.memory import bound_heaps
from pimotion.state import State

log = logging.getLogger(__name__)

_TURN_S = 1.0

Greet = Callable[[Daemon], None]


class Signals:
    """SIGTERM and SIGINT ask to stop, SIGHUP asks to read the configuration again.

    Make it before the configuration is read: what comes from then on is remembered.
    """

    def __init__(self) -> None:
        self.stop = False
        self.reload = False
        self._woken = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)

    def wait(self, other: threading.Event, timeout_s: float) -> None:
        """Wait until a signal came, the other event is set, or the time is over."""
        deadline_s = time.monotonic() + timeout_s
        # A signal handler may not set an event that this thread waits on, so look at both in turn.
        while not (self._woken or other.is_set()) and time.monotonic() < deadline_s:
            other.wait(0.2)
        self._woken = False

    def give_back(self) -> None:
        """Let what asks to stop end the process at once from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which a fresh process inherits

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.stop = self.stop or number != signal.SIGHUP
        self.reload = number == signal.SIGHUP
        self._woken = True


def run(
    settings: Settings,
    signals: Signals,
    *,
    reread: Callable[[], Settings] | None = None,
    greet: Greet = lambda _daemon: None,
) -> int:
    """Run the daemon until it is told to stop; return the exit code.

    Args:
        settings: What to run.
        signals: Those that came since before the settings were read.
        reread: Gives the configuration anew for SIGHUP; None where there is no file.
        greet: Called once everything has started.

    Raises:
        StartError: The port is in use, or there is no state folder and none can be made.
    """
    faulthandler.enable()
    bound_heaps()
    before: Settings | None = None
    state: State | None = None
    while True:
        try:
            daemon = _started(settings, state)
        except StartError as error:
            if before is None:
                raise
            log.error("the new configuration cannot be used, the old one goes on: %s", error)
            settings, before = before, None
            continue
        greet(daemon)
        renewed = _watch(daemon, signals, reread)
        if renewed is None:
            return _end(daemon, signals)
        state = _stopped(daemon)
        # Its parts know each other, and it is large: else it would stay for many more reloads.
        del daemon
        gc.collect()
        before, settings = settings, renewed


def _started(settings: Settings, state: State | None) -> Daemon:
    daemon = Daemon(settings, state)
    try:
        daemon.start()
    except StartError:
        daemon.stop()
        raise
    return daemon


def _stopped(daemon: Daemon) -> State:
    """Stop, and return what the next one may need: a full disk may not have taken it."""
    daemon.stop()
    return daemon.state


def _end(daemon: Daemon, signals: Signals) -> int:
    """Stop and return the exit code; if it is not over, become a fresh process instead."""
    dead = daemon.dead
    if signals.stop or not daemon.wants_restart:
        # Not before a restart: systemd would kill a service that said so and then went on.
        notify_systemd("STOPPING=1")
    daemon.stop()
    if dead is not None:
        log.critical("pimotion ends because a thread died name=%s", dead)
        return THREAD_DIED
    if daemon.wants_restart:
        signals.give_back()  # one that came meanwhile was noted, a later one ends the process
        if not signals.stop:
            execute_anew()
    log.info("stopped")
    return PASSED


def execute_anew() -> NoReturn:
    """Become a fresh process of the same command; its pid, and so its service, stays."""
    log.info("starts anew")
    logging.shutdown()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  no shell is wanted


def end_process(code: int) -> None:
    """Leave without waiting for threads that are stuck in a camera's driver."""
    logging.shutdown()
    for output in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            output.flush()
    os._exit(code)


def _watch(
    daemon: Daemon, signals: Signals, reread: Callable[[], Settings] | None
) -> Settings | None:
    """Wait for the end; return the settings to go on with, None to stop."""
    while True:
        signals.wait(daemon.changed, _TURN_S)
        if daemon.dead is not None or signals.stop or daemon.wants_restart:
            return None
        daemon.tend()
        if signals.reload:
            signals.reload = False
            renewed = _reread(reread)
            if renewed is not None:
                return renewed


def _reread(reread: Callable[[], Settings] | None) -> Settings | None:
    if reread is None:
        log.warning("nothing to read again: pimotion runs without a configuration file")
        return None
    notify_systemd("RELOADING=1")
    try:
        settings = reread()
    except ConfigError as error:
        for problem in error.problems:
            log.error("%s", problem)
        log.error("the configuration is wrong, the old one stays in force")
        return None
    finally:
        notify_systemd("READY=1")
    log.info("the configuration was read again, everything starts anew with it")
    return settings
