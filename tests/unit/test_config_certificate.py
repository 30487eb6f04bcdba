"""The certificate of the page: what is wrong with its files is said before a start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from authority import Authority
from config_text import DOOR
from cryptography.hazmat.primitives import serialization

from pimotion.config import file as config_file
from pimotion.config.certificate import look_at
from pimotion.config.settings import HttpTls, Settings
from pimotion.errors import ConfigError

NOW = dt.datetime.now(dt.UTC)
Files = tuple[Path, Path]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def files(authority: Authority) -> Files:
    cert, key = authority.issue("page", address="192.0.2.7")
    key.chmod(0o600)
    return cert, key


def load(folder: Path, files: Files) -> Settings:
    path = folder / "pimotion.yml"
    path.write_text(f"{DOOR}http:\n  tls:\n    cert: {files[0]}\n    key: {files[1]}\n")
    return config_file.load(path)


def problems(folder: Path, files: Files) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, files)
    return [each.removeprefix(f"{folder}/pimotion.yml:") for each in caught.value.problems]


def test_a_good_one_is_taken_without_a_word(
    tmp_path: Path, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    tls = load(tmp_path, files).http.tls
    assert (tls.cert, tls.key) == (str(files[0]), str(files[1]))
    assert not [record for record in caplog.records if "expires" not in record.message]


def missing(cert: Path, key: Path) -> list[str]:
    cert.unlink()
    key.unlink()
    return [
        f"4: http.tls.cert ({cert}) does not exist",
        f"5: http.tls.key ({key}) does not exist",
    ]


def no_certificate(cert: Path, key: Path) -> list[str]:
    cert.write_text("-----BEGIN NOTHING-----")
    return [f"4: http.tls.cert ({cert}) is no certificate in PEM form"]


def the_wrong_way_round(cert: Path, key: Path) -> list[str]:
    told = cert.read_text()
    cert.write_text(key.read_text())
    key.write_text(told)
    return [
        f"4: http.tls.cert ({cert}) is no certificate in PEM form",
        f"5: http.tls.key ({key}) is no private key in PEM form",
    ]


def damaged(cert: Path, key: Path) -> list[str]:
    cert.write_text(cert.read_text().replace("M", "N"))
    return [f"4: http.tls.cert ({cert}) or http.tls.key ({key}) is damaged"]


def another_key(cert: Path, key: Path) -> list[str]:
    _, other = Authority(cert.parent / "other").issue("other")
    key.write_bytes(other.read_bytes())
    return [f"5: http.tls.key ({key}) is not the key of http.tls.cert ({cert})"]


def a_passphrase(cert: Path, key: Path) -> list[str]:
    given = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    key.write_bytes(given.private_bytes(*form))
    return [
        "5: http.tls.key is protected by a passphrase, which nobody is there to type; "
        "`openssl pkey` takes it off"
    ]


def a_folder(cert: Path, key: Path) -> list[str]:
    key.unlink()
    key.mkdir()
    return [f"5: http.tls.key ({key}) is a folder"]


def endless(cert: Path, key: Path) -> list[str]:
    key.unlink()
    key.write_bytes(b"x" * 300_000)
    return [f"5: http.tls.key ({key}) is larger than 256 KiB"]


@pytest.mark.parametrize(
    "spoil",
    [missing, no_certificate, the_wrong_way_round, damaged, another_key, a_passphrase, a_folder,
     endless],
)  # fmt: skip
def test_what_cannot_be_used_is_an_error_with_its_line(
    tmp_path: Path, files: Files, spoil: Callable[[Path, Path], list[str]]
) -> None:
    expected = spoil(*files)
    assert problems(tmp_path, files) == expected


def test_a_key_that_may_not_be_read_says_who_should(
    tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "pimotion.yml"
    path.write_text(f"{DOOR}http: {{tls: {{cert: {files[0]}, key: {files[1]}}}}}\n")
    text = path.read_text()
    monkeypatch.setattr("os.open", refuse)  # root, as which tests may run, may read everything
    with pytest.raises(ConfigError) as caught:
        config_file.parse(text, path)
    assert caught.value.problems[1].endswith(
        "cannot be read: permission denied; let the user read it that pimotion runs as"
    )


@pytest.mark.parametrize(
    ("days", "told"),
    [(-0.5, "clients refuse http.tls.cert: certificate has expired"), (3, "expires in 3.0 days")],
)
def test_one_that_expires_is_a_warning(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture, days: float, told: str
) -> None:
    """A camera that stops because of a date would be worse than a browser that complains."""
    cert, key = authority.issue("old", until=NOW + dt.timedelta(days=days))
    key.chmod(0o600)
    load(tmp_path, (cert, key))
    (warning,) = caplog.messages
    assert told in warning


def test_one_for_a_month_is_no_warning(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    cert, key = authority.issue("new", until=NOW + dt.timedelta(days=30))
    key.chmod(0o600)
    load(tmp_path, (cert, key))
    assert caplog.messages == []


def test_a_key_that_everybody_can_read_is_warned_of(
    tmp_path: Path, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files[1].chmod(0o644)
    load(tmp_path, files)
    assert f"everyone on this machine can read a secret file; chmod o-r helps file={files[1]}" in (
        caplog.messages
    )


def test_the_names_it_is_for(files: Files) -> None:
    found = look_at(HttpTls(cert=str(files[0]), key=str(files[1])))
    assert found.names == ("192.0.2.7",)
    assert found.days_left == pytest.approx(1, abs=0.01)
    assert found.doubt is None


def test_what_stands_round_a_certificate_may_be_written_in_any_way(files: Files) -> None:
    cert, key = files
    cert.write_bytes("subject=O = M\u00fcller\n".encode("latin-1") + cert.read_bytes())

    assert look_at(HttpTls(cert=str(cert), key=str(key))).doubt is None
