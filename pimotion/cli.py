"""The commands of ``python -m pimotion``. Logs go to stderr, data to stdout."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pimotion import __version__, arguments, cameras, first_run, ha, init, log
from pimotion.capture.factory import DEMO, found_camera
from pimotion.config import docs as config_docs
from pimotion.config import file as config_file
from pimotion.config.camera import Camera
from pimotion.config.paths import rooted_source
from pimotion.config.settings import Settings
from pimotion.daemon import Daemon
from pimotion.doctor.doctor import doctor
from pimotion.errors import ConfigError, PimotionError
from pimotion.exit_codes import FAILED, PASSED, WRONG_USE
from pimotion.replay import ReplayOptions, replay
from pimotion.run import Signals, end_process, run
from pimotion.send import SendOptions, send


def main(given: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    try:
        return _obeyed(sys.argv[1:] if given is None else given)
    except ConfigError as error:
        return _refuse(error)
    except BrokenPipeError:  # whoever read what we print has seen enough
        end_process(PASSED)
        return PASSED
    except PimotionError as error:
        print(f"pimotion: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        what = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
        print(f"pimotion: {what or error}", file=sys.stderr)
        end_process(FAILED)  # what could not be printed would be tried again, and told again
        return FAILED


def _obeyed(given: Sequence[str]) -> int:
    try:
        options = arguments.parse(given)
        log.setup(options.log_level)
        return _COMMANDS[options.command](options)
    finally:
        print(end="", flush=True)  # while it can still be told that there is no room for it


def _refuse(error: ConfigError) -> int:
    for problem in error.problems:
        print(problem, file=sys.stderr)
    count = len(error.problems)
    many = "1 problem" if count == 1 else f"{count} problems"
    print(f"{many}; nothing was started.", file=sys.stderr)
    return WRONG_USE


def _run(options: argparse.Namespace) -> int:
    overrides = config_file.Overrides(
        source=options.source,
        host=options.host,
        open=options.open or None,
        port=options.port,
        warmup_frames=options.warmup_frames,
    )
    signals = Signals()
    path = config_file.find(options.config)
    if path is None:
        code = _run_without_file(overrides, signals)
    else:
        code = _run_file(path, overrides, signals)
    end_process(code)
    return code


def _run_file(path: Path, overrides: config_file.Overrides, signals: Signals) -> int:
    def read() -> Settings:
        return config_file.load(path, overrides=overrides)

    settings = read()
    logging.getLogger(__name__).info("starting version=%s config=%s", __version__, path)
    return run(settings, signals, reread=read)


def _run_without_file(overrides: config_file.Overrides, signals: Signals) -> int:
    bare = first_run.settings_without_file(has_source=overrides.source is not None)
    settings = config_file.apply(bare, overrides)
    has_broker_nearby = first_run.broker_nearby(settings)

    def greet(daemon: Daemon) -> None:
        first_run.greet(settings, daemon, has_broker_nearby=has_broker_nearby)

    return run(settings, signals, greet=greet)


def _check(options: argparse.Namespace) -> int:
    path = config_file.found(options.file)
    settings = config_file.load(path)
    names = ", ".join(settings.cameras)
    print(f"{path}: correct; node {settings.node}, cameras: {names}")
    return PASSED


def _doctor(options: argparse.Namespace) -> int:
    path = config_file.find(options.file)
    settings = first_run.settings_without_file() if path is None else config_file.load(path)
    code = doctor(settings, path, as_json=options.json)
    end_process(code)
    return code


def _cameras(options: argparse.Namespace) -> int:
    cameras.show(as_json=options.json)
    return PASSED


def _schema(_options: argparse.Namespace) -> int:
    print(json.dumps(config_docs.schema(), indent=2))
    return PASSED


def _init(options: argparse.Namespace) -> int:
    answers = init.Answers(
        path=options.output,
        source=rooted_source(options.source or found_camera() or DEMO, Path()),
        broker=options.broker,
        port=options.broker_port,
        username=options.username,
        password=options.password,
        tls=options.tls,
        lan=options.lan,
    )
    return init.run(init.ask_for_broker(answers))


def _replay(options: argparse.Namespace) -> int:
    node, camera_id, camera = _replayed_camera(options)
    wanted = ReplayOptions(
        source=options.source,
        fps=options.fps,
        frames=options.frames,
        masks=options.masks,
        annotate=options.annotate,
        every_frame=options.config is None,
    )
    replay(wanted, node=node, camera_id=camera_id, camera=camera)
    return PASSED


def _replayed_camera(options: argparse.Namespace) -> tuple[str, str, Camera]:
    """Return node, id and settings of the camera whose rules the recording is judged by."""
    if options.config is None:
        if options.camera is not None:
            raise ConfigError(["--camera names a camera of a configuration: give --config too"])
        # Not the recording itself, whose name need not be one that a configuration can have.
        values = {"cameras": {"replay": {"source": "file:recording"}}}
        return "replay", "replay", config_file.from_values(values).cameras["replay"]
    settings = config_file.load(Path(options.config))
    camera_id = options.camera or next(iter(settings.cameras))
    if camera_id not in settings.cameras:
        known = ", ".join(settings.cameras)
        raise ConfigError([f"{options.config}: no camera '{camera_id}'; known: {known}"])
    return settings.node, camera_id, settings.cameras[camera_id]


def _send(options: argparse.Namespace) -> int:
    wanted = SendOptions(hub=options.to, name=options.name, quality=options.quality)
    code = send(_sent_camera(options), wanted)
    end_process(code)
    return code


def _sent_camera(options: argparse.Namespace) -> Camera:
    asked = {name: getattr(options, name) for name in ("source", "width", "height", "fps")}
    values = {name: value for name, value in asked.items() if value is not None}
    try:
        return config_file.from_values({"cameras": {"sent": values}}).cameras["sent"]
    except ConfigError as error:
        raise ConfigError(
            [each.replace("cameras.sent.", "--") for each in error.problems]
        ) from None


_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "check": _check,
    "doctor": _doctor,
    "cameras": _cameras,
    "init": _init,
    "replay": _replay,
    "send": _send,
    "ha": ha.run,
    "schema": _schema,
}
