"""Draws on copies of pictures, in the pixels that cost least: boxes, zones, time, and why not."""

from pimotion.render.canvas import BLUE, ORANGE, RED, WHITE, Area, Canvas, ascii_of, drawn_name
from pimotion.render.layer import Colour
from pimotion.render.mosaic import Mosaic, columns_for, fitting
from pimotion.render.overlay import Overlay, caption_of, cropped, draw

__all__ = [
    "BLUE",
    "ORANGE",
    "RED",
    "WHITE",
    "Area",
    "Canvas",
    "Colour",
    "Mosaic",
    "Overlay",
    "ascii_of",
    "caption_of",
    "columns_for",
    "cropped",
    "draw",
    "drawn_name",
    "fitting",
]
