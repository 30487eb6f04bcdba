"""A private mosquitto for machines that have no broker yet: a child process on loopback."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from pimotion.errors import StartError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
USUAL_PORT = 1883
_PORTS_TO_TRY = 50
_START_S = 5.0
_STOP_S = 0.4
"""It keeps nothing, so there is nothing to lose by killing it then."""
_ANSWER_S = 0.5
_CERTAIN_S = 0.1
"""A mosquitto whose port is taken ends at once."""

_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
parent, program, *arguments = sys.argv[1:]
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() != int(parent):
    sys.exit(1)
os.execv(program, [program, *arguments])
"""
"""Becomes mosquitto after asking the kernel to end it when we die, even by SIGKILL. A process of
its own, because code between fork and exec is not safe in a program with threads."""


class EmbeddedBroker:
    """A mosquitto of our own that only this machine reaches. Not thread-safe.

    `start` it from a thread that lives as long as the process: the kernel ends the child when the
    thread that started it ends.
    """

    def __init__(self, folder: Path, first_port: int = USUAL_PORT) -> None:
        """Prepare one.

        Args:
            folder: Holds its configuration and its log, in a folder of their own.
            first_port: Where to begin to look for a free port.
        """
        self._folder = folder / "broker"
        self._first_port = first_port
        self._process: subprocess.Popen[bytes] | None = None
        self._port: int | None = None

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> tuple[str, int]:
        """Start it on its first port, or the next free one; return its address.

        Started again, it takes the port that it had: whoever knows it need not be told.

        Raises:
            StartError: There is no mosquitto, or it does not run.
        """
        program = _find_mosquitto()
        port = self._port or _free_port(self._first_port)
        try:
            self._run(program, port)
        except StartError:
            if self._port is not None or not answers(HOST, port):
                raise
            port = _free_port(port + 1)  # another program was quicker
            self._run(program, port)
        self._port = port
        log.info("embedded broker started host=%s port=%s", HOST, port)
        return HOST, port

    def _run(self, program: str, port: int) -> None:
        try:
            configuration = self._configure(port)
            with (self._folder / "mosquitto.log").open("wb") as output:
                self._process = _spawn(program, configuration, output.fileno())
        except OSError as error:
            raise StartError(f"cannot start mosquitto: {error.strerror}") from None
        self._wait_until_open(port)

    def stop(self) -> None:
        """End it; does nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _configure(self, port: int) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = [
            "# Written by pimotion at each start.",
            f"listener {port} {HOST}",
            "allow_anonymous true",
            "persistence false",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
        ]
        if os.geteuid() == 0:
            # mosquitto would become another user, who cannot read this folder; and the kernel
            # forgets to end a child with its parent when it changes its user.
            lines.append("user root")
        path = self._folder / "mosquitto.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def _wait_until_open(self, port: int) -> None:
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s:
            if not self.alive:
                raise StartError(f"mosquitto ended at once: {self._last_words()}")
            if self._is_ready(port):
                return
            time.sleep(0.02)
        self.stop()
        raise StartError(f"mosquitto did not open port {port} within {_START_S:g} s")

    def _is_ready(self, port: int) -> bool:
        """Tell whether it serves. What answers may be another program, which was quicker."""
        if not self._has_begun() or not answers(HOST, port):
            return False
        time.sleep(_CERTAIN_S)
        return self.alive

    def _has_begun(self) -> bool:
        """Tell whether the child is mosquitto by now; where nothing tells, it is."""
        assert self._process is not None
        try:
            return Path(f"/proc/{self._process.pid}/comm").read_text() == "mosquitto\n"
        except OSError:
            return not Path("/proc/self/comm").exists()

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._folder / "mosquitto.log").read_text(errors="replace").splitlines()
            return lines[-1] if lines else "it said nothing"
        return "it left no log"


def answers(host: str, port: int) -> bool:
    """Tell whether something accepts connections there."""
    try:
        socket.create_connection((host, port), _ANSWER_S).close()
    except OSError:
        return False
    return True


def _find_mosquitto() -> str:
    # Debian puts it into /usr/sbin, which is not on an ordinary user's PATH.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which("mosquitto", path=path)
    if found is None:
        raise StartError(
            "there is no mosquitto on this machine; get it with `sudo apt install mosquitto`, or "
            "set mqtt.host to a broker that you have"
        )
    return found


def _free_port(first: int) -> int:
    for port in range(first, first + _PORTS_TO_TRY):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise StartError(f"ports {first} to {first + _PORTS_TO_TRY - 1} are all in use")


def _spawn(program: str, configuration: Path, output: int) -> subprocess.Popen[bytes]:
    launcher = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid())]
    # It would tell systemd that it is ready, and of systemd's services it is none.
    environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    return subprocess.Popen(
        [*launcher, program, "-c", str(configuration)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
