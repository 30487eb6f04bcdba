"""Starts the servers under test as processes, and reads what they use of the machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from benchmarks.measure import ROOT

_START_S = 60.0
_CPUCLOCK_SCHED = 2
"""The kernel's number for the clock of what a process has run, in nanoseconds, over all threads
that it has or had (MAKE_PROCESS_CPUCLOCK in linux/posix-timers.h)."""


class Program:
    """A server on a port of loopback, running while it is entered as a context."""

    def __init__(
        self, command: Sequence[str], port: int, folder: Path, *, core: int | None
    ) -> None:
        self.port = port
        self._command = list(command)
        self._folder = folder
        self._core = core
        self.process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        with (self._folder / "output.log").open("a") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OPENCV_LOG_LEVEL": "OFF"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        if self._core is not None:
            os.sched_setaffinity(self.process.pid, {self._core})
        self._wait_until_it_listens()
        self._watched = psutil.Process(self.process.pid)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def cpu_s(self) -> float:
        """CPU seconds that it has used so far."""
        return time.clock_gettime((~self.process.pid << 3) | _CPUCLOCK_SCHED)

    @property
    def threads(self) -> int:
        """How many it has."""
        count: int = self._watched.num_threads()
        return count

    @property
    def rss_bytes(self) -> int:
        """Resident memory."""
        memory: int = self._watched.memory_info().rss
        return memory

    @property
    def connections(self) -> int:
        """How many connections of clients it holds open."""
        found = self._watched.net_connections("tcp")
        return sum(each.laddr.port == self.port and bool(each.raddr) for each in found)

    def idle_cores(self, seconds: float) -> float:
        """Measure the share of a core that it uses now."""
        began_s, used_s = time.monotonic(), self.cpu_s
        time.sleep(seconds)
        return (self.cpu_s - used_s) / (time.monotonic() - began_s)

    def ask(self) -> str:
        """Send it an empty line, return the line that it answers."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def _wait_until_it_listens(self) -> None:
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        log = (self._folder / "output.log").read_text()
        raise SystemExit(f"{self._command} did not start:\n{log}")


def module(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a program of this folder."""
    return [sys.executable, "-m", f"benchmarks.stream.{name}", *map(str, arguments)]


def free_port() -> int:
    """Return a port that nobody listens on, below those that outgoing connections get."""
    while True:
        port = 20_000 + int.from_bytes(os.urandom(2)) % 12_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def build_floor(folder: Path) -> Path | None:
    """Compile the C floor; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, program = Path(__file__).parent / "floor.c", folder / "floor"
    subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return program


def tcp_bytes(server_port: int, clients: Collection[int]) -> int | None:
    """Return the kernel's memory in buffers of connections, both ends; None: there is no `ss`.

    Args:
        server_port: Of the server.
        clients: The ports of those that count.
    """
    if shutil.which("ss") is None:
        return None
    listed = subprocess.run(
        [
            "ss",
            "-tmnH",
            "state",
            "established",
            f"( sport = :{server_port} or dport = :{server_port} )",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    total = 0
    # 0 0 127.0.0.1:8080 127.0.0.1:40000 \n skmem:(r0,rb131072,t0,tb2626560,f0,w0,...)
    # r: received and unread; w: queued, sent or not, until it is acknowledged
    for _, _, local, peer, memory in _in_fives(listed.split()):
        if {int(local.rpartition(":")[2]), int(peer.rpartition(":")[2])} & set(clients):
            fields = memory.removeprefix("skmem:(").rstrip(")").split(",")
            total += sum(int(each[1:]) for each in fields if re.fullmatch(r"[rw]\d+", each))
    return total


def _in_fives(words: list[str]) -> Iterator[list[str]]:
    return (words[first : first + 5] for first in range(0, len(words), 5))
