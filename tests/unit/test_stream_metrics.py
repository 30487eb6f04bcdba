"""`/metrics` as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from live_feed import connected
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from wsgi_site import TOKEN, USERS, Site

from pimotion.config.settings import Http
from pimotion.types import (
    Box,
    CameraStats,
    EventType,
    MotionEvent,
    MotionState,
    Suppressed,
)

STATS = CameraStats(
    "door", fps=15.0, detect_fps=10.0, dropped=7, detect_ms=2.5, latency_ms=40.0, viewers=0,
    last_event_utc_s=None, suppressed={},
)  # fmt: skip


def scrape(site: Site) -> dict[str, Metric]:
    answer = site.call("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(families: Mapping[str, Metric], name: str, **labels: str) -> float | None:
    """Return the sample of exactly these labels; None when there is none."""
    family = name.removesuffix("_total").removesuffix("_info")
    samples = families[family].samples if family in families else families[name].samples
    found = [each.value for each in samples if each.name == name and each.labels == labels]
    assert len(found) < 2
    return found[0] if found else None


def event(kind: EventType, seq: int) -> MotionEvent:
    return MotionEvent(
        kind, "door", "e1", seq, 1.0, 1.0, 0.5, 0.0, 640, 360, (Box(1, 2, 3, 4),), (), 0.1, 0.9
    )


def test_the_figures_of_a_camera() -> None:
    site = Site()
    site.door.suppressed = Suppressed({"light": 7}, {})
    site.garden.lose("no route to host")
    site.server.put(STATS)
    site.server.put(MotionState("door", True, {"path": False}))
    for seq, kind in enumerate((EventType.START, EventType.UPDATE, EventType.STOP)):
        site.server.put(event(kind, seq))
    found = scrape(site)
    assert value(found, "pimotion_build_info", node="garden-pi", version="0.1.0") == 1
    assert value(found, "pimotion_camera_online", camera="door") == 1
    assert value(found, "pimotion_camera_online", camera="garden") == 0
    assert value(found, "pimotion_camera_state", camera="garden", state="lost") == 1
    assert value(found, "pimotion_camera_state", camera="garden", state="ok") == 0
    assert value(found, "pimotion_camera_frames_per_second", camera="door") == 15
    assert value(found, "pimotion_camera_dropped_frames_total", camera="door") == 7
    assert value(found, "pimotion_camera_detect_seconds", camera="door") == 0.0025
    assert value(found, "pimotion_camera_latency_seconds", camera="door") == 0.04
    assert value(found, "pimotion_camera_suppressed_frames_total", camera="door", rule="light") == 7
    assert value(found, "pimotion_camera_motion", camera="door") == 1
    assert value(found, "pimotion_zone_motion", camera="door", zone="path") == 0
    assert value(found, "pimotion_camera_events_total", camera="door") == 1
    assert value(found, "pimotion_camera_events_total", camera="garden") == 0


def test_what_is_not_known_is_not_there() -> None:
    found = scrape(Site())
    assert value(found, "pimotion_camera_dropped_frames_total", camera="door") is None
    assert value(found, "pimotion_camera_detect_seconds", camera="door") is None
    assert value(found, "pimotion_camera_motion", camera="door") is None


def test_the_figures_of_the_stream() -> None:
    site = Site()
    site.call("/door/snapshot.jpg")
    site.call("/door/snapshot.jpg")  # not encoded again
    found = scrape(site)
    assert value(found, "pimotion_stream_encoded_pictures_total", camera="door") == 1
    assert value(found, "pimotion_stream_encoded_pictures_total", camera="garden") == 0
    for camera in ("door", "garden", "all"):
        assert value(found, "pimotion_stream_viewers", camera=camera) == 0
        assert value(found, "pimotion_stream_skipped_pictures_total", camera=camera) == 0
        assert value(found, "pimotion_stream_stalled_viewers_total", camera=camera) == 0


def test_the_figures_of_the_broker() -> None:
    site = Site()
    site.link = replace(connected(), waiting=3, incidents={"link_lost": 2})
    found = scrape(site)
    assert value(found, "pimotion_mqtt_connected") == 1
    assert value(found, "pimotion_mqtt_waiting_messages") == 3
    assert value(found, "pimotion_mqtt_incidents_total", incident="link_lost") == 2
    site.link = None
    assert value(scrape(site), "pimotion_mqtt_connected") == 0


def test_the_figures_of_the_process() -> None:
    found = scrape(Site())
    memory_bytes = value(found, "process_resident_memory_bytes")
    assert memory_bytes is not None
    assert memory_bytes > 1_000_000
    uptime_s = value(found, "pimotion_uptime_seconds")
    assert uptime_s is not None
    assert 0 <= uptime_s < 60


def test_every_figure_is_explained() -> None:
    site = Site()
    site.server.put(STATS)
    assert all(family.documentation for family in scrape(site).values())


@pytest.mark.parametrize(
    ("target", "env", "status"),
    [
        pytest.param("/metrics", {}, 200, id="on this machine"),
        pytest.param("/metrics", {"REMOTE_ADDR": "10.0.0.9"}, 401, id="a stranger"),
        pytest.param("/metrics", {"HTTP_X_FORWARDED_FOR": "10.0.0.9"}, 401, id="by a proxy"),
        pytest.param(
            "/metrics?token=0123456789abcdef", {"REMOTE_ADDR": "10.0.0.9"}, 401, id="a token"
        ),
    ],
)
def test_figures_are_for_this_machine_or_a_login(
    target: str, env: dict[str, str], status: int
) -> None:
    site = Site(Http(users=USERS, tokens=(TOKEN,), open=True))
    assert site.call(target, "GET", login="", body=b"", **env).status == status
    known = site.call(target, "GET", login="bodo:battery staple", body=b"", **env)
    assert known.status == 200
