"""A folder whose disk fails in one of several ways, and is well again."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

SIZE = "size=8m,nr_inodes=60"
_FILL = b"\0" * 65_536


def mount(*arguments: str) -> bool:
    """Call mount; False where that is not allowed."""
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def umount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Let a folder be a disk of its own, of 8 MB and 60 files."""
    folder.mkdir()
    assert mount("-t", "tmpfs", "-o", SIZE, "tmpfs", str(folder))
    try:
        yield
    finally:
        umount(folder)


def can_mount() -> bool:
    """Tell whether this process may mount: root may, outside of most containers."""
    if os.geteuid() != 0:
        return False
    with TemporaryDirectory() as scratch:  # of its own: others may try it at the same time
        allowed = mount("-t", "tmpfs", "-o", SIZE, "tmpfs", scratch)
        if allowed:
            umount(Path(scratch))
    return allowed


@contextmanager
def no_file_may_grow(_folder: Path, pid: int) -> Iterator[None]:
    """Every write of the process to a file fails (EFBIG); needs no root."""
    process = psutil.Process(pid)
    usual = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (0, usual[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, usual[1]))


@contextmanager
def full(folder: Path, _pid: int) -> Iterator[None]:
    """Not one byte is left (ENOSPC)."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        size = len(_FILL)
        while size:
            try:
                file.write(_FILL[:size])
            except OSError:
                size //= 2
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def no_more_files(folder: Path, _pid: int) -> Iterator[None]:
    """No file can be made (ENOSPC), those that are there may grow."""
    fillers = folder / "fillers"
    fillers.mkdir()
    try:
        for number in range(1000):
            try:
                (fillers / str(number)).touch()
            except OSError:
                break
        yield
    finally:
        for filler in fillers.iterdir():
            filler.unlink()
        fillers.rmdir()


@contextmanager
def read_only(folder: Path, _pid: int) -> Iterator[None]:
    """The folder is read-only from now on (EROFS), as after an error of an SD card."""
    assert mount("--bind", str(folder), str(folder))
    assert mount("-o", "remount,ro,bind", str(folder))
    try:
        yield
    finally:
        umount(folder)


@contextmanager
def in_the_way(folder: Path, _pid: int) -> Iterator[None]:
    """A folder stands where the database should be."""
    (folder / "events.db").mkdir(parents=True)
    try:
        yield
    finally:
        (folder / "events.db").rmdir()


Fault = Callable[[Path, int], AbstractContextManager[None]]
AT_START: dict[str, Fault] = {"something in the way": in_the_way}
EVERYWHERE: dict[str, Fault] = {"no file may grow": no_file_may_grow}
AS_ROOT: dict[str, Fault] = {"full": full, "no more files": no_more_files, "read-only": read_only}
