#!/usr/bin/python3
"""An RTSP camera on loopback that plays files: rtsp_camera.py PORT NAME=FILE...

Runs on the system's Python: apt packages gir1.2-gst-rtsp-server-1.0, python3-gi and
gstreamer1.0-plugins-base, -good, -bad. ``rtsp://127.0.0.1:PORT/NAME`` plays FILE (H.264 in MP4,
H.265 in MKV or MJPEG in AVI) once, at its own speed, to each who asks; a NAME with ``udp`` in it is
sent over UDP only. With LOGIN=user:password as an argument it wants that login. Kill it, or stop it
with SIGSTOP, to see what a client makes of that.
"""

from __future__ import annotations

import sys

import gi  # type: ignore[import-not-found]  # the system's Python has it

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

_PLAY = {
    ".mp4": "qtdemux ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96",
    ".mkv": "matroskademux ! h265parse config-interval=-1 ! rtph265pay name=pay0 pt=96",
    ".avi": "avidemux ! jpegparse ! rtpjpegpay name=pay0 pt=26",
}


def add(server: GstRtspServer.RTSPServer, name: str, path: str) -> None:
    """Offer a file under a name."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( filesrc location={path} ! {_PLAY[path[-4:]]} )")
    if "udp" in name:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
    server.get_mount_points().add_factory(f"/{name}", factory)


def guard(server: GstRtspServer.RTSPServer, login: str) -> None:
    """Let nobody in without the login."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*login.split(":", 1)), token)
    server.set_auth(auth)


def main() -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    for argument in sys.argv[2:]:
        name, value = argument.split("=", 1)
        if name == "LOGIN":
            guard(server, value)
        else:
            add(server, name, value)
    server.attach(None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


main()
