"""Passwords that a configuration holds without telling them."""

from __future__ import annotations

import io
import sys

import pytest

from pimotion import passwords
from pimotion.passwords import Cost, PasswordHash

CHEAP = Cost(ln=4, r=8, p=1)

RFC_7914 = (
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU"
    "$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
)
"""Its third test vector (section 12), whose password is ``pleaseletmein``."""


def test_it_is_the_scrypt_of_the_standard() -> None:
    assert PasswordHash.parse(RFC_7914).fits("pleaseletmein")
    assert not PasswordHash.parse(RFC_7914).fits("pleaseletmeiN")


@pytest.mark.parametrize("password", ["correct horse", "grüße 1234", "", "a:b", "$scrypt$"])
def test_a_hash_knows_its_password_and_no_other(password: str) -> None:
    text = str(PasswordHash.of(password, CHEAP))
    assert PasswordHash.parse(text).fits(password)
    assert not PasswordHash.parse(text).fits(password + "x")
    assert str(PasswordHash.parse(text)) == text


def test_equal_passwords_do_not_look_equal() -> None:
    assert str(PasswordHash.of("correct horse", CHEAP)) != str(
        PasswordHash.of("correct horse", CHEAP)
    )


SALT_AND_HASH = RFC_7914.removeprefix("$scrypt$ln=14,r=8,p=1")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$scrypt$", "must be $scrypt$ln=14,r=8,p=1$SALT$HASH"),
        (f"$scrypt$ln=14,r=8{SALT_AND_HASH}", "must be $scrypt$ln=14,r=8,p=1$SALT$HASH"),
        (f"{RFC_7914}\n", "must be $scrypt$ln=14,r=8,p=1$SALT$HASH"),
        (f"$scrypt$ln=14,r=8,p=0{SALT_AND_HASH}", "must have ln and r of 1 or more"),
        (f"$scrypt$ln=0,r=8,p=1{SALT_AND_HASH}", "must have ln and r of 1 or more"),
        (f"$scrypt$ln=16,r=1,p=1{SALT_AND_HASH}", "must have ln of less than 16 times r"),
        (f"$scrypt$ln=17,r=8,p=1{SALT_AND_HASH}", "must take 64 MB of memory or less"),
        (f"$scrypt$ln=99,r=99,p=1{SALT_AND_HASH}", "must take 64 MB of memory or less"),
        ("$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "in base64"),
    ],
)
def test_what_is_no_hash_is_refused_in_words(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("$", r"\$")):
        PasswordHash.parse(text)


def run(typed: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return passwords.main()


def test_the_command_prints_what_the_configuration_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("correct horse\n", monkeypatch) == 0
    printed = capsys.readouterr().out
    assert PasswordHash.parse(printed.removesuffix("\n")).fits("correct horse")
    assert "correct" not in printed


def test_the_command_takes_no_short_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("short\n", monkeypatch) == 1
    assert capsys.readouterr().err == "a password has 8 characters or more\n"
