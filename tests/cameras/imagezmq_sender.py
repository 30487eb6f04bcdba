"""An unmodified imagezmq sender as a process: imagezmq_sender.py ADDRESS NAME jpg|image|grey.

Sends numbered pictures until it is killed.
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
    sender = imagezmq.ImageSender(connect_to=address)
    for number in count():
        if what == "jpg":
            sender.send_jpg(name, jpeg(number))
        elif what == "grey":
            sender.send_image(name, cv2.cvtColor(SCENE.image(number), cv2.COLOR_BGR2GRAY))
        else:
            sender.send_image(name, SCENE.image(number))
        time.sleep(1 / FPS)


main()
