"""Plays an MJPEG stream with GStreamer into numbered files. Needs the system's Python, for ``gi``.

/usr/bin/python3 gstreamer_player.py URL FOLDER PICTURES [USER PASSWORD]
"""

from __future__ import annotations

import sys

try:
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst  # type: ignore[import-not-found]
except (ImportError, ValueError):
    sys.exit("GStreamer is missing: python3-gi, gstreamer1.0-plugins-good")

_TIME_OUT_S = 20


def main() -> None:
    """Play so many pictures, as GStreamer's own elements read them."""
    url, folder, pictures, *login = sys.argv[1:]
    Gst.init(None)
    pipeline = Gst.parse_launch(
        f"souphttpsrc name=source is-live=true ! multipartdemux single-stream=true ! image/jpeg "
        f"! identity eos-after={pictures} ! multifilesink location={folder}/%03d.jpg"
    )
    source = pipeline.get_by_name("source")
    source.set_property("location", url)
    if login:
        source.set_property("user-id", login[0])
        source.set_property("user-pw", login[1])
    pipeline.set_state(Gst.State.PLAYING)
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(_TIME_OUT_S * Gst.SECOND, ends)
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type == Gst.MessageType.ERROR:
        sys.exit(f"failed: {'time-out' if message is None else message.parse_error()}")


if __name__ == "__main__":
    main()
