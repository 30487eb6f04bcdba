"""Files: where they are looked for, what cannot be read, and secrets that stand elsewhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from authority import Authority
from config_text import DOOR, NO_CAMERA

from pimotion.config import file as config_file
from pimotion.config.file import Overrides
from pimotion.config.settings import Settings
from pimotion.errors import ConfigError


@pytest.fixture
def nobody() -> Iterator[None]:
    """A file that may not be read; root, who may read everything, is someone else meanwhile."""
    Path("x.yml").touch(mode=0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    yield
    os.seteuid(was)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PIMOTION_CONFIG", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def load(text: str | bytes) -> Settings:
    data = text.encode() if isinstance(text, str) else text
    Path("pimotion.yml").write_bytes(data)
    return config_file.load(Path("pimotion.yml"))


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(text)
    return refused.value.problems


def test_a_short_file_is_a_whole_configuration() -> None:
    settings = load("cameras: {door: {source: synthetic}}\nmqtt: {host: ha.local}\n")
    assert settings.mqtt.host == "ha.local"
    assert settings.cameras["door"].events.event_gap_s == 10


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble() -> None:
    assert problems("\ufeffnode: pi\r\ncameras:\r\n") == [f"pimotion.yml:2: {NO_CAMERA}"]


UNREADABLE: list[tuple[str, Callable[[Path], object], str]] = [
    ("missing", lambda path: None, "does not exist"),
    ("folder", Path.mkdir, "is a folder"),
    ("pipe", os.mkfifo, "is not a regular file"),
    ("loop", lambda path: path.symlink_to(path.name), "cannot be read: Too many levels"),
    (
        "link",
        lambda path: path.symlink_to("no\x1bx"),
        "is a link to {here}/no\\x1bx, which does not",
    ),
    ("huge", lambda path: path.write_bytes(b"#" * (256 * 1024 + 1)), "is larger than 256 KiB"),
]


@pytest.mark.parametrize(
    ("make", "why"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE]
)
def test_what_is_no_configuration_file_is_refused_at_once(
    make: Callable[[Path], object], why: str
) -> None:
    make(Path("x.yml"))
    with pytest.raises(ConfigError) as refused:
        config_file.load(Path("x.yml"))
    (problem,) = refused.value.problems
    assert problem.startswith(f"x.yml: {why.format(here=Path.cwd())}")


def test_a_file_of_someone_else_is_refused(nobody: None) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yml: cannot be read: permission denied$"):
        config_file.load(Path("x.yml"))


def test_a_file_of_the_largest_size_is_read() -> None:
    assert load(DOOR + "#" * (256 * 1024 - len(DOOR))).cameras


@pytest.mark.parametrize("data", [b"# one\nnode: caf\xe9\n", b"\n\xff\xfen\x00"])
def test_a_file_in_another_encoding_is_refused_with_its_line(data: bytes) -> None:
    assert problems(data) == ["pimotion.yml:2: not UTF-8 text; save the file as UTF-8"]


def test_messages_name_the_file_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("cameras:\n")
    with pytest.raises(ConfigError) as refused:
        config_file.load(path)
    assert refused.value.problems == [f"{path}:1: {NO_CAMERA}"]


class TestFind:
    """The first file that is there wins."""

    def test_nothing_is_found_on_a_bare_machine(self) -> None:
        assert config_file.find() in (None, Path("/etc/pimotion/pimotion.yml"))

    def test_the_order(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        home = tmp_path / "home/.config/pimotion/pimotion.yml"
        home.parent.mkdir(parents=True)
        home.touch()
        assert config_file.find() == home
        Path("pimotion.yml").touch()
        assert config_file.find() == Path("pimotion.yml")
        monkeypatch.setenv("PIMOTION_CONFIG", "/no/such.yml")
        assert config_file.find() == Path("/no/such.yml")
        assert config_file.find("mine.yml") == Path("mine.yml")

    @pytest.mark.parametrize("target", ["gone.yml", "pimotion.yml"], ids=["gone", "loop"])
    def test_a_link_that_leads_nowhere_is_not_passed_over(
        self, target: str, tmp_path: Path
    ) -> None:
        """The next place was used, or none, without a word about the file that was meant."""
        home = tmp_path / "home/.config/pimotion/pimotion.yml"
        home.parent.mkdir(parents=True)
        home.touch()
        Path("pimotion.yml").symlink_to(target)
        assert config_file.find() == Path("pimotion.yml")

    def test_a_file_in_place_of_a_folder_holds_none(self, tmp_path: Path) -> None:
        (tmp_path / "home").touch()
        assert config_file.find() in (None, Path("/etc/pimotion/pimotion.yml"))

    def test_an_empty_variable_names_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("pimotion.yml").touch()
        monkeypatch.setenv("PIMOTION_CONFIG", "")
        assert config_file.find() == Path("pimotion.yml")


class TestSecrets:
    """`!env`, `!file` and `!credential` stand wherever text stands."""

    def test_they_are_fetched(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "credentials").mkdir()
        (tmp_path / "credentials/mqtt").write_text("from systemd\n")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
        monkeypatch.setenv("BROKER", "ha.local")
        Path("anna").write_text("two words\r\n")
        settings = load(
            DOOR + "mqtt: {host: !env BROKER, username: x, password: !credential mqtt}\n"
            "http: {users: [{name: a, password: !file anna}]}\n"
        )
        assert settings.mqtt.host == "ha.local"
        assert type(settings.mqtt.host) is str
        assert settings.mqtt.password is not None
        assert settings.mqtt.password.reveal() == "from systemd"
        assert settings.http.users[0].password.reveal() == "two words"

    def test_only_the_line_break_at_the_end_of_a_file_goes(self) -> None:
        Path("anna").write_text(" spaces are mine \n\n")
        settings = load(DOOR + "http: {users: [{name: a, password: !file anna}]}\n")
        assert settings.http.users[0].password.reveal() == " spaces are mine \n"

    def test_a_relative_file_lies_beside_the_configuration(self, tmp_path: Path) -> None:
        folder = tmp_path / "etc"
        folder.mkdir()
        (folder / "broker").write_text("ha.local")
        (folder / "p.yml").write_text(DOOR + "mqtt: {host: !file broker}\n")
        assert config_file.load(folder / "p.yml").mqtt.host == "ha.local"

    def test_a_file_in_the_home_folder(self, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home/broker").write_text("ha.local")
        assert load(DOOR + "mqtt: {host: !file ~/broker}\n").mqtt.host == "ha.local"

    @pytest.mark.parametrize(
        ("written", "told"),
        [
            ("!env NO_SUCH_NAME", "!env NO_SUCH_NAME is not set in the environment"),
            ("!env EMPTY", "!env EMPTY is empty"),
            ("!env A=B", "!env A=B is no name for an environment variable"),
            ("!env", "!env is no name for an environment variable"),
            (
                "!file nowhere",
                "!file nowhere does not exist in {here}; `(umask 077; cat > {here}/nowhere)` makes "
                "it of what you type, until Ctrl-D",
            ),
            (
                "!file ../my secrets/mqtt",
                "!file ../my secrets/mqtt does not exist in {here}/../my secrets; `(umask 077; "
                "cat > '{here}/../my secrets/mqtt')` makes it of what you type, until Ctrl-D",
            ),
            ("!file .", "!file . is a folder"),
            ("!file /dev/zero", "!file /dev/zero is not a regular file"),
            ("!file empty", "!file empty is empty"),
            ("!file large", "!file large is larger than 64 KiB"),
            ("!file latin", "!file latin is not UTF-8 text"),
            ("!file", "!file needs the name of a file"),
            ('!file "a\\0b"', "!file a\\x00b is no name for a file"),
            ("!credential ../x", "!credential ../x is no name for a credential"),
            (
                "!credential x",
                "!credential x is looked for in $CREDENTIALS_DIRECTORY, which only systemd sets",
            ),
        ],
    )
    def test_one_that_cannot_be_had_is_told_with_its_line(
        self, written: str, told: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EMPTY", "")
        Path("empty").write_text("\n")
        Path("large").write_bytes(b"x" * (64 * 1024 + 1))
        Path("latin").write_bytes(b"caf\xe9")
        text = DOOR + f"mqtt:\n  host: {written}\n"
        assert problems(text) == [f"pimotion.yml:3: mqtt.host: {told.format(here=Path.cwd())}"]

    def test_they_stand_only_for_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "1883")
        assert problems(DOOR + "mqtt: {port: !env PORT}\n") == [
            "pimotion.yml:2: mqtt.port must be a whole number between 1 and 65535; "
            "!env gives text, and stands only for text"
        ]

    def test_a_fetched_value_is_never_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET", "hunter\n2://x")
        text = DOOR + "node: !env SECRET\nmqtt: {protocol: !env SECRET, host: !env SECRET}\n"
        text = text.replace("auto", "!env SECRET")
        told = problems(text + "http: {open: !env SECRET, users: !env SECRET}\n")
        assert len(told) == 6
        assert "hunter" not in "\n".join(told)

    def test_secrets_print_as_stars(self) -> None:
        settings = load(
            DOOR + "mqtt: {host: x, username: joe, password: hunter2}\n"
            "http: {users: [{name: a, password: hunter222}]}\n"
        )
        shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
        assert "hunter" not in shown
        assert shown.count("***") >= 8


class TestRelativePaths:
    """They begin at the file's folder: `check` passed at home, and the service ran elsewhere."""

    def configured(self, text: str, overrides: Overrides | None = None) -> Settings:
        Path("etc").mkdir()
        Path("etc/p.yml").write_text(text)
        return config_file.load(Path("etc/p.yml"), overrides=overrides)

    def test_every_path_begins_at_the_folder_of_the_file(self, tmp_path: Path) -> None:
        etc = tmp_path / "etc"
        etc.mkdir()
        authority = Authority(etc / "tls")
        cert, key = (path.relative_to(etc) for path in authority.issue("127.0.0.1"))
        Path("etc/p.yml").write_text(
            "state_dir: state\n"
            "cameras: {a: {source: 'file:../a.mp4?loop'}, b: {source: 'file:b'}}\n"
            f"http: {{tls: {{cert: {cert}, key: {key}}}}}\n"
            f"mqtt: {{host: x, tls: {{enabled: true, ca: tls/{authority.ca.name}, cert: {cert}, "
            f"key: {key}}}}}\n"
        )
        settings = config_file.load(Path("etc/p.yml"))
        assert settings.state_dir == str(etc / "state")
        assert settings.cameras["a"].source == f"file:{etc}/../a.mp4?loop"
        assert settings.cameras["b"].source == f"file:{etc}/b"
        for tls in (settings.http.tls, settings.mqtt.tls):
            assert (tls.cert, tls.key) == (str(etc / cert), str(etc / key))
        assert settings.mqtt.tls.ca == str(authority.ca)

    def test_a_missing_file_is_told_with_the_place_where_it_was_looked_for(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(ConfigError) as refused:
            self.configured(
                DOOR + "http: {tls: {cert: c.pem, key: /k.pem}}\n"
                "mqtt: {host: x, tls: {enabled: true, ca: ca.pem}}\n"
            )
        assert refused.value.problems == [
            f"etc/p.yml:2: http.tls.cert ({tmp_path}/etc/c.pem) does not exist",
            "etc/p.yml:2: http.tls.key (/k.pem) does not exist",
            f"etc/p.yml:3: mqtt.tls.ca ({tmp_path}/etc/ca.pem) does not exist",
        ]

    @pytest.mark.parametrize("source", ["file:/a.mp4?loop", "file:~/a.mp4", "file:~nobody9/a"])
    def test_an_absolute_path_or_one_in_a_home_stays(self, source: str) -> None:
        settings = self.configured(f"cameras: {{a: {{source: '{source}'}}}}\nstate_dir: ~/s\n")
        assert settings.cameras["a"].source == source
        assert settings.state_dir == "~/s"

    @pytest.mark.parametrize("source", ["auto", "synthetic", "rtsp://cam/x", "v4l2:/dev/video0"])
    def test_other_sources_have_no_path(self, source: str) -> None:
        settings = self.configured(f"cameras: {{a: {{source: '{source}'}}}}\n")
        assert settings.cameras["a"].source == source

    def test_a_path_on_the_command_line_begins_where_it_is_typed(self, tmp_path: Path) -> None:
        settings = self.configured(
            "cameras: {a: {source: 'file:a.mp4'}}\n", Overrides(source="file:b.mp4?loop")
        )
        assert settings.cameras["a"].source == f"file:{tmp_path}/b.mp4?loop"
        changed = config_file.apply(settings, Overrides(source="file:c.mp4"))
        assert changed.cameras["a"].source == f"file:{tmp_path}/c.mp4"
        made = config_file.from_values({"cameras": {"a": {"source": "file:d.mp4"}}})
        assert made.cameras["a"].source == f"file:{tmp_path}/d.mp4"

    def test_a_deep_folder_makes_no_setting_too_long(self, tmp_path: Path) -> None:
        folder = Path(*["x" * 50] * 6)
        folder.mkdir(parents=True)
        (folder / "p.yml").write_text("cameras: {a: {source: 'file:a.mp4'}}\n")
        settings = config_file.load(folder / "p.yml", overrides=Overrides(warmup_frames=5))
        assert settings.cameras["a"].source == f"file:{tmp_path / folder}/a.mp4"


class TestOpenSecrets:
    """A secret in clear in a file that everyone can read is worth a warning, not a refusal."""

    TEXT = (
        DOOR + "mqtt: {host: x, username: joe, password: hunter2}\nhttp:\n  users:\n"
        "  - {name: a, password: hunter222}\n"
    )

    def write(self, text: str, mode: int) -> None:
        Path("pimotion.yml").write_text(text)
        Path("pimotion.yml").chmod(mode)
        config_file.load(Path("pimotion.yml"))

    def test_everyone_can_read_it(self, caplog: pytest.LogCaptureFixture) -> None:
        self.write(self.TEXT, 0o644)
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert "settings=mqtt.password,http.users[0].password" in record.getMessage()
        assert "hunter" not in record.getMessage()

    def test_a_login_in_a_url_counts(self, caplog: pytest.LogCaptureFixture) -> None:
        self.write("cameras: {a: {source: 'rtsp://joe:hunter2@cam/'}}\n", 0o644)
        assert "settings=cameras.a.source" in caplog.text

    @pytest.mark.parametrize("mode", [0o600, 0o640])
    def test_only_its_owner_or_group_can(self, mode: int, caplog: pytest.LogCaptureFixture) -> None:
        self.write(self.TEXT, mode)
        assert not caplog.records

    def test_the_secret_stands_elsewhere(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET", "hunter2")
        self.write(DOOR + "mqtt: {host: x, username: j, password: !env SECRET}\n", 0o644)
        self.write(DOOR + "mqtt: {host: x, password: null}\n", 0o644)
        assert not caplog.records
