"""What to do about a camera that gives no picture, by the kind of its source."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from pimotion.called import command
from pimotion.cameras import NO_CAMERA, found_cameras, is_pi
from pimotion.config.camera import Camera
from pimotion.config.secrets import Unreadable, home_path
from pimotion.config.values import is_loopback

_PROC = Path("/proc")
_MOST_HOLDERS = 3
_SYSTEM_PICAMERA2 = Path("/usr/lib/python3/dist-packages/picamera2")


def about(camera: Camera, reason: str) -> str:
    """Return what to do about a camera of which no picture comes, for the reason it gave."""
    kind, _, rest = camera.source.partition(":")
    match kind:
        case "imagezmq":
            return _about_sender(rest)
        case "file":
            return _about_recording(rest.removesuffix("?loop"), reason)
        case "v4l2" if Path(rest).exists() and not reason.endswith("is no camera"):
            return _about_device(Path(rest), camera)
        case "auto" | "v4l2" | "picamera":
            return _about_missing(kind)
    return _about_network(reason)


def _about_recording(name: str, reason: str) -> str:
    if reason == "the recording has ended":
        return "?loop behind its path plays it again and again"
    with suppress(OSError, Unreadable):  # its folder may not be looked into, ~ has no meaning
        path = home_path(name)
        if path.is_dir():
            fill = "put images (jpg, png, bmp) into the folder, or name a video"
            return fill if "no images" in reason else "take that image out of the folder"
        if path.exists() and not os.access(path, os.R_OK):
            return "let the user read it that pimotion runs as"
        if path.exists():
            return f"is it a whole video? `ffprobe {shlex.quote(str(path))}` says what it is"
    return "check the path; the service sees no home folders, but /var/lib/pimotion"


def _about_network(reason: str) -> str:
    if "URL is wrong" in reason:
        return "write it as rtsp://HOST/PATH or http://HOST:PORT/PATH, the login beside it"
    if "check the path" in reason:
        return "the camera answers, but has its stream elsewhere: its manual names the path"
    return "try exactly this address and login in VLC on a computer beside it"


def _about_device(path: Path, camera: Camera) -> str:
    if not os.access(path, os.R_OK | os.W_OK):
        return "`sudo usermod -aG video $USER`, and log in anew"
    if holders := list(islice(_holders(path), _MOST_HOLDERS + 1)):
        more = ["and others"] if len(holders) > _MOST_HOLDERS else []
        return f"stop the program that has it: {', '.join(holders[:_MOST_HOLDERS] + more)}"
    if camera.controls.given:
        return f"`{command('cameras')}` lists its controls, each with what it may be"
    return f"plug it in anew; `sudo fuser -v {path}` names a program that has it"


def _about_missing(kind: str) -> str:
    sources = [each.source for each in found_cameras()]
    if kind != "v4l2" and "picamera" in sources:
        return "only one program can have it: is another one running, or a second pimotion?"
    return f"this machine has {', '.join(sources)}" if sources else NO_CAMERA


def _holders(path: Path) -> Iterator[str]:
    """Give the other programs that hold a device, as far as this user may see them."""
    device = str(path.resolve())
    for process in _PROC.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with suppress(OSError):  # another user's, or it has just ended
            if any(_leads_to(each, device) for each in (process / "fd").iterdir()):
                name = (process / "comm").read_text().strip()
                yield f"{name} (process {process.name})"


def _leads_to(descriptor: Path, device: str) -> bool:
    try:
        return str(descriptor.readlink()) == device
    except OSError:  # closed meanwhile
        return False


def _about_sender(rest: str) -> str:
    where, _, sender = rest.partition("#")
    address, _, asks = where.partition("?")
    if asks:
        return f"is the sender at {address} on, and does it publish?"
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    name = sender or "NAME"
    if is_loopback(host):
        return (
            f"only senders on this machine reach {host}: "
            f"`{command(f'send --to {address} --name {name}')}`; "
            f"for others, listen on tcp://0.0.0.0:{port} with open: true"
        )
    return f"on the other machine: `python -m pimotion send --to tcp://HERE:{port} --name {name}`"


def about_libcamera(reason: str) -> str:
    """Return what to do where picamera2 cannot be used, which failed with ``reason``."""
    if "size changed" in reason:
        return (
            "another numpy lies over the system's: make the environment anew (`rm -rf .venv`, or "
            "`sudo rm -rf /opt/pimotion` and `sudo make install`)"
        )
    if _SYSTEM_PICAMERA2.exists() and sys.prefix != sys.base_prefix:
        return (
            "it is installed, but this environment does not see it: make it anew with "
            "`python3 -m venv --system-site-packages`"
        )
    if not is_pi():
        return "this is no Raspberry Pi; a USB camera is v4l2:..., and `cameras` lists them"
    return (
        "`sudo apt install python3-picamera2`, then `make run` again, or `sudo make install` for "
        "the service"
    )
