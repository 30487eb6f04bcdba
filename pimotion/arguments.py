"""The grammar of the command line: commands, options and their help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pimotion import __version__

_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"  # noqa: SLF001  has no other name

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def parse(given: Sequence[str]) -> argparse.Namespace:
    """Return the options; ``command`` is the name of the command. Exits on wrong use.

    ``run`` is what no command means, so its options work without naming it.
    """
    first = given[0] if given else ""
    if not first or (first.startswith("-") and first not in ("-h", "--help", "--version")):
        given = ["run", *given]
    return _parser().parse_args(given)


class _Parser(argparse.ArgumentParser):
    """Says when its help cannot be printed; argparse would end as if it had been."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            print(message, end="")
        else:
            super()._print_message(message, file)


def _parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="pimotion",
        description="Turns any camera into a motion sensor that Home Assistant can trust.",
        epilog="Without a command pimotion runs; without a configuration, on embedded defaults.",
    )
    top.add_argument("--version", action="version", version=f"pimotion {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_run, _check, _doctor, _cameras, _init, _replay, _send, _ha, _schema):
        add(commands)
    return top


def _command(commands: _Commands, name: str, text: str) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=text, description=text)
    made.add_argument(
        "--log-level", choices=LEVELS, default="INFO", help="least severe line that is logged"
    )
    return made


def _run(commands: _Commands) -> None:
    run = _command(commands, "run", "the daemon (default)")
    run.add_argument("-c", "--config", metavar="FILE", help="configuration file")
    run.add_argument("--source", help="source of the only camera, instead of the configured one")
    run.add_argument("--host", metavar="ADDR", help="address of the page")
    run.add_argument(
        "--open", action="store_true", help="let everyone see the pictures without a login"
    )
    run.add_argument("--port", type=int, metavar="N", help="port of the page")
    run.add_argument(
        "--warmup-frames", type=int, metavar="N", help="frames from which the background is learnt"
    )


def _check(commands: _Commands) -> None:
    check = _command(commands, "check", "validate a configuration; names all mistakes at once")
    check.add_argument("file", nargs="?", metavar="FILE", help="configuration file")


def _doctor(commands: _Commands) -> None:
    doctor = _command(commands, "doctor", "try everything for real; say what to do where it fails")
    doctor.add_argument("file", nargs="?", metavar="FILE", help="configuration file")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    doctor.set_defaults(log_level="WARNING")


def _cameras(commands: _Commands) -> None:
    cameras = _command(commands, "cameras", "list this machine's cameras, ready to paste")
    cameras.add_argument("--json", action="store_true", help="print one JSON array")
    cameras.set_defaults(log_level="WARNING")


def _ha(commands: _Commands) -> None:
    ha = commands.add_parser("ha", help="Home Assistant: clean up, or print examples")
    actions = ha.add_subparsers(dest="action", required=True, metavar="ACTION")
    clean = _command(actions, "clean", "take everything off the broker that a node has left there")
    clean.add_argument("--node", metavar="OLD", help="name of the node; by default the configured")
    examples = _command(
        actions, "examples", "blueprints, automations, a dashboard and a broker ACL, filled in"
    )
    examples.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="write files instead of printing them"
    )
    for action in (clean, examples):
        action.add_argument("-c", "--config", metavar="FILE", help="configuration file")


def _schema(commands: _Commands) -> None:
    _command(commands, "schema", "print the JSON Schema of the configuration")


def _replay(commands: _Commands) -> None:
    replay = _command(commands, "replay", "detect motion in a recording and print its events")
    replay.add_argument("source", type=Path, help="a video file, or a folder of numbered images")
    replay.add_argument("--fps", type=_rate, metavar="N", help=_FPS_HELP)
    replay.add_argument("-c", "--config", metavar="FILE", help="use a camera of this configuration")
    replay.add_argument("--camera", metavar="NAME", help="which camera of the configuration")
    replay.add_argument("--frames", type=Path, metavar="FILE", help="write a JSON line a frame")
    replay.add_argument("--masks", type=Path, metavar="DIR", help="write each frame's mask")
    replay.add_argument(
        "--annotate", type=Path, metavar="FILE.mp4", help="write the video with its boxes"
    )


_FPS_HELP = (
    "rate of a folder of images, or of a raw stream (.h264, .mjpeg); "
    "other videos have times of their own"
)


def _rate(text: str) -> float:
    try:
        fps = float(text)
    except ValueError:
        fps = 0.0
    if not 0.1 <= fps <= 1000:  # noqa: PLR2004  named in the message
        raise argparse.ArgumentTypeError(f"must be 0.1 to 1000 frames a second, got '{text}'")
    return fps


def _send(commands: _Commands) -> None:
    send = _command(commands, "send", "give a camera's pictures to a pimotion on another machine")
    send.add_argument("--source", default="auto", help="camera; by default the first one found")
    send.add_argument("--to", required=True, metavar="tcp://HOST:PORT", help="who takes them")
    send.add_argument("--name", required=True, help="what the camera is called there")
    send.add_argument("--width", type=int, metavar="PX", help="width to ask of the camera")
    send.add_argument("--height", type=int, metavar="PX", help="height to ask of the camera")
    send.add_argument("--fps", type=float, metavar="N", help="most pictures a second")
    send.add_argument("--quality", type=int, metavar="N", help="JPEG quality, 1 to 100")


def _init(commands: _Commands) -> None:
    init = _command(commands, "init", "write a configuration for this machine")
    init.add_argument("--source", help="camera; by default the first one found")
    init.add_argument("--broker", metavar="HOST", help="MQTT broker; asked for on a terminal")
    init.add_argument("--broker-port", type=int, metavar="N", help="port of the broker")
    init.add_argument("--username", help="login at the broker")
    init.add_argument("--password", help="password at the broker")
    init.add_argument("--tls", action="store_true", help="reach the broker by TLS")
    init.add_argument("--lan", action="store_true", help="let the network reach the page, by login")
    init.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("pimotion.yml"),
        metavar="FILE",
        help="where to write it; by default pimotion.yml",
    )
