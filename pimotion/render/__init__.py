"""Draws on copies of pictures, in the pixels that cost least: boxes, zones, time, and why not."""

from pimotion.render.canvas import BLUE, ORANGE, RED, WHITE, Canvas, ascii_of
from pimotion.render.layer import Colour
from pimotion.render.overlay import Overlay, caption_of, cropped, draw

__all__ = [
    "BLUE",
    "ORANGE",
    "RED",
    "WHITE",
    "Canvas",
    "Colour",
    "Overlay",
    "ascii_of",
    "caption_of",
    "cropped",
    "draw",
]
