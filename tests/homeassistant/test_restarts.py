"""Whatever was restarted, Home Assistant is right again within 10 s, and nothing fires twice."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from broker import Broker, Listener
from daemon_process import DaemonProcess
from free_ports import find_free_port
from home.core import Core
from home.visits import BASE, DOOR, CameraOnCue, daemon, settings

RIGHT_AGAIN_S = 10
KEEPS = ["persistence true", "autosave_interval 1"]


@dataclass
class House:
    """Everything that can be restarted."""

    broker: Broker
    core: Core
    camera: CameraOnCue
    folder: Path
    watching: DaemonProcess

    @property
    def connections(self) -> int:
        """How often Home Assistant has connected to its broker."""
        lines = self.broker.log().splitlines()
        connected = [line for line in lines if "New client connected" in line]
        return sum(" as pimotion-" not in line for line in connected)

    def restart_daemon(self, number: signal.Signals) -> None:
        self.watching.stop(number)
        self.watching.close()
        self.watching = self.fresh_daemon()
        self.watching.__enter__()

    def fresh_daemon(self) -> DaemonProcess:
        return daemon(self.folder / "daemon", settings(self.broker.port, self.camera.url))


@pytest.fixture(scope="module", params=["keeps", "forgets"])
def house(
    request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house whose broker keeps what is retained over its restarts, or does not."""
    folder = tmp_path_factory.mktemp(request.param)
    port = find_free_port()
    keeping = [*KEEPS, f"persistence_location {folder}/"] if request.param == "keeps" else []
    with (
        CameraOnCue() as camera,
        Broker(folder, port, keeping) as broker,
        Core(home, folder / "core", broker_port=port) as core,
    ):
        made = House(broker, core, camera, folder, None)  # type: ignore[arg-type]
        made.watching = made.fresh_daemon()
        made.watching.__enter__()
        try:
            yield made
        finally:
            made.watching.close()


def restart_home_assistant(house: House) -> None:
    house.core.restart()


def restart_broker(house: House) -> None:
    house.broker.stop()
    house.broker.start()


def kill_broker(house: House) -> None:
    house.broker.kill()
    house.broker.start()


def restart_daemon(house: House) -> None:
    house.restart_daemon(signal.SIGTERM)


def kill_daemon(house: House) -> None:
    house.restart_daemon(signal.SIGKILL)


def restart_broker_and_daemon(house: House) -> None:
    house.broker.kill()
    house.restart_daemon(signal.SIGKILL)
    house.broker.start()


def restart_broker_and_home_assistant(house: House) -> None:
    house.core.stop()
    house.broker.kill()
    house.broker.start()
    house.core.start()


RESTARTS = [
    restart_home_assistant,
    restart_broker,
    kill_broker,
    restart_daemon,
    kill_daemon,
    restart_broker_and_daemon,
    restart_broker_and_home_assistant,
]


@pytest.mark.parametrize("restart", RESTARTS, ids=lambda each: each.__name__)
def test_it_is_right_again(house: House, restart: Callable[[House], None]) -> None:
    core = house.core
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
    core.call("number.set_value", f"{DOOR}_sensitivity", value=77)
    core.wait_state(f"{DOOR}_sensitivity", "77")

    connections = house.connections
    restart(house)
    # Home Assistant looks for a lost broker every 10 s, whatever we do.
    core.wait_for(lambda: house.connections > connections or not _cuts(restart), "a connection")
    began_s = time.monotonic()
    for key, state in (("motion", "off"), ("sensitivity", "77"), ("detection", "on")):
        left_s = began_s + RIGHT_AGAIN_S - time.monotonic()
        core.wait_state(f"{DOOR}_{key}", state, deadline_s=left_s)
    assert core.picture(f"{DOOR}_camera")[0] == 200


def _cuts(restart: Callable[[House], None]) -> bool:
    """Tell whether a restart cuts Home Assistant's connection to its broker."""
    return restart not in (restart_daemon, kill_daemon)


def test_motion_that_goes_on_over_a_restart_of_home_assistant_is_shown(house: House) -> None:
    """Who was there before the restart is there after it; nobody is reported twice."""
    core = house.core
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
    core.call("number.set_value", f"{DOOR}_event_gap", value=30)
    house.camera.visit()
    core.wait_state(f"{DOOR}_motion", "on", deadline_s=20)
    with Listener(house.broker.port) as listener:
        core.restart()
        core.wait_state(f"{DOOR}_motion", "on", deadline_s=RIGHT_AGAIN_S)
        said = [json.loads(each)["event_type"] for each in listener.payloads(f"{BASE}/event")]
    assert "start" not in said
    core.call("number.set_value", f"{DOOR}_event_gap", value=2)
    core.wait_state(f"{DOOR}_motion", "off", deadline_s=20)
