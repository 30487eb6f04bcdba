"""A daemon that can be broken from outside, by the hook that Python imports at its start."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from daemon_process import ROOT

HOOK = Path(__file__).parent / "hook"


class Hook:
    """The way into one process, which is started with its `environment`."""

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "faults")

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join((str(ROOT), str(HOOK)))
        return {"PYTHONPATH": path, "FAULT_SOCKET": self._address}

    def do(self, fault: str) -> None:
        """Inject a fault, such as ``kill mqtt``; see `hook/sitecustomize.py`."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as faults:
            faults.sendto(fault.encode(), self._address)
