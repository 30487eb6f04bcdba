"""A signal comes while the daemon is still being loaded, which takes a Raspberry Pi seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from broker import HOST
from daemon_process import ROOT
from waiting import wait_until

STALL = """\
import pathlib, sys, time

class Stall:
    def find_spec(self, name, path, target=None):
        if name == "pimotion.cli":
            sys.meta_path.remove(self)
            print("loading", flush=True)
            while not pathlib.Path("go").exists():
                time.sleep(0.05)

sys.meta_path.insert(0, Stall())
"""
STARTS = {
    "module": ["-m", "pimotion"],
    "script": ["-c", "import sys; from pimotion.__main__ import main; sys.exit(main())"],
}


@contextmanager
def loading(folder: Path, port: int, how: str, command: str) -> Iterator[subprocess.Popen[str]]:
    """A daemon of which everything is loaded once there is a file `go`."""
    (folder / "sitecustomize.py").write_text(STALL)
    settings = {
        "state_dir": str(folder / "state"),
        "mqtt": {"host": HOST, "port": 1},
        "http": {"port": port},
        "cameras": {"door": {"source": "synthetic", "width": 320, "height": 240}},
    }
    config = folder / "pimotion.yml"
    config.write_text(json.dumps(settings))
    with subprocess.Popen(
        # A test that runs by `nohup` would else hand on that SIGHUP is ignored.
        ["env", "--default-signal=HUP", sys.executable, *STARTS[how], command, str(config)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        try:
            yield process
        finally:
            process.kill()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/", timeout=5):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("how", STARTS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_it_is_loaded_is_quiet(
    tmp_path: Path, free_port: int, how: str, number: signal.Signals
) -> None:
    with loading(tmp_path, free_port, how, "-c") as process:
        process.send_signal(number)
        said, _ = process.communicate(timeout=10)

    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("how", STARTS)
def test_a_reload_while_it_is_loaded_does_not_end_it(
    tmp_path: Path, free_port: int, how: str
) -> None:
    with loading(tmp_path, free_port, how, "-c") as process:
        process.send_signal(signal.SIGHUP)
        (tmp_path / "go").touch()
        wait_until(lambda: answers(free_port), "the page answers", 20)
        process.terminate()
        said, _ = process.communicate(timeout=10)

    assert process.returncode == 0
    assert "was read again" not in said, "nothing had been read yet"


def test_a_check_that_is_broken_off_has_not_passed(tmp_path: Path, free_port: int) -> None:
    with loading(tmp_path, free_port, "module", "check") as process:
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM
