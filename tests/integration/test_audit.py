"""`.ci/audit`: a known vulnerability fails CI, and a service that cannot be reached does not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from daemon_process import ROOT

FOUND = """\
Found 1 known vulnerability in 1 package
Name   Version ID             Fix Versions
------ ------- -------------- ------------
jinja2 2.11.2  PYSEC-2021-66  2.11.3
"""


@pytest.mark.parametrize(
    ("said", "code", "expected", "told"),
    [
        pytest.param("No known vulnerabilities found", 0, 0, "audited: no known", id="well"),
        pytest.param(FOUND, 1, 1, "PYSEC-2021-66", id="vulnerable"),
        pytest.param("ERROR: no route to host", 1, 0, "not audited: ERROR", id="out of reach"),
    ],
)
def test_how_it_ends(tmp_path: Path, said: str, code: int, expected: int, told: str) -> None:
    tool = tmp_path / ".venv" / "audit" / "bin" / "pip-audit"
    tool.parent.mkdir(parents=True)
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit {code}\n")
    tool.chmod(0o755)
    (tmp_path / ".ci").mkdir()
    audit = shutil.copy(ROOT / ".ci" / "audit", tmp_path / ".ci")
    done = subprocess.run([audit], capture_output=True, text=True, check=False)
    assert done.returncode == expected
    assert told in done.stdout
