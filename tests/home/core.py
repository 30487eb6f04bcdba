"""Runs a real Home Assistant, headless, and asks it what it shows.

Everything is on loopback; it is started here and ended by its pid. Entities are looked up by
`unique_id`, never by a guessed entity id.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from free_ports import find_free_port
from web_socket import WebSocket

from home.folder import write_folder

HOST = "127.0.0.1"
_START_S = 90.0
_LINE = re.compile(
    r"^\S+ \S+ (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) \([^)]*\) "
    r"\[(?P<logger>[^\]]*)\] (?P<text>.*)$"
)
_ALWAYS_SAID = re.compile(r"Skipping pip installation|assist_pipeline|assist_satellite")
"""What any Home Assistant without speech and without pip says."""

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of Home Assistant's log, with what follows it."""

    level: str
    logger: str
    text: str


class Core:
    """One Home Assistant with a folder of its own; as a context it runs until the end of it."""

    def __init__(self, home: Path, folder: Path, *, broker_port: int) -> None:
        """``home`` is where `install.sh` put it."""
        self._program = home / "venv" / "bin" / "hass"
        self._libraries = home / "libraries"
        self.folder = folder
        self._port = find_free_port()
        self.url = f"http://{HOST}:{self._port}"
        self._log = folder / "hass.log"
        self._token = write_folder(folder, port=self._port, broker_port=broker_port)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Core:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- its life

    def start(self) -> None:
        """Start it and wait until it runs and has its broker."""
        # Home Assistant keeps certificates in the temporary folder: each has its own.
        own = {"TMPDIR": str(self.folder / "tmp"), "HOME": str(self.folder)}
        own |= {"HA_DISABLE_LOG_FILE": "1", "NO_COLOR": "1"}
        own |= {"LD_LIBRARY_PATH": str(self._libraries)}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.folder), "--skip-pip", "--log-no-color"],
                stdout=log,
                stderr=log,
                env={**kept, **own},
                cwd=self.folder,
                start_new_session=True,
            )
        self.wait_for(self._runs, "Home Assistant runs", deadline_s=_START_S)
        self.wait_for(self._has_broker, "it is connected to its broker", deadline_s=30)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """End it and start it again."""
        self.stop()
        self.start()

    # --- what it shows

    def get(self, path: str) -> Any:
        """Return what the REST API says."""
        return json.loads(self.fetch(path)[1])

    def fetch(self, path: str, *, method: str = "GET", body: Any = None) -> tuple[int, bytes]:
        """Return status and body of any address, whatever the status."""
        data = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    @property
    def headers(self) -> dict[str, str]:
        """What opens every door of the API."""
        return {"Authorization": f"Bearer {self._token}"}

    def states(self) -> dict[str, State]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in self.get("/api/states")}

    def registry(self) -> list[dict[str, Any]]:
        """Return what it knows of all MQTT entities, disabled ones too."""
        entries: list[dict[str, Any]] = self.ask("config/entity_registry/list")
        return [entry for entry in entries if entry["platform"] == "mqtt"]

    def devices(self) -> dict[str, dict[str, Any]]:
        """Return the MQTT devices by identifier."""
        return {
            identifier[1]: device
            for device in self.ask("config/device_registry/list")
            for identifier in device["identifiers"]
            if identifier[0] == "mqtt"
        }

    def entity(self, unique_id: str) -> str:
        """Return the entity id of a `unique_id`; AssertionError if there is none."""
        found = [entry["entity_id"] for entry in self.registry() if entry["unique_id"] == unique_id]
        assert found, f"no entity {unique_id}; {sorted(e['unique_id'] for e in self.registry())}"
        return str(found[0])

    def state(self, unique_id: str) -> State:
        """Return the state of an entity; empty if it has none."""
        status, body = self.fetch(f"/api/states/{self.entity(unique_id)}")
        return json.loads(body) if status == 200 else {}

    def wait_state(
        self, unique_id: str, wanted: str | Callable[[State], bool], *, deadline_s: float = 15
    ) -> State:
        """Wait until an entity is as wanted; return its state."""
        test = wanted if callable(wanted) else lambda state: state.get("state") == wanted
        self.wait_for(
            lambda: any(unique_id == entry["unique_id"] for entry in self.registry()),
            f"there is {unique_id}",
            deadline_s=deadline_s,
        )
        self.wait_for(
            lambda: test(self.state(unique_id)),
            lambda: f"{unique_id} is {wanted}; {self.state(unique_id)}",
            deadline_s=deadline_s,
        )
        return self.state(unique_id)

    def picture(self, unique_id: str) -> tuple[int, bytes]:
        """Return status and bytes of what a dashboard shows of a camera or an image."""
        entity = self.entity(unique_id)
        return self.fetch(f"/api/{entity.split('.')[0]}_proxy/{entity}")

    # --- what it is told to do

    def call(self, service: str, unique_id: str | None = None, **data: Any) -> None:
        """Call a service such as ``switch.turn_on``, for an entity."""
        if unique_id is not None:
            data["entity_id"] = self.entity(unique_id)
        status, body = self.fetch(
            f"/api/services/{service.replace('.', '/')}", method="POST", body=data
        )
        assert status == 200, f"{service} {data}: {status} {body!r}"

    def walk_flow(self, handler: str, *steps: Mapping[str, Any]) -> dict[str, Any]:
        """Add an integration as its dialog does; return the last answer."""
        path = "/api/config/config_entries/flow"
        begin = {"handler": handler, "show_advanced_options": True}
        answer = json.loads(self.fetch(path, method="POST", body=begin)[1])
        for step in steps:
            assert answer.get("type") == "form", answer
            target = f"{path}/{answer['flow_id']}"
            answer = json.loads(self.fetch(target, method="POST", body=step)[1])
        return dict(answer)

    def set_automations(self, *automations: Mapping[str, Any]) -> list[str]:
        """Have these automations and no others; return their entity ids, once they are there."""
        (self.folder / "automations.yaml").write_text(json.dumps(automations))
        self.call("automation.reload")

        def ids() -> dict[str, str]:
            mine = {e: s for e, s in self.states().items() if e.startswith("automation.")}
            # Those that are gone are remembered as unavailable.
            live = {e: s for e, s in mine.items() if s["state"] == "on"}
            return {str(s["attributes"].get("id")): e for e, s in live.items()}

        wanted = [str(automation["id"]) for automation in automations]
        self.wait_for(lambda: set(wanted) == set(ids()), lambda: f"{wanted}; {ids()}")
        return [ids()[each] for each in wanted]

    def ask(self, kind: str, **fields: Any) -> Any:
        """Return the result of one command of the WebSocket API."""
        with self.websocket() as socket:
            socket.send({"id": 1, "type": kind, **fields})
            answer = socket.receive()
        assert answer["success"], f"{kind}: {answer}"
        return answer["result"]

    def websocket(self) -> WebSocket:
        """Return a connection that has logged in."""
        socket = WebSocket(HOST, self._port, "/api/websocket")
        socket.receive()
        socket.send({"type": "auth", "access_token": self._token})
        assert socket.receive()["type"] == "auth_ok"
        return socket

    # --- what it says

    def log(self) -> list[LogRecord]:
        """Return everything that it has logged."""
        records: list[LogRecord] = []
        for line in self._log.read_text(errors="replace").splitlines():
            found = _LINE.match(line)
            if found is not None:
                records.append(LogRecord(found["level"], found["logger"], found["text"]))
            elif records:
                last = records[-1]
                records[-1] = LogRecord(last.level, last.logger, f"{last.text}\n{line}")
        return records

    def complaints(self) -> list[LogRecord]:
        """Return warnings and worse, and payloads that no entity understood."""
        return [
            record
            for record in self.log()
            if not _ALWAYS_SAID.search(f"{record.logger} {record.text}")
            and (
                record.level in ("WARNING", "ERROR", "CRITICAL")
                or "No matching payload found" in record.text
            )
        ]

    def wait_for(
        self,
        holds: Callable[[], object],
        what: str | Callable[[], str],
        *,
        deadline_s: float = 15,
    ) -> None:
        """Wait until something is so; fail with the end of the log when it never is."""
        end_s = time.monotonic() + deadline_s
        while True:
            try:
                if holds():
                    return
            except (OSError, EOFError, AssertionError, KeyError, ValueError):
                if self._process is not None and self._process.poll() is not None:
                    pytest.fail(f"Home Assistant ended:\n{self._log.read_text()[-3000:]}")
            if time.monotonic() > end_s:
                text = what if isinstance(what, str) else what()
                pytest.fail(f"not within {deadline_s:g} s: {text}\n{self._end_of_log()}")
            time.sleep(0.05)

    def _end_of_log(self) -> str:
        lines = [f"{each.level} {each.logger} {each.text}" for each in self.complaints()[-10:]]
        return "\n".join(lines)

    def _runs(self) -> bool:
        text = self._log.read_bytes()
        assert b"Activating recovery mode" not in text, "Home Assistant is in recovery mode"
        return bool(self.get("/api/config")["state"] == "RUNNING")

    def _has_broker(self) -> bool:
        entries = self.get("/api/config/config_entries/entry")
        return any(each["domain"] == "mqtt" and each["state"] == "loaded" for each in entries)
