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
from pimotion.homeassistant.examples import examples, written
from pimotion.publish.clean import clean

PASSED = 0


def run(options: argparse.Namespace) -> int:
    """Run one of the two; return its exit code."""
    path = config_file.find(options.config)
    if path is None:
        raise ConfigError(["there is no configuration; name a file with --config"])
    settings = config_file.load(path)
    if options.action == "examples":
        return _examples(settings, options.output)
    return _clean(settings, settings.node if options.node is None else options.node)


def _examples(settings: Settings, folder: Path | None) -> int:
    texts = examples(settings)
    if folder is None:
        sys.stdout.write(written(texts))
        return PASSED
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{target}\n")
    return PASSED


def _clean(settings: Settings, node: str) -> int:
    if not re.fullmatch(NODE_PATTERN, node):
        raise ConfigError([f"--node must be {PATTERN_WORDS[NODE_PATTERN]}, got '{node}'"])
    if settings.mqtt.host == EMBEDDED:
        raise PimotionError("the embedded broker keeps nothing: there is nothing to clean")
    cleared = clean(settings.mqtt, node)
    sys.stdout.writelines(f"{topic}\n" for topic in cleared)
    sys.stderr.write(f"{len(cleared)} topics of node {node} cleared\n")
    return PASSED
