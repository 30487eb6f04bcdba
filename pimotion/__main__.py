"""``python -m pimotion``, and the script ``pimotion``.

Everything is imported only once signals have an answer: on a Raspberry Pi imports take seconds, in
which a service may well be stopped again.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from pimotion.exit_codes import BROKEN_OFF, FAILED, KILLED


def main() -> int:
    """Run the command that the arguments name; return its exit code."""
    _replace_closed_streams()
    if _is_daemon(sys.argv[1:]):
        _answer_signals()
    elif sys.argv[1:2] == ["replay"]:
        _break_off_by_signals()
    try:
        try:
            from pimotion.cli import main as obey  # noqa: PLC0415  not before signals have an answer
        except ImportError as error:
            return _refuse_python(error)
        return obey()
    except KeyboardInterrupt as broken_off:
        return broken_off.args[0] if broken_off.args else BROKEN_OFF


def _refuse_python(error: ImportError) -> int:
    """Say that this Python is the wrong one: too old, or without our packages."""
    if error.name is None or error.name.startswith("pimotion"):
        raise error  # nothing that another Python would change
    sys.stderr.write(
        f"pimotion: {sys.executable} (Python {sys.version.split()[0]}) cannot run it: {error}\n"
        "It needs Python 3.11 to 3.13 and the packages of requirements.txt: `make run` makes an "
        "environment with them, and `.venv/bin/python -m pimotion` uses it.\n"
    )
    return FAILED


def _replace_closed_streams() -> None:
    """Let standard streams that were closed (``2>&-``) lead nowhere.

    Python has None for them, and the next file that is opened would get their number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode)  # noqa: PTH123, SIM115  as long as the process lives
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _is_daemon(given: list[str]) -> bool:
    """Tell whether this is to stop on a signal as on a wish; other commands are broken off."""
    return not given or given[0] in ("run", "send") or given[0].startswith("-")


def _answer_signals() -> None:
    """Until `run.Signals` takes over: nothing has begun that had to be ended, or read again."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _break_off_by_signals() -> None:
    """End as by Ctrl-C, so that what is half written is taken away; `nohup` stays in force."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _break_off)


def _break_off(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # nothing is to disturb the clearing up
    raise KeyboardInterrupt(KILLED + number)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
