"""Lets the real picamera2 drive libcamera's "virtual" camera; import it before picamera2 is used.

Real are libcamera, its Python bindings and all of picamera2. Stood in for is what only a Pi has:

- the buffers: plain memory takes the place of the DMA heap, so this runs in a chroot, too;
- the formats: the camera gives NV12, of which YUV420 is made as each request completes;
- the list of raw modes, which is empty here;
- the pace: the camera is as fast as it is asked, and is held to 30 pictures a second.

While the file ``$PIMOTION_PI_CONTROL`` holds ``hang``, no request completes, as with a loose cable.
Written for picamera2 0.3.38 and libcamera 0.4.0.
"""

# ruff: noqa: E402  the process begins anew before anything else is imported
from __future__ import annotations

import mmap
import os
import select
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# libcamera 0.4.0's virtual camera leaves each picture's status unset, and picamera2 drops what is
# not a success. Memory that glibc hands out zeroed reads as one.
_TUNABLES = "glibc.malloc.tcache_count=0:glibc.malloc.perturb=255"
if os.environ.get("GLIBC_TUNABLES") != _TUNABLES:
    os.execve(sys.executable, sys.orig_argv, {**os.environ, "GLIBC_TUNABLES": _TUNABLES})

import libcamera
import numpy as np
import picamera2.allocators.dmaallocator as dma
import picamera2.picamera2 as p2
from picamera2 import Picamera2
from picamera2.allocators import DmaAllocator
from picamera2.dma_heap import UniqueFD

_FRAME_S = 1 / 30
_LATE_S = 0.1
_CONTROL = Path(os.environ.get("PIMOTION_PI_CONTROL", "/run/pi.control"))


def _hangs() -> bool:
    try:
        return _CONTROL.read_text().strip() == "hang"
    except OSError:
        return False


class _Heap:
    """Plain memory in the place of ``/dev/dma_heap``."""

    def alloc(self, name: str, size_bytes: int) -> Any:
        handle = os.memfd_create(name)
        os.ftruncate(handle, size_bytes)
        return UniqueFD(handle)

    def close(self) -> None:
        pass


class _Sync:
    """picamera2 enters one for each buffer of a request that completed: the place to convert."""

    def __init__(self, allocator: _Allocator, buffer: Any, _write: bool) -> None:
        self._allocator = allocator
        self._buffer = buffer

    def __enter__(self) -> Any:
        self._allocator.convert(self._buffer)
        return self._allocator.mapped_buffers[self._buffer]

    def __exit__(self, *_: object) -> None:
        pass


