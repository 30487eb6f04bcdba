"""A real Firefox without a window, steered over WebDriver BiDi, which it speaks by itself.

See https://w3c.github.io/webdriver-bidi/ (November 2026).
"""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from free_ports import find_free_port
from web_socket import WebSocket

from pimotion.pixels import Pixels, as_pixels

_PREFERENCES = {
    # Nothing of its own leaves this machine: all but loopback goes to a proxy that is not there.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    # JSON is shown as it is, on a page that can be written to.
    "devtools.jsonview.enabled": False,
    # No question whether one really means to log in by an address.
    "network.auth.confirmAuth.enabled": False,
}
_END_S = 10.0


class Firefox:
    """Firefox with one tab, running while it is entered as a context. Not thread-safe."""

    def __init__(self, program: str, folder: Path) -> None:
        """Prepare one.

        Args:
            program: Its path.
            folder: Where its profile may be.
        """
        lines = [f"user_pref({_js(name)}, {_js(value)});" for name, value in _PREFERENCES.items()]
        (folder / "user.js").write_text("\n".join(lines))
        self._port = find_free_port()
        self._command = [program, "--headless", "--no-remote", "--profile", str(folder)]
        self._command += ["--remote-debugging-port", str(self._port)]
        self._number = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if "WebDriver BiDi listening" in line:
                break
        self._socket = WebSocket("127.0.0.1", self._port, "/session")
        self._ask("session.new", capabilities={})
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._process.terminate()
        try:
            self._process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def visit(self, url: str) -> None:
        """Load a page; what it loads in turn may still be coming."""
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="interactive")

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression: a number, a text, or None."""
        answer = self._ask(
            "script.evaluate",
            expression=script,
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def look_at(self, left: float, top: float, width: float, height: float) -> Pixels:
        """Return what the tab shows there on the screen, grey, shape (height, width)."""
        clip = {"type": "box", "x": left, "y": top, "width": width, "height": height}
        shot = self._ask("browsingContext.captureScreenshot", context=self._tab, clip=clip)
        png = np.frombuffer(base64.b64decode(shot["data"]), np.uint8)
        image = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
        assert image is not None
        return as_pixels(image)

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._socket.send({"id": self._number, "method": method, "params": parameters})
        while True:
            answer = self._socket.receive()
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]


def _js(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
