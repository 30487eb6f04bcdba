"""What a reader pastes from the documents works, and what he follows is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pimotion.config import file as config_file

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SECRETS = ("mqtt.password", "me.password", "anna.password")


def blocks() -> Iterator[tuple[str, str]]:
    """Each block of YAML that is ours and not Home Assistant's, by the place where it stands."""
    for page in PAGES:
        text = page.read_text()
        for found in re.finditer(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            if "trigger" not in found[1] and "action:" not in found[1]:
                line = text.count("\n", 0, found.start()) + 1
                yield f"{page.name}:{line}", found[1]


@pytest.mark.parametrize("text", [pytest.param(text, id=place) for place, text in blocks()])
def test_a_configuration_that_is_shown_is_right(text: str, tmp_path: Path) -> None:
    for name in SECRETS:
        (tmp_path / name).write_text("battery staple")
    if "cameras:" not in text:
        text = f"cameras: {{door: {{source: auto}}}}\n{text}"
    without_files = re.sub(r"^ *tls: .*\n", "", text, flags=re.MULTILINE)
    config_file.parse(without_files, tmp_path / "pimotion.yml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", page.read_text()):
        path, _, part = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if part:
            assert part in set(map(anchor, re.findall(r"^#+ (.*)$", target.read_text(), re.M)))


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
