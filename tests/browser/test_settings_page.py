"""The settings of a camera in a real browser: changed, marked, reset, and ready to paste."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import DaemonProcess
from live_feed import CONFIGURED, Feed, serving
from page_watch import wait
from playwright.sync_api import Browser, Locator, Page, expect

from pimotion.config.settings import Http, HttpUser
from pimotion.config.values import Secret
from pimotion.stream.server import StreamServer
from pimotion.types import Command, Reset, SettingState

pytestmark = pytest.mark.browser

VIEWER = HttpUser(name="bodo", password=Secret("battery staple"))


class House:
    """A door camera that does what it is told only when the test lets it."""

    def __init__(self, server: StreamServer, commands: list[Command | Reset], feed: Feed) -> None:
        self.url, self.commands, self.feed = server.url, commands, feed
        self._server = server

    def tell(self, **values: bool | float) -> None:
        """Say true values, as the camera does when it has obeyed."""
        for name, value in values.items():
            self._server.put(SettingState("door", name, value))


@pytest.fixture
def house() -> Iterator[House]:
    feed, commands = Feed(), list[Command | Reset]()
    feed.show()
    with serving(feed, commands=commands) as server:
        house = House(server, commands, feed)
        house.tell(**CONFIGURED)
        yield house


def opened(page: Page, url: str) -> Locator:
    """The fold with the settings, unfolded."""
    page.goto(url)
    fold = page.locator(".settings")
    fold.locator("summary").click()
    return fold


def row(fold: Locator, setting: str) -> Locator:
    return fold.locator(f"[data-setting={setting}]")


def test_what_differs_is_marked_and_reset(page: Page, house: House) -> None:
    house.tell(sensitivity=70)
    fold = opened(page, house.url)
    expect(fold.locator("summary .changes")).to_have_text("1 changed")
    sensitivity = row(fold, "sensitivity")
    expect(sensitivity.locator(".from")).to_have_text("Changed from 50")
    expect(sensitivity.locator("output")).to_have_text("70")
    expect(row(fold, "event_gap_s").locator(".from")).to_be_hidden()
    expect(row(fold, "detection")).to_be_hidden()

    sensitivity.locator(".reset").click()
    wait(page, lambda: house.commands == [Reset("door", "sensitivity")])
    expect(sensitivity.locator("input")).to_have_value("50")
    house.tell(sensitivity=50)
    expect(sensitivity.locator(".from")).to_be_hidden()
    expect(fold.locator("summary .changes")).to_be_hidden()


def test_detection_switched_off_is_marked_and_reset_too(page: Page, house: House) -> None:
    house.tell(detection=False)
    fold = opened(page, house.url)
    expect(row(fold, "detection").locator(".from")).to_have_text("Changed from on")
    row(fold, "detection").locator(".reset").click()
    wait(page, lambda: house.commands == [Reset("door", "detection")])


def test_each_control_asks_for_what_it_shows(page: Page, house: House) -> None:
    fold = opened(page, house.url)
    row(fold, "privacy").locator("input").click()
    sensitivity = row(fold, "sensitivity").locator("input")
    sensitivity.focus()
    sensitivity.press("ArrowRight")
    expect(row(fold, "sensitivity").locator("output")).to_have_text("51")
    for setting, text in (("min_area_percent", "0.4"), ("event_gap_s", "20")):
        field = row(fold, setting).locator("input")
        field.fill(text)
        field.press("Enter")
    for name in ("Take snapshot", "Learn scene anew"):
        fold.get_by_role("button", name=name).click()
    expected = [
        Command("door", "privacy", True),
        Command("door", "sensitivity", 51),
        Command("door", "min_area_percent", 0.4),
        Command("door", "event_gap_s", 20),
        Command("door", "snapshot", True),
        Command("door", "recalibrate", True),
    ]
    wait(page, lambda: len(house.commands) == len(expected))
    assert house.commands == expected


def test_a_wish_that_does_not_come_true_gives_way_to_the_truth(page: Page, house: House) -> None:
    fold = opened(page, house.url)
    privacy = row(fold, "privacy").locator("input")
    privacy.click()
    wait(page, lambda: house.commands == [Command("door", "privacy", True)])
    expect(privacy).to_be_checked()
    expect(privacy).not_to_be_checked(timeout=8000)


def test_what_is_set_elsewhere_shows_but_not_over_what_is_being_typed(
    page: Page, house: House
) -> None:
    fold = opened(page, house.url)
    gap = row(fold, "event_gap_s").locator("input")
    gap.fill("33")
    house.tell(event_gap_s=20.0, sensitivity=80)
    expect(row(fold, "sensitivity").locator("input")).to_have_value("80")
    expect(gap).to_have_value("33")
    gap.press("Enter")
    wait(page, lambda: house.commands == [Command("door", "event_gap_s", 33)])


def test_a_refusal_says_what_is_allowed(page: Page, house: House) -> None:
    fold = opened(page, house.url)
    field = row(fold, "min_area_percent").locator("input")
    for wrong in ("95", ""):
        field.fill(wrong)
        field.press("Enter")
        expect(fold.locator(".refusal")).to_contain_text("min_area_percent must be ")
        expect(field).to_have_value("0.1")
    field.fill("5")
    field.press("Enter")
    expect(fold.locator(".refusal")).to_be_hidden()
    assert house.commands == [Command("door", "min_area_percent", 5)]


def test_the_yaml_is_ready_to_copy(page: Page, house: House) -> None:
    fold = opened(page, house.url)
    expect(fold.locator(".paste")).to_be_hidden()
    house.tell(sensitivity=70, min_area_percent=0.4)
    yaml = fold.locator(".yaml")
    text = "cameras:\n  door:\n    detect:\n      sensitivity: 70\n      min_area_ratio: 0.004\n"
    expect(yaml).to_have_value(text)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fold.locator(".paste .copy").click()
    expect(fold.locator(".paste .copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_the_yaml_is_not_taken_for_a_second_section(page: Page, house: House) -> None:
    """At the end of a file, a second cameras: would be a mistake."""
    fold = opened(page, house.url)
    house.tell(sensitivity=70)
    expect(fold.locator(".paste")).to_contain_text("merge this into what stands under cameras:")


def test_a_closed_camera_says_so_and_takes_no_snapshot(page: Page, house: House) -> None:
    house.tell(privacy=True)
    fold = opened(page, house.url)
    expect(row(fold, "privacy").locator("input")).to_be_checked()
    expect(fold.get_by_role("button", name="Take snapshot")).to_be_disabled()


def test_a_lost_camera_takes_no_snapshot(page: Page, house: House) -> None:
    """The page would say that it was taken."""
    fold = opened(page, house.url)
    button = fold.get_by_role("button", name="Take snapshot")
    expect(button).to_be_enabled()
    house.feed.lose("no route to host")
    expect(button).to_be_disabled()
    house.feed.show()
    expect(button).to_be_enabled()


def test_a_viewer_sees_the_values_and_no_controls(chromium: Browser) -> None:
    feed = Feed()
    feed.show()
    with serving(feed, http=Http(port=0, users=(VIEWER,))) as server:
        house = House(server, [], feed)
        house.tell(**{**CONFIGURED, "sensitivity": 70})
        context = chromium.new_context(
            http_credentials={"username": "bodo", "password": "battery staple"}
        )
        fold = opened(context.new_page(), server.url)
        expect(row(fold, "sensitivity").locator("output")).to_have_text("70")
        expect(row(fold, "sensitivity").locator(".from")).to_have_text("Changed from 50")
        expect(row(fold, "privacy").locator("output")).to_have_text("off")
        expect(row(fold, "min_area_percent").locator("output")).to_have_text("0.1 %")
        expect(row(fold, "event_gap_s").locator("output")).to_have_text("10 s")
        for control in fold.locator("input, button, textarea").all():
            expect(control).to_be_hidden()
        context.close()


@pytest.mark.parametrize("cameras", [1, 5])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_settings_fit(page: Page, width: int, cameras: int) -> None:
    feeds = [Feed(f"cam{number}") for number in range(cameras)]
    for feed in feeds:
        feed.show()
    with serving(*feeds) as server:
        values: dict[str, Any] = {
            "detection": False, "privacy": True, "sensitivity": 100, "min_area_percent": 12.345678,
            "event_gap_s": 599.5,
        }  # fmt: skip
        for feed in feeds:
            for name, value in values.items():
                server.put(SettingState(feed.camera.id, name, value))
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(server.url)
        summaries = page.locator(".settings summary")
        expect(summaries).to_have_count(cameras)
        for summary in summaries.all():
            summary.click()
        expect(page.locator(".paste:visible")).to_have_count(cameras)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for item in page.locator(".knobs li").all():
            assert item.evaluate("item => item.scrollWidth <= item.clientWidth")
        for word in page.locator(".switch span").all():
            assert word.evaluate("word => word.offsetWidth > 40"), "the switch is without its word"


def test_no_blank_strip_lies_between_the_folds(page: Page, house: House) -> None:
    page.goto(house.url)
    folds = page.locator("details")
    expect(folds.first).to_be_visible()
    above, below = (fold.bounding_box() for fold in folds.all())
    assert above is not None
    assert below is not None
    assert below["y"] - (above["y"] + above["height"]) == pytest.approx(0, abs=1)


def test_a_real_camera_obeys_the_page_though_mqtt_may_command_nothing(
    page: Page, tmp_path: Path, free_port: int, unused_port: int
) -> None:
    settings: dict[str, Any] = {
        "mqtt": {"host": "127.0.0.1", "port": unused_port, "commands": False},
        "cameras": {"door": {"source": "synthetic", "fps": 10}},
    }
    state_file = tmp_path / "state" / "state.json"
    with DaemonProcess(tmp_path, settings, port=free_port) as daemon:
        config = (tmp_path / "pimotion.yml").read_text()
        fold = opened(page, daemon.url)
        row(fold, "privacy").locator("input").click()
        expect(page.locator(".badge")).to_have_text("Private")
        row(fold, "privacy").locator(".reset").click()
        expect(page.locator(".badge")).to_have_text("Clear")

        field = row(fold, "event_gap_s").locator("input")
        field.fill("42")
        field.press("Enter")
        expect(row(fold, "event_gap_s").locator(".from")).to_have_text("Changed from 10 s")
        expect(fold.locator(".yaml")).to_have_value(
            "cameras:\n  door:\n    events:\n      event_gap_s: 42\n"
        )
        daemon.wait_for(lambda: is_kept(state_file, "event_gap_s"), "it is kept")
        assert (tmp_path / "pimotion.yml").read_text() == config, "only state_dir is written"
        daemon.stop()

    settings["cameras"]["door"]["events"] = {"event_gap_s": 42}  # what the page said to paste
    with DaemonProcess(tmp_path, settings, port=free_port) as daemon:
        daemon.wait_for(lambda: bool(told(daemon)["settings"]), "the camera has said its settings")
        assert told(daemon)["settings"]["event_gap_s"] == {
            "value": 42, "configured": 42, "changed": False
        }  # fmt: skip
        assert told(daemon)["yaml"] is None
        daemon.stop()


def is_kept(state_file: Path, setting: str) -> bool:
    return state_file.exists() and setting in state_file.read_text()


def told(daemon: DaemonProcess) -> dict[str, Any]:
    camera: dict[str, Any] = json.loads(daemon.get("/api/state"))["cameras"][0]
    return camera
