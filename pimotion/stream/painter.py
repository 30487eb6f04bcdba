"""Makes each picture once for all who are to see it alike."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace

from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant
from pimotion.stream.show import Scene, Show

_KEPT = 8
"""Pictures that are kept in case somebody else asks for the same: of streams and of stills."""


class Painter:
    """Paints the scenes of a show, and keeps the newest picture of each variant. Thread-safe."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._lock = threading.Lock()
        self._newest: OrderedDict[Variant, tuple[Hashable, Part]] = OrderedDict()
        self._count = 0

    @property
    def count(self) -> int:
        """How many pictures were made, or passed on as they were."""
        with self._lock:
            return self._count

    def alike(self, variant: Variant) -> Variant:
        """Return the one of all variants that look like this one now.

        Nobody needs to ask for more than the camera's width, which is never enlarged. But that
        width may be another one tomorrow, so nobody's wish is forgotten for it.
        """
        is_whole = variant.width is not None and self._show.fits_in(variant.width)
        return replace(variant, width=None) if is_whole else variant

    def paint(self, scene: Scene, variant: Variant) -> Part:
        """Return a scene as a JPEG that looks as the variant says.

        Raises:
            PictureError: The frame cannot be decoded.
        """
        variant = self.alike(variant)
        with self._lock:
            key, part = self._newest.get(variant, (None, None))
        if part is None or key != scene.key:
            part = scene.paint(variant)
            self._keep(variant, scene.key, part)
        return part

    def passed_on(self) -> None:
        """Count a picture that did not have to be made."""
        with self._lock:
            self._count += 1

    def _keep(self, variant: Variant, key: Hashable, part: Part) -> None:
        with self._lock:
            self._count += 1
            self._newest[variant] = key, part
            self._newest.move_to_end(variant)
            if len(self._newest) > _KEPT:
                self._newest.popitem(last=False)
