"""The daemon that all viewers watch, once for each way to be let in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.house import ACCESSES, Access, House, living_in
from conformance.numbered_camera import NumberedCamera


@pytest.fixture(scope="session", params=ACCESSES, ids=lambda access: access.name)
def access(request: pytest.FixtureRequest) -> Access:
    """How a viewer is let in: by nothing, a login, or a token."""
    chosen: Access = request.param
    return chosen


@pytest.fixture(scope="session")
def house(access: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running daemon that shows a numbered camera."""
    folder = tmp_path_factory.mktemp("house")
    with NumberedCamera() as camera, living_in(folder, camera, access) as house:
        yield house
