"""The rules of the house: who may import whom, where others' code lives, how long things get."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pimotion"

LEVELS = (
    {"called", "errors", "exit_codes", "clock", "memory", "passwords", "settable", "why_not"},
    {"jpeg"},
    {"pixels"},
    {"yuyv"},
    {"picture"},
    {"types"},
    {"latest", "log", "pace", "render"},
    {"config"},
    {"state", "health"},
    {"capture", "detect", "events", "publish", "record", "stream"},
    {
        "command_queue",
        "inhibit",
        "kept_settings",
        "node_settings",
        "picture_health",
        "privacy",
        "stats",
        "replay_outputs",
    },
    {"capture_loop", "camera_settings", "vitals"},
    {"detect_loop"},
    {"pipeline"},
    {"supervisor"},
    {"cameras"},
    {"daemon", "doctor", "homeassistant", "replay", "init"},
    {"first_run", "ha", "mounted", "run", "arguments"},
    {"send"},
    {"cli"},
    {"__main__"},
)
"""Each may import from the levels above it in this list, never its own level or below."""

HOMES = {
    "av": {
        "capture/av_pictures.py",
        "capture/av_feed.py",
        "capture/recording.py",
        "replay_outputs.py",
    },
    "bottle": {"stream/*"},
    "cv2": {
        "jpeg/opencv.py",
        "picture.py",
        "picture_health.py",
        "pixels.py",
        "yuyv.py",
        "render/*",
        "capture/v4l2.py",
        "capture/image_folder.py",
        "capture/synthetic.py",
        "detect/*",
        "detect/adaptive/*",
        "detect/classic/*",
        "replay_outputs.py",
        "stream/cards.py",
    },
    "numpy": {
        "jpeg/*",
        "picture.py",
        "picture_health.py",
        "pixels.py",
        "yuyv.py",
        "render/*",
        "capture/*",
        "detect/*",
        "detect/adaptive/*",
        "detect/classic/*",
        "events/merit.py",
        "replay_outputs.py",
        "stream/cards.py",
    },
    "prometheus_client": {"stream/metrics.py"},
    "paho": {"publish/mqtt.py", "publish/link.py"},
    "picamera2": {"capture/picamera.py"},
    "libcamera": {"capture/picamera.py"},
    "pydantic": {
        "config/settings.py",
        "config/camera.py",
        "config/check.py",
        "config/controls.py",
        "config/overrides.py",
        "config/values.py",
    },
    "pydantic_core": {"config/check.py", "config/values.py"},
    "simplejpeg": {"jpeg/turbo.py"},
    "yaml": {"config/syntax.py", "config/nodes.py"},
    "zmq": {"capture/imagezmq_hub.py"},
}

WALL_CLOCKS = {
    *(("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")),
    *(("datetime", name) for name in ("now", "utcnow", "today")),
    ("date", "today"),
}
WALL_CLOCK_HOMES = {"clock.py", "events/ids.py"}
"""Ids of events are in the order of their times, and nothing else is made of those."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def part(module: str) -> str:
    """``pimotion.capture.file`` -> ``capture``."""
    return [*module.split("."), "", ""][1]


def level(name: str) -> int:
    for number, names in enumerate(LEVELS):
        if name in names:
            return number
    raise AssertionError(f"pimotion/{name} has no level in this test's LEVELS: give it one")


@cache
def nodes(path: Path) -> Sequence[ast.AST]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            if node.module == "pimotion":
                yield from (f"pimotion.{alias.name}" for alias in node.names)
            else:
                yield node.module


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_go_one_way(path: Path) -> None:
    here = path.relative_to(PACKAGE).with_suffix("").parts
    own = here[0]
    if own == "__init__":
        return
    for module in imports(path):
        other = part(module)
        if not module.startswith("pimotion.") or other == "__version__":
            continue
        if other == own:
            continue
        assert level(other) < level(own), f"{ids(path)} may not import {module}"


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_third_party_packages_stay_at_home(path: Path) -> None:
    name = ids(path)
    for module in imports(path):
        top = module.split(".")[0]
        if top == "pimotion" or top in sys.stdlib_module_names:
            continue
        homes = HOMES.get(top)
        assert homes is not None, f"{name} imports {top}, which has no home in this test's HOMES"
        folder = f"{Path(name).parent}/*"
        assert name in homes or folder in homes, f"{name} may not import {top}"


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_the_wall_clock_is_read_in_one_place(path: Path) -> None:
    """Whoever measures an age by it finds a camera stale when somebody sets the clock."""
    if ids(path) in WALL_CLOCK_HOMES:
        return
    read = {
        (node.value.id, node.attr)
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert not read & WALL_CLOCKS, f"{ids(path)}: pimotion.clock has the wall clock"
    assert "time.time" not in imported_names(path)


def imported_names(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_files_and_functions_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300, (
        f"{ids(path)} is over 300 lines: it holds two ideas"
    )
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= 40, f"{ids(path)}:{node.lineno}: {node.name} has {lines} lines"


def test_no_two_files_of_tests_have_one_name() -> None:
    """Pytest collects them as modules of that name, and gives up at the second."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert not [name for name in names if names.count(name) > 1]
