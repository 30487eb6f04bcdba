"""What the real picamera2 takes, read from its source: it cannot be imported without libcamera.

The source is the one that is installed, as on a Pi, else that of the newest wheel, which
`.ci/setup test` leaves in ``.venv/picamera2``.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent.parent


def source(module: str) -> str:
    """Return the text of ``picamera2/MODULE.py``. Skips where there is none."""
    found = importlib.util.find_spec("picamera2")
    if found is not None and found.submodule_search_locations:
        return (Path(found.submodule_search_locations[0]) / f"{module}.py").read_text()
    folders = (Path(sys.prefix), _ROOT / ".venv")
    wheels = [each for folder in folders for each in folder.glob("picamera2/*.whl")]
    if not wheels:
        pytest.skip("the source of picamera2 is not here: `.ci/setup test` gets it")
    newest = max(wheels, key=lambda wheel: wheel.stat().st_mtime)
    with zipfile.ZipFile(newest) as wheel:
        return wheel.read(f"picamera2/{module}.py").decode()


class RealClass:
    """A class of picamera2.

    Attributes:
        methods: The signature of each, with ``self`` where it has it; no annotations.
        names: Everything that can be asked of it: methods, properties, what it keeps of itself.
    """

    def __init__(self, text: str, name: str) -> None:
        node = _class(ast.parse(text), name)
        self.methods = {each.name: _signature(each) for each in _functions(node)}
        self.names = {*self.methods, *_kept(node)}


def _class(tree: ast.Module, name: str) -> ast.ClassDef:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
    raise AssertionError(f"picamera2 has no class {name} any more")


def _functions(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Give the methods; of an overloaded one the last, which is the real one, wins."""
    return (each for each in node.body if isinstance(each, ast.FunctionDef))


def _kept(node: ast.ClassDef) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store):
            yield each.attr


def _signature(function: ast.FunctionDef) -> inspect.Signature:
    """Let Python read a function's parameters; nothing else of it is run."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for each in (*every, arguments.vararg, arguments.kwarg):
        if each is not None:
            each.annotation = None
    none = ast.Constant(None)
    arguments.defaults = [none for _ in arguments.defaults]
    arguments.kw_defaults = [each and none for each in arguments.kw_defaults]
    bare = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, none)))
    made: object = eval(compile(bare, "picamera2", "eval"), {})
    assert callable(made)
    return inspect.signature(made)
