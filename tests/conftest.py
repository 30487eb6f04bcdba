"""Fixtures that several suites share, and the rule that CI skips nothing."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Generator, Iterator
from typing import NoReturn

import pytest
from firefox import Firefox
from free_ports import find_free_port
from programs import program


@pytest.fixture
def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    return find_free_port()


@pytest.fixture
def unused_port(free_port: int) -> int:
    """Another one."""
    while (port := find_free_port()) == free_port:
        pass
    return port


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is one that the system does not know, as in some containers."""

    def unknown(uid: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in ("HOME", "STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """A real Firefox with one tab."""
    path = program("firefox-esr", "firefox")
    with Firefox(path, tmp_path_factory.mktemp("firefox")) as firefox:
        yield firefox


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Take note of a figure, by its name with the unit; it is printed when all is over."""
    return lambda name, value: request.node.user_properties.append((name, value))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            if report.user_properties:
                figures = " ".join(f"{name}={value}" for name, value in report.user_properties)
                terminalreporter.write_line(f"measured {report.nodeid} {figures}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs a real camera, or half an hour, unless it is asked for."""
    for marker, asked_for in (("hardware", "PIMOTION_HARDWARE"), ("soak", "PIMOTION_SOAK_MINUTES")):
        if not os.environ.get(asked_for):
            items[:] = [item for item in items if item.get_closest_marker(marker) is None]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true a skipped test is a failed one: a missing part must not go unnoticed."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report
