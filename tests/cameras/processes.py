"""Starts the test cameras that are processes, and waits until they answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_SYSTEM_PYTHON = "/usr/bin/python3"


@contextmanager
def rtsp_camera(
    port: int, files: Mapping[str, Path], *, login: str | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run an RTSP camera that plays files by name. Skips where GStreamer's server is missing."""
    command = [_SYSTEM_PYTHON, str(_HERE / "rtsp_camera.py"), str(port)]
    command += [f"{name}={path}" for name, path in files.items()]
    command += [f"LOGIN={login}"] if login else []
    with _running(command) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            pytest.skip(
                "GStreamer's RTSP server is missing: gir1.2-gst-rtsp-server-1.0, python3-gi"
            )
        yield process


@contextmanager
def imagezmq_sender(address: str, name: str, what: str) -> Iterator[subprocess.Popen[str]]:
    """Run an imagezmq sender."""
    command = [sys.executable, str(_HERE / "imagezmq_sender.py"), address, name, what]
    with _running(command) as process:
        yield process


@contextmanager
def told_camera(kind: str, where: str) -> Iterator[subprocess.Popen[str]]:
    """Run a camera that shows what it is told to on its stdin."""
    command = [sys.executable, str(_HERE / "told_camera.py"), kind, where]
    with _running(command) as process:
        yield process


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    search = os.pathsep.join([str(_HERE.parent), str(_HERE.parent.parent)])
    environment = {**os.environ, "PYTHONPATH": search}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)  # a stopped one could not end
        process.kill()
        process.communicate()
