"""Commands that wait for a camera: however many come, none that was taken is lost."""

from __future__ import annotations

from pimotion.command_queue import CommandQueue
from pimotion.types import Command


def waiting(*commands: tuple[str, float]) -> list[tuple[str, float]]:
    """What is left of commands when their camera looks."""
    queue = CommandQueue()
    assert all(queue.put(Command("door", name, value)) for name, value in commands)
    return [(command.setting, command.value) for command in queue.take()]


def test_they_are_obeyed_in_their_order_and_once() -> None:
    queue = CommandQueue()
    asked = [Command("door", "sensitivity", 70), Command("door", "privacy", True)]
    for command in asked:
        queue.put(command)

    assert queue.take() == asked
    assert queue.take() == []


def test_the_newest_value_of_a_setting_wins() -> None:
    assert waiting(("sensitivity", 70), ("recalibrate", True), ("sensitivity", 80)) == [
        ("recalibrate", True),
        ("sensitivity", 80),
    ]


def test_a_flood_of_one_setting_leaves_room_for_privacy() -> None:
    flood = [("sensitivity", 1 + number % 100) for number in range(1000)]

    assert waiting(*flood, ("privacy", True)) == [("sensitivity", 100), ("privacy", True)]


def test_a_switch_that_was_turned_and_turned_back_has_been_turned() -> None:
    """Privacy for a moment still ends the event that went on before."""
    assert waiting(("privacy", True), ("privacy", False)) == [("privacy", True), ("privacy", False)]
    assert waiting(*[("privacy", False), ("privacy", True)] * 20, ("privacy", False)) == [
        ("privacy", True),
        ("privacy", False),
    ]


def test_whoever_comes_too_late_is_told() -> None:
    queue = CommandQueue()
    queue.put(Command("door", "privacy", True))
    queue.close()

    assert not queue.put(Command("door", "privacy", False))
    assert queue.take() == [Command("door", "privacy", True)]