class _Allocator(DmaAllocator):  # type: ignore[misc]  # picamera2 has no types
    """Buffers of two planes, which NV12 needs and picamera2 does not make."""

    def __init__(self) -> None:
        dma.DmaHeap = _Heap
        super().__init__()
        self.sync = _Sync
        self._raw: dict[Any, tuple[mmap.mmap, int, int]] = {}
        self._fresh: set[Any] = set()

    def allocate(self, libcamera_config: Any, _use_case: object) -> None:
        self.libcamera_fds: list[int] = []
        self.cleanup()
        for handle in getattr(self, "open_fds", []):
            os.close(handle)
        self.frame_buffers: dict[Any, list[Any]] = {}
        self.open_fds: list[int] = []
        self._raw = {}
        for stream in libcamera_config:
            made = [self._buffer(stream) for _ in range(stream.buffer_count)]
            self.frame_buffers[stream.stream] = made

    def completed(self, buffers: Mapping[Any, Any]) -> None:
        """Note that new pictures lie in these."""
        self._fresh.update(buffers.values())

    def convert(self, buffer: Any) -> None:
        """Make YUV420 of the NV12 in a buffer, once."""
        if buffer not in self._fresh:
            return
        self._fresh.discard(buffer)
        memory, width, height = self._raw[buffer]
        luma = width * height
        nv12 = np.frombuffer(memory, np.uint8, luma * 3 // 2)
        yuv420 = np.frombuffer(self.mapped_buffers[buffer], np.uint8)
        yuv420[:luma] = nv12[:luma]
        yuv420[luma : luma * 5 // 4] = nv12[luma::2]
        yuv420[luma * 5 // 4 :] = nv12[luma + 1 :: 2]

    def _buffer(self, stream: Any) -> Any:
        width, height = stream.stride, stream.size.height
        handle = self.dmaHeap.alloc("virtual", stream.frame_size).get()
        self.open_fds.append(handle)
        luma = width * height
        planes = [_plane(handle, 0, luma), _plane(handle, luma, luma // 2)]
        buffer = libcamera.FrameBuffer(planes)
        first = buffer.planes[0].fd
        self.libcamera_fds.append(first)
        self.mapped_buffers_used[first] = False
        both_ways = mmap.PROT_READ | mmap.PROT_WRITE
        memory = mmap.mmap(handle, stream.frame_size, mmap.MAP_SHARED, both_ways)
        self._raw[buffer] = memory, width, height
        self.mapped_buffers[buffer] = mmap.mmap(-1, width * height * 3 // 2)
        return buffer


def _plane(handle: int, offset: int, length: int) -> Any:
    plane = libcamera.FrameBuffer.Plane()
    plane.fd, plane.offset, plane.length = handle, offset, length
    return plane


_own_raw_modes = Picamera2._get_raw_modes
_own_update = Picamera2._update_camera_config
_own_handle = p2.CameraManager.handle_request
_one_at_a_time = threading.RLock()
_due = [0.0]


def _raw_modes(self: Any) -> Any:
    try:
        return _own_raw_modes(self)
    except AttributeError:  # there is no raw stream
        return [{"format": "SRGGB10", "size": (1280, 720)}]


def _update(self: Any, camera_config: Any, libcamera_config: Any) -> None:
    """Say YUV420 where libcamera had to say NV12."""
    wanted = [(name, camera_config[name]) for name in ("main", "lores") if camera_config[name]]
    formats = {name: stream["format"] for name, stream in wanted}
    _own_update(self, camera_config, libcamera_config)
    for name, form in formats.items():
        width, height = camera_config[name]["size"]
        size = {"stride": width, "framesize": width * height * 3 // 2}
        camera_config[name].update(format=form, **size)


def _handle(self: Any, flushid: int | None = None) -> None:
    """Let one request complete, when it is due; a camera that stops has all of its own dropped."""
    if flushid is None:
        while _hangs() and self.running:
            time.sleep(0.05)
        time.sleep(max(0.0, _due[0] - time.monotonic()))
        _due[0] = max(_due[0] + _FRAME_S, time.monotonic() - _LATE_S)
    with _one_at_a_time:
        real = self.cms
        self._cms = _OneByOne(self, real, flushid)
        try:
            _own_handle(self, flushid)
        finally:
            self._cms = real


class _OneByOne:
    """libcamera's camera manager, which hands on one request at a time."""

    def __init__(self, manager: Any, real: Any, flushid: int | None) -> None:
        self.event_fd = real.event_fd
        self._manager, self._real, self._flushid = manager, real, flushid

    def get_ready_requests(self) -> list[Any]:
        manager = self._manager
        held = [*getattr(manager, "held", []), *self._real.get_ready_requests()]
        if self._flushid is not None:
            manager.held = []
            return []
        manager.held = held[1:]
        for request in held[:1]:
            manager.cameras[request.cookie].allocator.completed(request.buffers)
        return held[:1]


def _listen(self: Any) -> None:
    """picamera2's own, which also looks at what is held."""
    while self.running:
        if getattr(self, "held", None) or select.select([self.cms.event_fd], [], [], 0.2)[0]:
            self.handle_request()
    self._cms = None


Picamera2._get_raw_modes = _raw_modes
Picamera2._update_camera_config = _update
p2.DmaAllocator = _Allocator
p2.CameraManager.handle_request = _handle
p2.CameraManager.listen = _listen
