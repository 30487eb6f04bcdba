"""One picture in, what moves in it out; and what the scene may learn from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import cv2
import numpy as np

from pimotion.config.camera import Detect, Zone
from pimotion.detect.adaptive.age import Age
from pimotion.detect.adaptive.blob import Blob, area_with_hidden_px
from pimotion.detect.adaptive.light import Light, Upheaval
from pimotion.detect.adaptive.objects import Found, ObjectFinder
from pimotion.detect.adaptive.planes import SQUARE_PX
from pimotion.detect.adaptive.scene import Scene
from pimotion.detect.adaptive.smooth import Smoother
from pimotion.detect.adaptive.tracks import Track, Tracker
from pimotion.detect.adaptive.trust import Trust
from pimotion.detect.method import Region, Sight
from pimotion.detect.regions import IgnoredAreas, ZoneAreas
from pimotion.detect.sensitivity import sensitivity_scale
from pimotion.pixels import Pixels, as_pixels
from pimotion.types import Exposure, SceneModel

_HALF = 2
_CROWD = 3
"""So many believed things at once may be what makes a picture restless."""
_BACK_S = 0.2
_ROUNDING_S = 1e-6
_WEIGH_S = 0.2
"""How sure a thing is, and whether it is scenery, changes over seconds; to ask costs as much as to
follow it."""
_LIGHT_ON_S = 0.3
"""Who appears within this time after a lamp was switched was there when it was."""
_LIGHT_MOST_S = 0.8
"""Light that goes on changing, a tube or a fire, makes nobody invisible who is seen for longer."""
_DIM_STEP = 0.01
"""Less than 1 % of a change of light is noise, and left to the scene's own learning."""


