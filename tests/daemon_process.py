"""Runs the daemon as a process of its own, as a user would, and ends it."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


class DaemonProcess:
    """The daemon with a configuration, running while it is entered as a context."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any] | None,
        *,
        port: int,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Start it; ``tls`` is what its page is asked with, if that is encrypted."""
        self._tls = tls
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        self._lines: list[str] = []
        command = [sys.executable, "-m", "pimotion", "run", "--port", str(port), *arguments]
        if settings is not None:
            config = folder / "pimotion.yml"
            # JSON is YAML, without the anchors that a YAML writer makes of equal values.
            config.write_text(json.dumps({"state_dir": str(folder / "state"), **settings}))
            command += ["--config", str(config)]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "XDG_STATE_HOME": str(folder),
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> DaemonProcess:
        try:
            self.wait_for(lambda: self.healthz() is not None, "the page answers")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process if it still runs, and wait for it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def log(self) -> str:
        """Everything it has printed so far."""
        return "".join(self._lines)

    def get(self, path: str) -> bytes:
        """Return the body of a page, whatever its status."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=20, context=self._tls) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
        return body

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change something as the page does; return the answer."""
        asked = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=20, context=self._tls) as answer:
            return json.load(answer)

    def healthz(self) -> dict[str, Any] | None:
        """Return what `/healthz` says; None while nothing answers."""
        try:
            answer: dict[str, Any] = json.loads(self.get("/healthz"))
        except OSError:
            return None
        return answer

    def camera(self, camera_id: str) -> dict[str, Any]:
        """Return what `/healthz` says of a camera."""
        answer = self.healthz()
        assert answer is not None
        found: dict[str, Any] = answer["cameras"][camera_id]
        return found

    def wait_for(self, holds: Callable[[], bool], what: str, *, timeout_s: float = 60.0) -> None:
        """Wait until a condition holds; fail with the log otherwise."""
        deadline_s = time.monotonic() + timeout_s
        while not holds():
            assert self.process.poll() is None, f"the daemon ended: {self.log}"
            assert time.monotonic() < deadline_s, f"{timeout_s:g} s and not yet: {what}\n{self.log}"
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal; return how long the daemon took to end, s."""
        began_s = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - began_s

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)
