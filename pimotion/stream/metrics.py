"""What Prometheus asks for: figures of cameras, viewers, broker and process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from pimotion.stream.board import Board
from pimotion.stream.encoder import Encoder
from pimotion.types import CameraState

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The ``Content-Type`` of `Metrics.text`."""

_Samples = Iterable[tuple[Sequence[str], float | None]]
"""Values of labels, and a value; None: unknown, so it is left out."""


class Metrics(Collector):
    """Gathers the figures when they are asked for; nothing is counted here. Thread-safe.

    Args:
        board: The cameras, and the newest news of them.
        encoders: By the ids of cameras, and what else can be watched.
    """

    def __init__(self, board: Board, encoders: Mapping[str, Encoder]) -> None:
        self._board = board
        self._encoders = encoders
        self._began_s = time.monotonic()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all figures in the text format of Prometheus."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what is true now."""
        yield InfoMetricFamily("pimotion_build", "What runs here.", value=self._board.about)
        uptime_s = time.monotonic() - self._began_s
        yield GaugeMetricFamily(
            "pimotion_uptime_seconds", "Since the start, or since the last reload.", value=uptime_s
        )
        yield from self._health()
        yield from self._frames()
        yield from self._motion()
        yield from self._streams()
        yield from self._mqtt()

    def _health(self) -> Iterator[Metric]:
        states = {camera.id: camera.health() for camera in self._board.cameras}
        yield _gauge(
            "camera_online",
            "1 while a camera delivers live pictures.",
            ["camera"],
            (((camera,), health.online) for camera, health in states.items()),
        )
        yield _gauge(
            "camera_state",
            "1 for the state that a camera is in, 0 for the others.",
            ["camera", "state"],
            (
                ((camera, state.value), health.state is state)
                for camera, health in states.items()
                for state in CameraState
            ),
        )

    def _frames(self) -> Iterator[Metric]:
        ids = [camera.id for camera in self._board.cameras]
        stats = {camera: self._board.stats(camera) for camera in ids}
        yield _gauge(
            "camera_frames_per_second",
            "Frames that arrive.",
            ["camera"],
            (((camera.id,), camera.fps()) for camera in self._board.cameras),
        )
        yield _counter(
            "camera_dropped_frames",
            "Frames that nobody looked at, or that could not be decoded; told once a minute.",
            ["camera"],
            (((camera,), each.dropped) for camera, each in stats.items() if each),
        )
        yield _gauge(
            "camera_detect_seconds",
            "CPU time of the detector for a frame; a mean of the last, told once a minute.",
            ["camera"],
            (((camera,), _seconds(each.detect_ms)) for camera, each in stats.items() if each),
        )
        yield _gauge(
            "camera_latency_seconds",
            "From a frame's capture to its messages; a mean of the last, told once a minute.",
            ["camera"],
            (((camera,), _seconds(each.latency_ms)) for camera, each in stats.items() if each),
        )
        yield _counter(
            "camera_suppressed_frames",
            "Frames in which a rule kept a change from counting.",
            ["camera", "rule"],
            (
                ((camera.id, rule), count)
                for camera in self._board.cameras
                for rule, count in camera.suppressed().since_start.items()
            ),
        )

    def _motion(self) -> Iterator[Metric]:
        ids = [camera.id for camera in self._board.cameras]
        motion = {camera: self._board.motion(camera) for camera in ids}
        yield _gauge(
            "camera_motion",
            "1 while there is motion.",
            ["camera"],
            (((camera,), each.motion) for camera, each in motion.items() if each),
        )
        yield _gauge(
            "zone_motion",
            "1 while there is motion in a zone.",
            ["camera", "zone"],
            (
                ((camera, zone), is_on)
                for camera, each in motion.items()
                if each
                for zone, is_on in each.zones.items()
            ),
        )
        yield _counter(
            "camera_events",
            "Events that started.",
            ["camera"],
            (((camera,), self._board.events_started(camera)) for camera in ids),
        )

    def _streams(self) -> Iterator[Metric]:
        yield _gauge(
            "stream_viewers",
            "How many watch now.",
            ["camera"],
            (((camera,), encoder.viewers) for camera, encoder in self._encoders.items()),
        )
        counts = {camera: encoder.counts for camera, encoder in self._encoders.items()}
        for name, what, help_text in (
            ("encoded_pictures", "encodes", "Pictures made, stills among them."),
            ("skipped_pictures", "skipped", "Pictures that a viewer was too slow to get."),
            ("stalled_viewers", "stalled", "Viewers cut because they took nothing any more."),
        ):
            yield _counter(
                f"stream_{name}",
                help_text,
                ["camera"],
                (((camera,), getattr(each, what)) for camera, each in counts.items()),
            )

    def _mqtt(self) -> Iterator[Metric]:
        link = self._board.link()
        connected = link is not None and link.connected
        yield _gauge("mqtt_connected", "1 while the broker is.", [], [((), connected)])
        if link is None:
            return
        yield _gauge("mqtt_waiting_messages", "In the outbox.", [], [((), link.waiting)])
        yield _counter(
            "mqtt_incidents",
            "What was lost, sent again or refused, and how often the connection was.",
            ["incident"],
            (((what,), count) for what, count in link.incidents.items()),
        )


def _gauge(name: str, help_text: str, labels: Sequence[str], samples: _Samples) -> Metric:
    return _filled(GaugeMetricFamily(f"pimotion_{name}", help_text, labels=labels), samples)


def _counter(name: str, help_text: str, labels: Sequence[str], samples: _Samples) -> Metric:
    return _filled(CounterMetricFamily(f"pimotion_{name}", help_text, labels=labels), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: _Samples) -> Metric:
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, float(value))
    return family


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
