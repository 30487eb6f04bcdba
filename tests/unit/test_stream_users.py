"""Users who are recognised by hashes: as safe as slow ones, as fast as clear ones."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from pimotion.config.settings import HttpUser
from pimotion.config.values import Secret
from pimotion.passwords import Cost, PasswordHash
from pimotion.stream.users import Role, Users

CHEAP, DEAR = Cost(ln=4, r=8, p=1), Cost(ln=5, r=8, p=1)


def hashed(name: str, password: str, cost: Cost = CHEAP, *, admin: bool = False) -> HttpUser:
    secret = Secret(str(PasswordHash.of(password, cost)))
    return HttpUser(name=name, password=secret, role="admin" if admin else "viewer")


CLEAR = HttpUser(name="carl", password=Secret("in the clear"))
USERS = (hashed("anna", "correct horse", admin=True), hashed("bodo", "battery", DEAR), CLEAR)


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How many hashes of each ``ln`` were computed."""
    done: Counter[int] = Counter()
    real = PasswordHash.fits

    def counted(self: PasswordHash, password: str) -> bool:
        done[self.cost.ln] += 1
        return real(self, password)

    monkeypatch.setattr(PasswordHash, "fits", counted)
    return done


@pytest.mark.parametrize(
    ("name", "password", "role"),
    [
        ("anna", "correct horse", Role.ADMIN),
        ("bodo", "battery", Role.VIEWER),
        ("carl", "in the clear", Role.VIEWER),
        ("anna", "battery", Role.NOBODY),
        ("carl", "correct horse", Role.NOBODY),
        ("nobody", "correct horse", Role.NOBODY),
        pytest.param("anna", USERS[0].password.reveal(), Role.NOBODY, id="the hash itself"),
        ("", "", Role.NOBODY),
    ],
)
def test_who_is_recognised(name: str, password: str, role: Role) -> None:
    users = Users(USERS)
    assert users.role(name, password) is role
    assert users.role(name, password) is role, "the second time too"


def test_a_page_costs_one_hash_not_one_a_request(hashings: Counter[int]) -> None:
    users = Users(USERS)
    for _ in range(50):
        assert users.role("anna", "correct horse") is Role.ADMIN
    assert hashings == {CHEAP.ln: 1, DEAR.ln: 1}


def test_what_a_page_asks_for_at_once_costs_one_hash_too(hashings: Counter[int]) -> None:
    slow = Cost(ln=13, r=8, p=1)  # 25 ms, in which all eight have asked
    users = Users((hashed("anna", "correct horse", slow),))
    with ThreadPoolExecutor(8) as pool:
        roles = list(pool.map(lambda _: users.role("anna", "correct horse"), range(8)))
    assert roles == [Role.VIEWER] * 8
    assert hashings == {slow.ln: 1}


@pytest.mark.parametrize("name", ["anna", "bodo", "carl", "nobody"])
def test_a_wrong_password_takes_as_long_whoever_it_is_tried_for(
    name: str, hashings: Counter[int]
) -> None:
    """Else a stopwatch would tell which names exist, and whose password is in the clear."""
    users = Users(USERS)
    for _ in range(3):
        assert users.role(name, "a guess") is Role.NOBODY
    assert hashings == {CHEAP.ln: 3, DEAR.ln: 3}


def test_users_in_the_clear_cost_no_hash(hashings: Counter[int]) -> None:
    users = Users((CLEAR,))
    assert users.role("carl", "in the clear") is Role.VIEWER
    assert users.role("carl", "a guess") is Role.NOBODY
    assert not hashings


def test_what_is_remembered_is_bounded(hashings: Counter[int]) -> None:
    users = Users([hashed(f"user-{number}", "correct horse") for number in range(100)])
    for number in range(100):
        assert users.role(f"user-{number}", "correct horse") is Role.VIEWER
    assert users.role("user-99", "correct horse") is Role.VIEWER
    assert hashings[CHEAP.ln] == 100
    assert users.role("user-0", "correct horse") is Role.VIEWER
    assert hashings[CHEAP.ln] == 101, "the one that was longest ago is forgotten"
