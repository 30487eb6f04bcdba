"""CPU and memory of the whole daemon on a 1280x720 camera of 15 frames a second, beside its peers.

All read the same HTTP MJPEG camera with nobody watching, one after the other, in several rounds:
pimotion; the tutorial's algorithm; Motion (a C program, if it is installed); and OpenCV alone
(decode, resize, MOG2 at 320 px). The daemon also says how many frames it analysed.

    python -m benchmarks.bench_daemon [--seconds 20] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.measure import ROOT, print_machine

FPS = 15
WARM_UP_S = 6.0


@dataclass(frozen=True)
class Sample:
    """CPU share of one core, resident memory, and what the program said of itself."""

    cores: float
    rss_mb: float
    note: str = ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENCV_LOG_LEVEL": "OFF"}
    with (folder / "output.log").open("ab") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def sample(process: subprocess.Popen[bytes], seconds: float) -> Sample:
    """Measure a process, without its children, after it has warmed up."""
    time.sleep(WARM_UP_S)
    watched = psutil.Process(process.pid)
    began_s, before = time.monotonic(), watched.cpu_times()
    time.sleep(seconds)
    passed_s, after = time.monotonic() - began_s, watched.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    return Sample(used_s / passed_s, watched.memory_info().rss / 1e6)


def pimotion(url: str, seconds: float, folder: Path) -> Sample:
    port, broker = free_port(), free_port()
    settings = {
        "node": "bench",
        "state_dir": str(folder / "state"),
        "mqtt": {"host": "127.0.0.1", "port": broker},
        "http": {"port": port},
        "cameras": {"door": {"source": url, "fps": FPS, "detect": {"fps": FPS}}},
    }
    (folder / "pimotion.yml").write_text(json.dumps(settings))
    (folder / "mosquitto.conf").write_text(f"listener {broker} 127.0.0.1\nallow_anonymous true\n")
    mosquitto = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    command = [sys.executable, "-m", "pimotion", "--config", "pimotion.yml"]
    with running([str(mosquitto), "-c", "mosquitto.conf"], folder):
        began_s = time.monotonic()
        with running(command, folder) as daemon:
            measured = sample(daemon, seconds)
            lasted_s = time.monotonic() - began_s
        rate = frames_analysed(folder / "output.log") / lasted_s
    return Sample(measured.cores, measured.rss_mb, f"{rate:.1f} frames a second analysed")


def frames_analysed(log: Path) -> int:
    """Frames that the daemon said it analysed, when it ended."""
    found = re.search(r"camera closed .* analysed=(\d+)", log.read_text())
    assert found is not None, log.read_text()
    return int(found[1])


def script(module: str, url: str, seconds: float, folder: Path) -> Sample:
    lasts_s = WARM_UP_S + seconds + 5
    command = [sys.executable, "-m", f"benchmarks.{module}", url, str(lasts_s)]
    with running(command, folder) as process:
        return sample(process, seconds)


def motion(url: str, seconds: float, folder: Path) -> Sample:
    """Motion with its defaults for this source, and nothing written."""
    lines = [
        "daemon off", "setup_mode off", f"netcam_url {url}", "width 1280", "height 720",
        f"framerate {FPS}", "stream_port 0", "webcontrol_port 0", "picture_output off",
        "movie_output off", f"target_dir {folder}", f"log_file {folder}/motion.log", "log_level 4",
    ]  # fmt: skip
    (folder / "motion.conf").write_text("\n".join(lines) + "\n")
    with running(["motion", "-n", "-c", str(folder / "motion.conf")], folder) as process:
        return sample(process, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print_machine()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        command = [sys.executable, "-m", "benchmarks.mjpeg_camera", str(port), str(FPS)]
        with running(command, folder):
            wait_for(port)
            results = rounds(f"http://127.0.0.1:{port}/video", options, folder)
    show(results)


def wait_for(port: int) -> None:
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the camera did not start")


def rounds(url: str, options: argparse.Namespace, folder: Path) -> dict[str, list[Sample]]:
    results: dict[str, list[Sample]] = {}
    for number in range(options.rounds):
        for name in ("pimotion", "tutorial", "mog2", "motion"):
            if name == "motion" and shutil.which("motion") is None:
                continue
            place = folder / f"{name}-{number}"
            place.mkdir()
            if name == "pimotion":
                measured = pimotion(url, options.seconds, place)
            elif name == "motion":
                measured = motion(url, options.seconds, place)
            else:
                measured = script(name, url, options.seconds, place)
            results.setdefault(name, []).append(measured)
    return results


def show(results: Mapping[str, list[Sample]]) -> None:
    base = results["pimotion"]
    print(f"\n{'program':12} {'cores':>7} {'ratio':>7} {'RSS MB':>8}  note")
    for name, samples in results.items():
        ratios = [each.cores / ours.cores for each, ours in zip(samples, base, strict=True)]
        cores = statistics.median(each.cores for each in samples)
        memory = statistics.median(each.rss_mb for each in samples)
        ratio = statistics.median(ratios)
        print(f"{name:12} {cores:7.3f} {ratio:7.2f} {memory:8.0f}  {samples[-1].note}")


if __name__ == "__main__":
    main()
