"""docs/raspberry-pi.md, walked through word for word in a virtual machine, up to Home Assistant.

Needs what tests/hardware/run.sh needs; `run.sh walk` calls it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from broker import Broker, Listener
from daemon_process import ROOT
from home.core import Core
from waiting import wait_until

pytestmark = [pytest.mark.hardware, pytest.mark.timeout(2700)]

DOOR = "pimotion_pimotion-vm_camera"
_PAGE = (ROOT / "docs" / "raspberry-pi.md").read_text()
_WALK_S = 2400
_HOST = "10.0.2.2"
"""This machine as the virtual one reaches it."""


def commands(section: str) -> list[str]:
    """The commands of a section, which are its indented lines up to the first text."""
    text = _PAGE.split(f"\n## {section}", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"(?m)(^    .+\n)+", text)
    assert block, f"{section} has no commands"
    return [line.strip() for line in block[0].splitlines()]


def script(broker_port: int) -> str:
    """What is typed on the Pi, where its camera is vivid and its broker on another machine."""
    typed = "\n".join(commands("3. pimotion"))
    assert "<this repository>" in typed
    assert "--broker homeassistant.local" in typed
    typed = typed.replace("<this repository>", "/mnt/project").replace("'...'", "'from the add-on'")
    typed = typed.replace(".local", f".local --broker-port {broker_port}")
    return f"""
        set -e
        sudo() {{ "$@"; }}
        modprobe vivid n_devs=1 node_types=0x1
        echo '{_HOST} homeassistant.local' >> /etc/hosts
        printf '[safe]\\n directory = *\\n' > ~/.gitconfig # a stranger's folder is cloned
        cd ~
        {typed}
        sudo make doctor
        systemctl is-enabled pimotion
        sleep infinity
    """


@dataclass
class Machine:
    """The virtual machine while it is installed and runs."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_for(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something is so; fail with what was said when it ends before."""
        wait_until(lambda: holds() or self.process.poll() is not None, what, _WALK_S)
        assert self.process.poll() is None, f"it ended before: {what}\n{self.said[-4000:]}"


@pytest.fixture
def pi(broker: Broker, tmp_path: Path) -> Iterator[Machine]:
    output = tmp_path / "pi.txt"
    in_vm = ROOT / "tests" / "hardware" / "machine" / "in_vm.sh"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [in_vm, "-p", ROOT, "-t", str(_WALK_S), script(broker.port)],
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    yield Machine(process, output)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(20)


def test_the_page_leads_to_an_entity_with_a_picture(
    core: Core, broker: Broker, pi: Machine
) -> None:
    with Listener(broker.port) as listener:
        pi.wait_for(lambda: listener.payloads(f"homeassistant/device/{DOOR}/config"), "discovery")
    core.wait_state(f"{DOOR}_problem", "off", deadline_s=60)
    core.wait_state(f"{DOOR}_motion", lambda now: now["state"] in ("on", "off"), deadline_s=60)
    core.wait_for(lambda: core.picture(f"{DOOR}_camera")[0] == 200, "a picture", deadline_s=60)
    assert core.picture(f"{DOOR}_camera")[1].startswith(b"\xff\xd8"), "a JPEG"
    # Were anything wrong for the doctor, the machine would have ended.
    pi.wait_for(lambda: pi.said.endswith("enabled\n"), "it starts with the machine")
    assert core.complaints() == []
