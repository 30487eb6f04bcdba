"""Lets a test break a thread of the daemon from outside.

Python imports this at its start when the folder is on PYTHONPATH. Each datagram on the socket that
FAULT_SOCKET names is one fault: ``kill NAME``, ``raise NAME`` or ``hang NAME SECONDS``, which reach
the thread when that next runs Python code; or ``clock wall SECONDS``, which sets the wall clock so
far from the true time.

FAULT_FILES is how many files are open before the program begins.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import threading
import time


class Hang(SystemExit):
    """Raised in a thread, it sleeps there while it is made."""

    seconds = 0.0

    def __init__(self) -> None:
        time.sleep(self.seconds)
        super().__init__()


def throw(name: str, error: type[BaseException]) -> None:
    for thread in threading.enumerate():
        if thread.name == name and thread.ident:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(error)
            )


true_time = time.time


def set_clock(ahead_s: float) -> None:
    time.time = lambda: true_time() + ahead_s


def obey(faults: socket.socket) -> None:
    while True:
        what, name, *rest = faults.recv(200).decode().split()
        if what == "clock":
            set_clock(float(rest[0]))
            continue
        if what == "hang":
            Hang.seconds = float(rest[0])
        throw(name, {"kill": SystemExit, "raise": MemoryError, "hang": Hang}[what])


held = int(os.environ.pop("FAULT_FILES", "0"))
if held:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(held + 1000, most), most))
    for _ in range(held):
        os.open("/dev/null", os.O_RDONLY)

address = os.environ.pop("FAULT_SOCKET", None)  # the daemon's children do not inherit it
if address:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(address)
    threading.Thread(target=obey, args=(listening,), name="faults", daemon=True).start()
