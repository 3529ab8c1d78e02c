"""Limits of wrong passwords, counted before Argon2 and exact at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from easymo.backoffice import hashing, sign_in
from easymo.backoffice.hashing import AT_ONCE, WAITING, BoundedArgon2, HashingBusy
from easymo.backoffice.models import SignInRate
from easymo.backoffice.sign_in import OF_NAME, OF_NETWORK, OF_PAIR

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
CHANGE = "/admin/password_change/"
RIGHT = "a long enough one"


@pytest.fixture
def odette() -> User:
    return User.objects.create_user("odette", password=RIGHT, is_staff=True)


@pytest.fixture
def pascal() -> User:
    return User.objects.create_user("pascal", password=RIGHT, is_staff=True)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the passwords that are hashed: to check one, or for an unknown name."""
    found: list[str] = []
    hasher = type(hashers.get_hasher())
    encode = hasher.encode

    def counted(self: object, password: str, *rest: Any, **more: Any) -> str:
        found.append(password)
        return encode(self, password, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(hasher, "encode", counted)
    return found


def attempt(name: str, address: str, password: str = "wrong") -> Any:
    return Client().post(
        LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address
    )


# Each kind of attack: the attempts in their order, and how many of them are checked.
ATTACKS: dict[str, tuple[list[tuple[str, str]], int]] = {
    "many names, one address": (
        [(f"name{n}", "203.0.113.7") for n in range(30)],
        OF_NETWORK,
    ),
    "one name, many addresses": (
        [("odette", f"203.0.113.{n}") for n in range(30)],
        OF_NAME,
    ),
    "one unknown name, many addresses": (
        [("nemo", f"203.0.113.{n}") for n in range(30)],
        OF_NAME,
    ),
    "one name in any case, many addresses": (
        [(("odette", "Odette", "ODETTE")[n % 3], f"203.0.113.{n}") for n in range(30)],
        OF_NAME,
    ),
    "one name, one address": ([("odette", "203.0.113.7")] * 30, OF_PAIR),
    "many names, one network of IPv6": (
        [(f"name{n}", f"2001:db8::{n:x}") for n in range(30)],
        OF_NETWORK,
    ),
    "one name, one network of IPv6": (
        [("odette", f"2001:db8::{n:x}") for n in range(30)],
        OF_PAIR,
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack__beyond_the_limit__refused_before_the_hash(
    odette: User, hashed: list[str], attack: str
) -> None:
    # When
    attempts, checked = ATTACKS[attack]
    answers = [attempt(name, address, "guess") for name, address in attempts]

    # Then
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200] * checked + [429] * (len(attempts) - checked)
    assert hashed.count("guess") == checked
    refused = answers[-1]
    assert 0 < int(refused["Retry-After"]) <= 900
    assert "Too many wrong passwords." in refused.content.decode()
    assert "no-store" in refused["Cache-Control"]
    # The right password is not even checked.
    name, address = attempts[0]
    assert attempt(name, address, RIGHT).status_code == 429
    # Refused attempts fill no table.
    assert AccessAttempt.objects.count() <= checked


def test_network_locked__names_from_elsewhere__are_not(odette: User) -> None:
    for number in range(50):
        attempt("odette" if number % 2 else f"n{number}", "203.0.113.7")

    assert attempt("odette", "198.51.100.1", RIGHT).status_code == 302


def test_own_account__signed_in_between__gains_no_attempts(
    odette: User, pascal: User
) -> None:
    # Given: an attacker with an account of their own
    statuses = []
    for _ in range(OF_NETWORK + 4):
        attempt("pascal", "203.0.113.7", RIGHT)
        statuses.append(attempt("odette", "203.0.113.7").status_code)

    # Then
    assert statuses[:OF_PAIR] == [200] * OF_PAIR
    assert set(statuses[OF_PAIR:]) == {429}
    names = [attempt(f"n{n}", "203.0.113.7").status_code for n in range(OF_NETWORK)]
    assert names.count(200) <= OF_NETWORK - OF_PAIR


def test_right_password__any_number_of_times__is_not_counted(odette: User) -> None:
    for _ in range(3 * OF_NETWORK):
        assert attempt("odette", "203.0.113.7", RIGHT).status_code == 302
    assert not SignInRate.objects.exclude(taken_at=[]).exists()


def test_name_locked_from_elsewhere__known_address__comes_in(odette: User) -> None:
    # Given: signed in from here before
    assert attempt("odette", "198.51.100.1", RIGHT).status_code == 302
    for number in range(30):
        attempt("odette", f"203.0.113.{number}")

    # Then: an attacker cannot lock the operator out of their own office
    assert attempt("odette", "192.0.2.9", RIGHT).status_code == 429
    assert attempt("odette", "198.51.100.1", RIGHT).status_code == 302


@pytest.mark.parametrize("is_behind", [True, False])
def test_forged_address__counts_behind_a_proxy_only(
    odette: User, settings: SettingsWrapper, is_behind: bool
) -> None:
    settings.BEHIND_PROXY = is_behind
    statuses = [
        Client(headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"})
        .post(LOGIN, {"username": f"n{n}", "password": "x"}, REMOTE_ADDR="10.0.0.1")
        .status_code
        for n in range(OF_NETWORK + 1)
    ]

    assert statuses == [200] * OF_NETWORK + [429]


def test_password_change__old_one_guessed__refused_before_the_hash(
    odette: User, hashed: list[str]
) -> None:
    # Given: a stolen session
    thief = Client()
    thief.force_login(odette)
    new = {"new_password1": "another long one", "new_password2": "another long one"}

    # When
    answers = [
        thief.post(CHANGE, {"old_password": "guess", **new}) for _ in range(OF_PAIR + 3)
    ]

    # Then
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200] * OF_PAIR + [429] * 3
    assert hashed.count("guess") == OF_PAIR
    assert thief.post(CHANGE, {"old_password": RIGHT, **new}).status_code == 429


def test_password_change__right_old_one__not_counted(odette: User) -> None:
    browser = Client()
    browser.force_login(odette)
    for _ in range(OF_PAIR + 1):
        answer = browser.post(
            CHANGE,
            {"old_password": RIGHT, "new_password1": "1", "new_password2": "2"},
        )
        assert answer.status_code == 200


def _checked_at_once(begin: Callable[[Any, str], object]) -> int:
    """Let 32 attempts begin at once; return how many may check a password."""
    gate = threading.Barrier(32)
    request = Client().get(LOGIN, REMOTE_ADDR="203.0.113.7").wsgi_request

    def one(number: int) -> bool:
        gate.wait(timeout=30)
        try:
            begin(request, f"name{number}")
        except sign_in.TooManyAttempts:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(32) as pool:
        return list(pool.map(one, range(32))).count(True)


def test_begin__thirty_two_at_once__ten_are_checked(committed_db: str) -> None:
    assert _checked_at_once(sign_in.begin) == OF_NETWORK


def test_begin__counted_after_the_check__control_lets_all_through(
    committed_db: str,
) -> None:
    gate = threading.Barrier(32)

    def check_then_count(request: Any, name: str) -> None:
        is_over = SignInRate.objects.count() > OF_NETWORK
        gate.wait(timeout=30)
        if is_over:
            raise sign_in.TooManyAttempts(1)

    assert _checked_at_once(check_then_count) == 32


def test_hashing__more_than_can_wait__refused_at_once() -> None:
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            stack.enter_context(hashing.place())
        waiting = [stack.enter_context(_taken(hashing._places)) for _ in range(WAITING)]
        assert len(waiting) == WAITING
        with pytest.raises(HashingBusy):
            BoundedArgon2().encode("password", "salt-of-eight")
    assert BoundedArgon2().verify("x", BoundedArgon2().encode("x", "salt-of-eight"))


def _taken(places: threading.BoundedSemaphore) -> Any:
    return places


def test_sign_in__hashing_busy__503_and_not_counted(
    odette: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        raise HashingBusy

    hasher = type(hashers.get_hasher())
    with monkeypatch.context() as patch:
        patch.setattr(hasher, "verify", busy)
        patch.setattr(hasher, "encode", busy)
        for name in ("odette", "nemo") * OF_NETWORK:
            answer = attempt(name, "203.0.113.7", RIGHT)
            assert (answer.status_code, answer["Retry-After"]) == (503, "2")

    assert attempt("odette", "203.0.113.7", RIGHT).status_code == 302


def test_settings__passwords__are_hashed_within_the_bound() -> None:
    from easymo.settings import security

    assert security.PASSWORD_HASHERS[0] == "easymo.backoffice.hashing.BoundedArgon2"


def test_purge__old_counters__deleted(odette: User) -> None:
    attempt("odette", "203.0.113.7")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE backoffice_signinrate SET taken_at[1] = now() - interval '1 hour'"
        )

    assert sign_in.purge() == 3
