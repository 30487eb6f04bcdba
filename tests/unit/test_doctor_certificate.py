"""What `doctor` says of the page's certificate."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from authority import Authority

from pimotion.config.settings import Http, HttpTls
from pimotion.doctor.page import certificate
from pimotion.doctor.report import Verdict


@pytest.mark.parametrize(
    ("days", "public_url", "verdict", "told"),
    [
        (60.5, None, Verdict.OK, "for 192.0.2.7, 60 days left"),
        (60.5, "https://192.0.2.7:8080", Verdict.OK, "for 192.0.2.7, 60 days left"),
        (5.6, None, Verdict.NOTE, "6 days left"),
        (-0.5, None, Verdict.NOTE, "clients refuse it: certificate has expired"),
        (60.5, "https://cam.example.org", Verdict.NOTE, "for 192.0.2.7"),
    ],
    ids=["well", "of the right name", "soon over", "over", "of another name"],
)
def test_what_it_is_worth(
    tmp_path: Path, days: float, public_url: str | None, verdict: Verdict, told: str
) -> None:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    cert, key = Authority(tmp_path / "ca").issue("page", address="192.0.2.7", until=until)
    tls = HttpTls(cert=str(cert), key=str(key))
    (check,) = certificate(Http(tls=tls, public_url=public_url))
    assert check.verdict is verdict
    assert told in check.found
    assert bool(check.advice) == (verdict is Verdict.NOTE)


def test_one_that_has_gone_is_a_failure(tmp_path: Path) -> None:
    tls = HttpTls(cert=str(tmp_path / "a.pem"), key=str(tmp_path / "a.key"))
    (check,) = certificate(Http(tls=tls))
    assert check.verdict is Verdict.FAILED
    assert "does not exist" in check.found


def test_without_one_nothing_is_said() -> None:
    assert not list(certificate(Http()))
