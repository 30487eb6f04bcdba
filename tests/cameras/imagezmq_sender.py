"""An unmodified imagezmq sender, a process: ADDRESS NAME jpg|image|grey|publish.

Sends numbered pictures until it is killed; with ``publish`` (PUB/SUB) it listens at the address.
"""

from __future__ import annotations

import sys
import time
from itertools import count

import cv2
import imagezmq

from cameras.pictures import FPS, SCENE, jpeg


def main() -> None:
    """Send."""
    address, name, what = sys.argv[1:]
    sender = imagezmq.ImageSender(connect_to=address, REQ_REP=what != "publish")
    for number in count():
        if what in ("jpg", "publish"):
            sender.send_jpg(name, jpeg(number))
        elif what == "grey":
            sender.send_image(name, cv2.cvtColor(SCENE.image(number), cv2.COLOR_BGR2GRAY))
        else:
            sender.send_image(name, SCENE.image(number))
        time.sleep(1 / FPS)


main()
