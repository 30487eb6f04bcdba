"""All cameras in one picture: a browser opens six connections to a host, and a wall has one screen.

The picture is put together at a steady beat, not at each frame of each camera, and only when one of
them has something new.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from pimotion.clock import utc_now_s
from pimotion.config.camera import Stream
from pimotion.errors import PictureError
from pimotion.pixels import Planes
from pimotion.render import Area, Mosaic, caption_of, columns_for, draw, fitting
from pimotion.stream.cards import CardTiles
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant
from pimotion.stream.scene import CameraScene, CameraShow, overlay_of

ALL = "all"
"""Its id; no camera can be called so."""

_BEAT_S = 1 / 30
"""The most that is ever encoded. A look at all cameras that finds nothing new costs 10 us each."""
_USUAL_FPS = 10.0
_TILE_PX = 640
_LEAST_PX, _MOST_PX = 1280, 1920
"""Width of the whole where nobody asks for another: 640 px a column, but at least and at most."""


class GridShow:
    """All cameras as an encoder shows them. Thread-safe."""

    def __init__(self, cameras: Sequence[CameraShow]) -> None:
        """Show some cameras, at least one, in this order."""
        self.cameras = cameras
        self._good: dict[str, CameraScene] = {}
        self._cards = CardTiles()
        each = [show.settings for show in cameras]
        self._settings = Stream(
            fps=_USUAL_FPS,
            quality=max(settings.quality for settings in each),
            boxes=any(settings.boxes for settings in each),
            zones=any(settings.zones for settings in each),
            timestamp=any(settings.timestamp for settings in each),
        )

    @property
    def id(self) -> str:
        """Of the thread and in the URL."""
        return ALL

    @property
    def settings(self) -> Stream:
        """What is drawn on any camera's own stream."""
        return self._settings

    def fits_in(self, _width: int) -> bool:
        """Return False: all of it is put together in the width that is asked for."""
        return False

    def listen(self, hear: Callable[[], None]) -> None:
        """Do without: it is looked at with each beat."""

    def unlisten(self, hear: Callable[[], None]) -> None:
        """Do nothing."""

    def pause_s(self) -> float:
        """Return the time until the next beat; whether there is anything new, the key tells."""
        return _BEAT_S - time.monotonic() % _BEAT_S

    def scene(self) -> GridScene:
        """Return the newest frame of each camera, or why there is none."""
        return GridScene(tuple(show.scene() for show in self.cameras), self._good, self._cards)

    def apology(self, reason: str) -> GridScene:
        """Return a card for each camera."""
        return GridScene(tuple(show.apology(reason) for show in self.cameras), {}, self._cards)


@dataclass(frozen=True)
class GridScene:
    """What is to be shown of each camera.

    Attributes:
        good: By camera id, what could be shown last; shared with the scenes before and after.
        card_tiles: The cards of dead cameras, shared as well.
    """

    scenes: tuple[CameraScene, ...]
    good: dict[str, CameraScene]
    card_tiles: CardTiles

    @property
    def key(self) -> Hashable:
        """Equal keys show the same picture."""
        return tuple(scene.key for scene in self.scenes)

    @property
    def captured_s(self) -> float | None:
        """When this was put together, monotonic; None: all cameras are dead."""
        return time.monotonic() if any(scene.frame for scene in self.scenes) else None

    @property
    def cards(self) -> Hashable:
        """What stands in the place of frames."""
        return tuple(scene.cards for scene in self.scenes)

    def ready(self, _variant: Variant) -> Part | None:
        """Return None: it is always made."""
        return None

    def paint(self, variant: Variant) -> Part:
        """Return all cameras as one JPEG; ``variant.width`` is that of the whole."""
        aspect = statistics.median(scene.size[0] / scene.size[1] for scene in self.scenes)
        mosaic = Mosaic(len(self.scenes), variant.width or self._usual_width, aspect)
        for scene, cell in zip(self.scenes, mosaic.cells, strict=True):
            mosaic.put(self._tile(scene, cell, variant), cell)
        quality = variant.quality or max(scene.camera.settings.quality for scene in self.scenes)
        return Part(mosaic.jpeg(quality), time.monotonic(), utc_now_s())

    def _tile(self, scene: CameraScene, cell: Area, variant: Variant) -> Planes:
        """Return a camera's tile; if its picture is broken, with the last one that was not."""
        good = self.good.get(scene.camera.id)
        try:
            tile = _tile(scene, cell, variant, self.card_tiles)
        except PictureError as error:
            apology = replace(scene, frame=None, reason=str(error))
            return _tile(good or apology, cell, variant, self.card_tiles)
        self.good[scene.camera.id] = scene
        return tile

    @property
    def _usual_width(self) -> int:
        return min(max(columns_for(len(self.scenes)) * _TILE_PX, _LEAST_PX), _MOST_PX)


def _tile(scene: CameraScene, cell: Area, variant: Variant, cards: CardTiles) -> Planes:
    """Return a camera's picture with its name, no larger than a cell; a card if there is none.

    Raises:
        PictureError: The frame cannot be decoded.
    """
    name, frame = scene.camera.drawn_name, scene.frame
    if frame is None:
        size = (cell.right - cell.left, cell.bottom - cell.top)
        return cards.get(name, scene.reason, scene.below, size)
    timed = "time" in variant.overlays
    caption = caption_of(name, frame.utc_s, frame.time_s, date=False) if timed else name
    overlay = replace(overlay_of(scene.camera, frame, variant), caption=caption)
    return draw(frame.picture, overlay, fitting(scene.size, cell)[0]).planes()