class Adaptive:
    """The method `adaptive`. Not thread-safe: owned by one detector. Knows only frames' times."""

    def __init__(self, detect: Detect, zones: Mapping[str, Zone]) -> None:
        self._detect = detect
        self._zones = zones
        self._strictness = sensitivity_scale(detect.sensitivity)
        self._model_wanted = False
        self._model: SceneModel | None = None
        self._size = (0, 0)
        self._tracker = Tracker(0, 0)
        self._trust: Trust

    def set_sensitivity(self, sensitivity: int) -> None:
        """Scale all thresholds; see `sensitivity_scale`."""
        self._strictness = sensitivity_scale(sensitivity)
        if self._size != (0, 0):
            self._scene.set_strictness(self._strictness)

    def set_min_area(self, ratio: float) -> None:
        """Change the smallest thing that counts, 0..1 of the picture."""
        self._detect = self._detect.model_copy(update={"min_area_ratio": ratio})
        if self._size != (0, 0):
            self._least_px = ratio * self._half_size[0] * self._half_size[1]
            self._finder.set_least_px(self._least_px)
            self._trust.set_least_px(self._least_px)

    def show_model(self, wanted: bool) -> None:
        """Say whether `model` will be asked for."""
        self._model_wanted = wanted

    def model(self) -> SceneModel | None:
        """Return the scene and its thresholds, as they were when the last picture came."""
        return self._model

    def restart(self, luma: Pixels) -> None:
        """Take a picture for the scene."""
        height, width = luma.shape
        if self._size != (width, height):
            self._resize(width, height)
        self._smoother = Smoother(*self._half_size)
        self._scene.set_strictness(self._strictness)
        self._scene.restart(self._smoother.smooth(self._halve(luma), 0.0))
        self._finder = ObjectFinder(*self._half_size, least_px=self._least_px)
        self._objects.fill(0)
        self._has_objects = False
        self._light = Light(self._ignored.pixels)
        self._upheaval = Upheaval()
        self._tracker = Tracker(*self._half_size, next_id=self._tracker.next_id)
        self._trust = Trust(
            self._half_size[0], least_px=self._least_px, absorb_s=self._detect.absorb_s
        )
        self._age = Age(self._detect.warmup_frames)

    def look(self, luma: Pixels, now_s: float, exposure: Exposure | None) -> Sight:
        """Look at one picture and learn from it.

        What is noisy is smoothed, then compared, but learnt as it came: thresholds keep a margin.
        """
        self._age.step_to(now_s)
        scene, half = self._scene, self._smoother.smooth(self._halve(luma), self._age.step_s)
        ratio = self._light.ratio(half, scene.background, now_s, exposure)
        if abs(ratio - 1) > _DIM_STEP:
            scene.scale(ratio, half)
        scene.compare(half, self._age.step_s)
        self._model = self._copy_model() if self._model_wanted else None
        changed_px = self._changed_px()
        masked_px = self._apply_masks()
        if self._is_upheaval(now_s):
            return self._nothing(changed_px, "global_change" if self._age.is_warm else "warmup")
        if self._upheaval.is_new_scene:
            return self._begin_anew(changed_px)
        believed = sum(track.trusted for track in self._tracker.tracks)
        found = self._finder.find(
            scene, self._objects, self._age.step_s, is_crowd=believed >= _CROWD
        )
        gone = self._tracker.follow(found.blobs, now_s, self._age.step_s)
        self._trust.note(gone, now_s, found.falling)
        doubts = self._judge(now_s)
        self._learn()
        return self._sight(found, doubts, changed_px, masked_px)

    def _resize(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._half_size = half_width, half_height = width // _HALF, height // _HALF
        shape = (half_height, half_width)
        self._halved, self._objects, self._changed = (np.zeros(shape, np.uint8) for _ in range(3))
        self._hidden, self._shown, self._blank = (np.zeros(shape, np.uint8) for _ in range(3))
        self._scene = Scene(half_width, half_height)
        self._least_px = self._detect.min_area_ratio * half_width * half_height
        self._most_px = self._detect.max_area_ratio * half_width * half_height
        self._ignored = IgnoredAreas(self._detect.masks, half_width, half_height)
        self._zone_areas = ZoneAreas(self._zones, half_width, half_height)

    def _halve(self, luma: Pixels) -> Pixels:
        cv2.resize(luma, self._half_size, dst=self._halved, interpolation=cv2.INTER_AREA)
        return self._halved

    def _changed_px(self) -> int:
        cv2.bitwise_or(self._scene.grey.changed, self._scene.structure.changed, dst=self._changed)
        return cv2.countNonZero(self._changed)

    def _apply_masks(self) -> int:
        """Take ignored areas out of what changed; return how many pixels that were."""
        if not self._detect.masks:
            return 0
        scene = self._scene
        np.copyto(self._hidden, self._changed)
        for mask in (scene.grey.changed, scene.structure.changed, self._changed):
            np.copyto(mask, self._ignored.without(mask))
        cv2.subtract(self._hidden, self._changed, dst=self._hidden)
        return cv2.countNonZero(self._hidden)

    def _is_upheaval(self, now_s: float) -> bool:
        """Tell whether the light of the whole picture is being changed."""
        outside_px = self._ignored.seen_px
        if self._has_objects:
            # A large object is no lamp: only what changes around it can be one.
            outside_px -= cv2.countNonZero(self._objects)
            cv2.subtract(self._changed, self._objects, dst=self._changed)
        changed_px = cv2.countNonZero(self._changed)
        return self._upheaval.judge(
            self._light,
            now_s,
            changed_ratio=changed_px / max(1, outside_px),
            spread=self._light.spread(self._changed, changed_px),
        )

    def _begin_anew(self, changed_px: int) -> Sight:
        """Start from the present picture, in a new light."""
        self._scene.replace(self._halved)
        self._tracker.forget_untrusted()
        return self._nothing(changed_px, "global_change" if self._age.is_warm else "warmup")

    def _judge(self, now_s: float) -> dict[int, str]:
        """Believe and disbelieve tracks; return why each that is not believed is not."""
        scene, doubts = self._scene, {}
        for track in list(self._tracker.tracks):
            self._trust.settles(track, now_s)
            is_due = now_s >= track.weighed_s + _WEIGH_S
            if is_due and self._trust.is_scenery(track, scene, self._halved, now_s):
                self._absorb(track.blob)
                self._tracker.forget(track)
            elif track.unseen == 0 and track.trusted and self._is_too_large(track):
                doubts[track.id] = "too_large"
            elif not track.trusted and track.unseen == 0:
                doubt = self._doubt(track, now_s)
                if doubt:
                    doubts[track.id] = doubt
                else:
                    self._believe(track)
            if track.trusted and track.unseen == 0 and (is_due or not track.score):
                track.score = max(track.score, self._trust.strength(track, scene))
            if is_due and track.unseen == 0:
                track.weighed_s = now_s
        return doubts

    def _doubt(self, track: Track, now_s: float) -> str | None:
        if not self._age.is_warm:
            return "warmup"
        if not self._light.is_calm(now_s) and track.seen_for_s < _LIGHT_MOST_S:
            return "light"
        if self._is_too_large(track):
            return "too_large"
        return self._trust.doubts(track, self._scene, self._age.step_s)

    def _is_too_large(self, track: Track) -> bool:
        return area_with_hidden_px(track.blob, *self._half_size) > self._most_px

    def _believe(self, track: Track) -> None:
        track.trusted = True
        if 0 <= track.born_s - self._upheaval.ended_s < _LIGHT_ON_S:
            track.born_s = self._upheaval.began_s

    def _absorb(self, blob: Blob) -> None:
        width, height = self._half_size
        x, y = max(0, blob.x - 3), max(0, blob.y - 3)
        right, bottom = min(width, blob.right + 3), min(height, blob.bottom + 3)
        self._scene.absorb(self._halved, x, y, right, bottom)

    def _learn(self) -> None:
        boxes = [_box(t.blob) for t in self._tracker.tracks if t.trusted and t.unseen == 0]
        if boxes or self._has_objects:
            self._has_objects = bool(boxes)
            self._finder.pixels_in(boxes, self._objects)
            cv2.dilate(self._objects, SQUARE_PX, dst=self._objects)
            self._light.cover(self._objects)
        self._scene.learn(self._halved, self._objects)

    def _sight(
        self, found: Found, doubts: dict[int, str], changed_px: int, masked_px: int
    ) -> Sight:
        trusted = [t for t in self._tracker.tracks if t.trusted and not self._is_too_large(t)]
        boxed = [t for t in trusted if t.unseen == 0 and self._is_back(t)]
        boxed.sort(key=lambda t: -t.blob.box_px)
        for track in boxed:
            track.shown_s = self._age.now_s
        in_view = [t for t in trusted if self._tracker.is_in_view(t, self._age.now_s)]
        rejected = self._rejected(found, doubts)
        return Sight(
            regions=tuple(_region(t.blob, t.id) for t in boxed),
            is_in_view=bool(in_view),
            zones=self._zones_with([_box(t.blob) for t in boxed]),
            changed_ratio=changed_px / self._halved.size,
            score=max((t.score for t in boxed), default=0.0),
            held_back=self._held_back(rejected, found.small_px, masked_px),
            rejected=tuple((_region(blob, None), rule) for blob, rule in rejected),
            foreground=self._foreground(),
            since_s=min((t.born_s for t in in_view), default=None),
            is_learning=not self._age.is_warm,
        )

    def _is_back(self, track: Track) -> bool:
        return track.seen_for_s >= _BACK_S - _ROUNDING_S

    def _rejected(self, found: Found, doubts: dict[int, str]) -> list[tuple[Blob, str]]:
        doubted = [(t.blob, doubts[t.id]) for t in self._tracker.tracks if t.id in doubts]
        light = [(blob, "light") for blob in found.light]
        specks = [(blob, "clutter") for blob in found.specks]
        return sorted(doubted + light + specks, key=lambda entry: -entry[0].box_px)

    def _held_back(
        self, rejected: list[tuple[Blob, str]], small_px: int, masked_px: int
    ) -> tuple[str, ...]:
        held_px: Counter[str] = Counter()
        for blob, rule in rejected:
            held_px[rule] += round(blob.area_px)
        held_px["masked" if masked_px >= self._least_px else "too_small"] += masked_px
        held_px["too_small"] += small_px
        return tuple(rule for rule, px in held_px.most_common() if px > 0)

    def _zones_with(self, boxes: list[tuple[int, int, int, int]]) -> tuple[str, ...]:
        if not boxes or not self._zone_areas.names:
            return ()
        return self._zone_areas.with_motion(self._finder.pixels_in(boxes, self._changed))

    def _nothing(self, changed_px: int, rule: str) -> Sight:
        held_back = (rule,) if changed_px else ()
        changed_ratio = changed_px / self._halved.size
        return Sight((), False, (), changed_ratio, 0.0, held_back, (), self._blank, None, True)

    def _foreground(self) -> Pixels:
        if not self._detect.masks:
            return self._finder.foreground
        # What changed in ignored areas is shown too: a person is to see why it does not count.
        return as_pixels(cv2.bitwise_or(self._finder.foreground, self._hidden, dst=self._shown))

    def _copy_model(self) -> SceneModel:
        return SceneModel(self._scene.background.copy(), self._scene.grey.threshold.copy())


def _box(blob: Blob) -> tuple[int, int, int, int]:
    return blob.x, blob.y, blob.right, blob.bottom


def _region(blob: Blob, track: int | None) -> Region:
    return Region(*_box(blob), track)
