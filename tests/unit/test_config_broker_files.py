"""The files of `mqtt.tls`: each fault has a sentence and a line, and nothing waits for a person."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from authority import Authority
from config_text import DOOR
from cryptography.hazmat.primitives import serialization

from pimotion.config import file as config_file
from pimotion.config.settings import MqttTls
from pimotion.errors import ConfigError
from pimotion.publish.encryption import context_of
from pimotion.publish.reasons import LinkLost

ROOT = Path(__file__).parent.parent.parent

Files = dict[str, Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    authority = Authority(tmp_path / "ours")
    cert, key = authority.issue("client")
    return {"ca": authority.ca, "cert": cert, "key": key}


def problems(folder: Path, files: Files) -> list[str]:
    """Return what is wrong with a configuration that names the files, without its name."""
    path = folder / "pimotion.yml"
    lines = "".join(f"    {name}: {file}\n" for name, file in files.items())
    path.write_text(f"{DOOR}mqtt:\n  host: x\n  tls:\n    enabled: true\n{lines}")
    try:
        config_file.load(path)
    except ConfigError as error:
        return [problem.removeprefix(f"{path}:") for problem in error.problems]
    return []


def tls_of(files: Files) -> MqttTls:
    return MqttTls(
        enabled=True, ca=str(files["ca"]), cert=str(files["cert"]), key=str(files["key"])
    )


def test_right_files_are_taken(tmp_path: Path, files: Files) -> None:
    assert problems(tmp_path, files) == []
    context_of(tls_of(files))


def missing(files: Files) -> str:
    files["ca"].unlink()
    return f"6: mqtt.tls.ca ({files['ca']}) does not exist"


def no_authority(files: Files) -> str:
    files["ca"].write_text("nothing of the kind")
    return f"6: mqtt.tls.ca ({files['ca']}) holds no certificate in PEM form"


def no_key(files: Files) -> str:
    files["key"].write_text("nothing of the kind")
    pair = f"({files['cert']}) or mqtt.tls.key ({files['key']})"
    return f"7: mqtt.tls.cert {pair} is not in PEM form, or damaged"


def another_key(files: Files) -> str:
    _, other = Authority(files["key"].parent / "other").issue("other")
    files["key"].write_bytes(other.read_bytes())
    return f"8: mqtt.tls.key ({files['key']}) is not the key of mqtt.tls.cert ({files['cert']})"


def a_passphrase(files: Files) -> str:
    lock(files["key"])
    return (
        "8: mqtt.tls.key is protected by a passphrase, which nobody is there to type; "
        "`openssl pkey` takes it off"
    )


def pipe(name: str, line: int) -> Callable[[Files], str]:
    def spoil(files: Files) -> str:
        files[name].unlink()
        os.mkfifo(files[name])
        return f"{line}: mqtt.tls.{name} ({files[name]}) is not a regular file"

    return spoil


def lock(key: Path) -> None:
    given = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    key.write_bytes(given.private_bytes(*form))


@pytest.mark.parametrize(
    "spoil",
    [missing, no_authority, no_key, another_key, a_passphrase, pipe("ca", 6), pipe("cert", 7),
     pipe("key", 8)],
)  # fmt: skip
def test_what_cannot_be_used_is_told_by_check_and_by_the_link(
    tmp_path: Path, files: Files, spoil: Callable[[Files], str]
) -> None:
    expected = spoil(files)
    (problem,) = problems(tmp_path, files)
    assert problem.startswith(expected)
    with pytest.raises(LinkLost) as lost:
        context_of(tls_of(files))
    assert str(lost.value) == problem.partition(" ")[2]


def test_a_key_with_a_passphrase_asks_nothing_on_a_terminal(files: Files) -> None:
    """OpenSSL asked there, and the thread that spoke with the broker waited for an answer."""
    lock(files["key"])
    text = (
        "from pimotion.config.settings import MqttTls\n"
        "from pimotion.publish.encryption import context_of\n"
        f"context_of(MqttTls(enabled=True, cert='{files['cert']}', key='{files['key']}'))\n"
    )
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            ["setsid", "--ctty", sys.executable, "-c", text],
            cwd=ROOT,
            stdin=theirs,
            stderr=subprocess.PIPE,
            text=True,
            timeout=20,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "mqtt.tls.key is protected by a passphrase" in done.stderr


def test_a_file_in_the_home_of_a_user_who_has_none(no_home: None) -> None:
    with pytest.raises(LinkLost) as lost:
        context_of(MqttTls(enabled=True, ca="~/ca.pem"))
    assert str(lost.value) == ("mqtt.tls.ca (~/ca.pem) begins with ~, and this user has no home")
