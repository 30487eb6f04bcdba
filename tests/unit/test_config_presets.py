"""A preset changes defaults and nothing that somebody has written down."""

from __future__ import annotations

from typing import get_args

import pytest
from config_text import in_door, problems, read

from pimotion.config import docs as config_docs
from pimotion.config import file as config_file
from pimotion.config.camera import Detect
from pimotion.config.overrides import Overrides
from pimotion.config.presets import PRESETS


def detect(text: str, overrides: Overrides | None = None) -> Detect:
    return read(in_door(f"detect: {{{text}}}"), overrides).cameras["door"].detect


def test_the_presets_are_those_that_a_file_may_name() -> None:
    literal, _ = get_args(Detect.model_fields["preset"].annotation)
    assert get_args(literal) == tuple(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_gives_other_defaults(preset: str) -> None:
    chosen = detect(f"preset: {preset}")

    assert chosen == Detect().model_copy(update={"preset": preset, **PRESETS[preset]})


@pytest.mark.parametrize("preset", PRESETS)
def test_what_a_preset_says_could_stand_in_a_file(preset: str) -> None:
    values = ", ".join(f"{name}: {value}" for name, value in PRESETS[preset].items())
    assert problems(in_door(f"detect: {{{values}}}")) == []


@pytest.mark.parametrize("text", ["preset: indoor, absorb_s: 60", "absorb_s: 60, preset: indoor"])
def test_what_the_file_says_wins_even_where_it_is_the_usual_default(text: str) -> None:
    chosen = detect(text)

    assert chosen.absorb_s == 60
    assert chosen.min_area_ratio == PRESETS["indoor"]["min_area_ratio"]


@pytest.mark.parametrize("text", ["", "preset: null"])
def test_without_a_preset_all_is_as_usual(text: str) -> None:
    assert detect(text) == Detect()


def test_the_command_line_changes_nothing_of_a_preset() -> None:
    chosen = detect("preset: indoor, hold_s: 3", Overrides(warmup_frames=7))

    assert (chosen.preset, chosen.absorb_s) == ("indoor", PRESETS["indoor"]["absorb_s"])
    assert (chosen.hold_s, chosen.warmup_frames) == (3, 7)


def test_values_put_together_by_a_program_may_name_one_too() -> None:
    camera = {"source": "synthetic", "detect": {"preset": "street", "min_area_ratio": 0.5}}
    chosen = config_file.from_values({"cameras": {"door": camera}}).cameras["door"].detect

    assert (chosen.hold_s, chosen.min_area_ratio) == (PRESETS["street"]["hold_s"], 0.5)
    assert camera["detect"] == {"preset": "street", "min_area_ratio": 0.5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "preset: Garden",
            "cameras.door.detect.preset must be one of indoor, garden, street, got 'Garden'; "
            "did you mean garden?",
        ),
        ("preset: [a]", "cameras.door.detect.preset must be one of indoor, garden, street, got"),
        ("preset: on", "cameras.door.detect.preset must be one of indoor, garden, street, got on"),
        (
            "preset: indoor, absorb_s: 4",
            "cameras.door.detect.absorb_s must be between 5 and 86400 s, got 4",
        ),
        (
            "preset: indoor, max_area_ratio: 0.001",
            "cameras.door.detect.min_area_ratio must be less than max_area_ratio (0.001), "
            f"got {PRESETS['indoor']['min_area_ratio']:g}",
        ),
        (
            "preset: indoor, absorbs: 1",
            "unknown setting 'cameras.door.detect.absorbs'; did you mean 'absorb_s'?",
        ),
    ],
)
def test_a_mistake_beside_or_in_it_has_its_line_and_no_other_is_made_up(
    text: str, told: str
) -> None:
    [problem] = problems(in_door(f"detect: {{{text}}}"))
    assert problem.startswith(f"4: {told}")


def test_a_preset_of_the_camera_is_told_where_it_belongs() -> None:
    [problem] = problems(in_door("preset: garden"))
    assert problem.endswith("did you mean 'detect.preset'?")


@pytest.mark.parametrize("preset", PRESETS)
def test_the_reference_says_what_a_preset_does(preset: str) -> None:
    [row] = [
        line for line in config_docs.reference().splitlines() if line.startswith(f"| `{preset}` |")
    ]
    for name, value in PRESETS[preset].items():
        assert f"`{name}: {value}`" in row
