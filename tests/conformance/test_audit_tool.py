"""The audit of packages with the real pip-audit, and a service that knows of a weakness."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADVISORY = {
    "id": "PYSEC-0000-1",
    "summary": "made up",
    "details": "made up",
    "published": "2026-11-01T00:00:00Z",
    "modified": "2026-11-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "bottle", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """A service of known vulnerabilities in the format of osv.dev that knows one, of bottle."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {"vulns": [ADVISORY]} if asked["package"]["name"] == "bottle" else {}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(known).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        pass


@pytest.fixture
def osv() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Osv) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


@pytest.mark.timeout(600)  # the tool is installed once, and it installs what it looks at
@pytest.mark.parametrize(("package", "expected"), [("bottle==0.13.4", 1), ("PyYAML>=6.0", 0)])
def test_the_real_tool_finds_what_a_service_knows(
    tmp_path: Path, osv: str, package: str, expected: int
) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "requirements.txt").write_text(package)
    (tmp_path / ".ci").mkdir()
    audit = shutil.copy(ROOT / ".ci" / "audit", tmp_path / ".ci")
    service = {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": osv}
    done = subprocess.run(
        [audit], env={**os.environ, **service}, capture_output=True, text=True, check=False
    )
    told = "PYSEC-0000-1" if expected else "audited: no known vulnerability"
    assert told in done.stdout, done.stdout + done.stderr
    assert done.returncode == expected
