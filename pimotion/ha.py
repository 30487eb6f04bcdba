"""The commands ``ha clean`` and ``ha examples``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from pimotion.config import file as config_file
from pimotion.config.settings import Settings
from pimotion.config.values import NODE_PATTERN, PATTERN_WORDS
from pimotion.daemon import EMBEDDED
from pimotion.errors import ConfigError, PimotionError
from pimotion.exit_codes import PASSED
from pimotion.homeassistant.examples import examples, written
from pimotion.publish.clean import clean


def run(options: argparse.Namespace) -> int:
    """Run one of the two; return its exit code."""
    settings = config_file.load(config_file.found(options.config))
    if options.action == "examples":
        return _examples(settings, options.output)
    return _clean(settings, settings.node if options.node is None else options.node)


def _examples(settings: Settings, folder: Path | None) -> int:
    texts = examples(settings)
    if folder is None:
        sys.stdout.write(written(texts))
        return PASSED
    targets = {folder / path: text for path, text in texts.items()}
    theirs = [path for path, text in targets.items() if _is_another(path, text)]
    if theirs:
        other = "is there already, with something else in it: name another folder, or take it away"
        raise ConfigError([f"{path} {other}" for path in theirs])
    for target, text in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{target}\n")
    return PASSED


def _is_another(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() != text.encode()
    except FileNotFoundError:
        return False


def _clean(settings: Settings, node: str) -> int:
    if not re.fullmatch(NODE_PATTERN, node):
        raise ConfigError([f"--node must be {PATTERN_WORDS[NODE_PATTERN]}, got '{node}'"])
    if settings.mqtt.host == EMBEDDED:
        raise PimotionError("the embedded broker keeps nothing: there is nothing to clean")
    cleared = clean(settings.mqtt, node)
    sys.stdout.writelines(f"{topic}\n" for topic in cleared)
    sys.stderr.write(f"{len(cleared)} topics of node {node} cleared\n")
    return PASSED
