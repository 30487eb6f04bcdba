"""What pimotion asks of picamera2 is there in the real one, and the tests' fake takes the same.

Else a new picamera2 would break every Pi while all tests go on passing.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cameras.pi_camera import Picamera2, Request
from cameras.real_picamera2 import RealClass, source

from pimotion.capture import picamera

CALLER = Path(picamera.__file__)
REAL = {"Picamera2": "picamera2", "CompletedRequest": "request"}
"""Where each class stands in picamera2."""
HELD_AS = {"camera": "Picamera2", "picamera2": "Picamera2", "request": "CompletedRequest"}
"""What pimotion calls them; `self._camera` is ``camera``, too."""
FAKES = {"Picamera2": Picamera2, "CompletedRequest": Request}
OF_THE_FAKE_ONLY = {"metadata"}


@cache
def real(name: str) -> RealClass:
    return RealClass(source(REAL[name]), name)


def asked(tree: ast.AST) -> Iterator[tuple[str, ast.Attribute]]:
    """Give each attribute of picamera2's objects that a program asks for, with its class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            held = ast.unparse(node.value).removeprefix("self._")
            if held in HELD_AS:
                yield HELD_AS[held], node


def called(tree: ast.AST) -> dict[int, ast.Call]:
    """Every call by the identity of what is called."""
    return {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}


def misfits(text: str) -> list[str]:
    """Return what a program asks of picamera2 that it does not have or does not take."""
    tree = ast.parse(text)
    calls, found = called(tree), []
    for name, attribute in asked(tree):
        what = f"{name}.{attribute.attr}"
        call = calls.get(id(attribute))
        if attribute.attr not in real(name).names and not hasattr(object, attribute.attr):
            found.append(f"{what} is not there any more")
        elif call is not None and (signature := real(name).methods.get(attribute.attr)):
            has_self = "self" in signature.parameters
            given = [None] * (len(call.args) + has_self)
            named = {each.arg: None for each in call.keywords if each.arg is not None}
            try:
                signature.bind(*given, **named)
            except TypeError as error:
                found.append(f"{what}: {error}")
    return found


def test_picamera2_has_and_takes_what_pimotion_asks_of_it() -> None:
    text = CALLER.read_text()
    names = {f"{name}.{attribute.attr}" for name, attribute in asked(ast.parse(text))}
    assert len(names) >= 14, f"not all was found: {names}"
    assert misfits(text) == []
    assert "ColorSpace.Sycc()" in source("picamera2"), "libcamera's name for it is another now"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("camera.capture_reqest(wait=5)", "not there"),
        ("self._camera.capture_request(timeout=5)", "unexpected keyword"),
        ("camera.create_video_configuration(mian={})", "unexpected keyword"),
        ("camera.stop(1, 2)", "too many positional"),
        ("request.make_buffer()", "missing a required argument"),
        ("camera.camera_contrls", "not there"),
    ],
)
def test_a_call_that_does_not_fit_is_found(program: str, words: str) -> None:
    (found,) = misfits(program)
    assert words in found


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (name, method)
        for name, fake in FAKES.items()
        for method, value in vars(fake).items()
        if (method == "__init__" or not method.startswith("_"))
        and (inspect.isfunction(value) or isinstance(value, staticmethod))
        and method not in OF_THE_FAKE_ONLY
        and (name, method) != ("CompletedRequest", "__init__")
    ],
)
def test_what_the_fake_takes_the_real_one_takes(name: str, method: str) -> None:
    """The same parameters in the same order; what the real one has on top must be optional."""
    ours = list(inspect.signature(getattr(FAKES[name], method)).parameters)
    theirs = list(real(name).methods[method].parameters.values())
    assert ours == [each.name for each in theirs[: len(ours)]]
    needed = [each.name for each in theirs[len(ours) :] if each.default is each.empty]
    assert [each for each in needed if each not in ("args", "kwargs")] == []
