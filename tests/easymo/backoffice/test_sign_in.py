"""Signing in: guessing is stopped, and a session is worth nothing to a thief."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.test import Client

from easymo.settings import security

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
RIGHT = "a long enough one"


@pytest.fixture
def odette() -> User:
    return User.objects.create_user("odette", password=RIGHT, is_staff=True)


def sign_in(browser: Client, password: str, *, name: str = "odette") -> int:
    answer = browser.post(
        LOGIN,
        {"username": name, "password": password},
        REMOTE_ADDR="127.0.0.1",
    )
    return answer.status_code


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def test_sign_in__ten_wrong_passwords__locked_for_the_right_one_too(
    odette: User,
) -> None:
    # Given
    browser = Client()

    # When
    answers = [sign_in(browser, f"wrong {n}") for n in range(10)]

    # Then
    assert answers[-1] == 429
    assert sign_in(browser, RIGHT) == 429
    assert not is_in(browser)


def test_sign_in__guessed_at_from_elsewhere__odette_still_comes_in(
    odette: User, settings: SettingsWrapper
) -> None:
    # Given: all come through one proxy
    settings.BEHIND_PROXY = True
    guesser = Client(headers={"X-Forwarded-For": "10.0.0.9, 203.0.113.7:52011"})
    assert [sign_in(guesser, f"wrong {n}") for n in range(6)][-1] == 429

    # When
    other = Client(headers={"X-Forwarded-For": "203.0.113.7, 198.51.100.2"})

    # Then
    assert sign_in(other, RIGHT) == 302
    assert sign_in(guesser, RIGHT) == 429


@pytest.mark.parametrize("seen", ["", "unknown", "1.2.3.4, nonsense:80"])
def test_sign_in__odd_proxy__counts_it_instead_of_failing(
    odette: User, settings: SettingsWrapper, seen: str
) -> None:
    settings.BEHIND_PROXY = True

    assert sign_in(Client(headers={"X-Forwarded-For": seen}), "wrong") == 200
    assert AccessAttempt.objects.get().ip_address == "127.0.0.1"


def test_sign_in__fewer_wrong_ones__the_right_one_opens(odette: User) -> None:
    # The control.
    browser = Client()
    for number in range(3):
        sign_in(browser, f"wrong {number}")

    assert sign_in(browser, RIGHT) == 302
    assert is_in(browser)


def test_sign_in__unknown_and_known_name__same_answer_and_same_work(
    odette: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: hashing is what takes time
    hashed: list[str] = []
    hasher = hashers.get_hasher()
    encode = type(hasher).encode

    def counted(self: object, password: str, *rest: object, **more: object) -> str:
        hashed.append(password)
        return encode(self, password, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(hasher), "encode", counted)

    # When
    known = Client().post(LOGIN, {"username": "odette", "password": "guess 1"})
    unknown = Client().post(LOGIN, {"username": "unknown", "password": "guess 2"})

    # Then
    assert hashed.count("guess 1") == hashed.count("guess 2") == 1
    assert known.status_code == unknown.status_code == 200
    error = "Please enter the correct username and password"
    assert error in known.content.decode()
    assert error in unknown.content.decode()


def test_session__at_sign_in__gets_a_new_key(odette: User) -> None:
    # Given: an attacker put their own session into the browser
    browser = Client()
    session = browser.session
    session["planted"] = True
    session.save()
    planted = str(session.session_key)
    browser.cookies[settings.SESSION_COOKIE_NAME] = planted

    # When
    sign_in(browser, RIGHT)

    # Then
    assert browser.session.session_key != planted
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not is_in(thief)


def test_session__after_signing_out__is_worth_nothing(odette: User) -> None:
    # Given
    browser = Client()
    sign_in(browser, RIGHT)
    stolen = browser.cookies[settings.SESSION_COOKIE_NAME].value

    # When
    browser.post("/admin/logout/")

    # Then
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = stolen
    assert not is_in(thief)


def test_session__password_changed_or_user_disabled__ends_at_once(
    odette: User,
) -> None:
    # Given
    first, second = Client(), Client()
    sign_in(first, RIGHT)
    assert is_in(first)

    # When
    odette.set_password("another long enough one")
    odette.save(update_fields=["password"])

    # Then
    assert not is_in(first)

    # When
    sign_in(second, "another long enough one")
    assert is_in(second)
    odette.is_active = False
    odette.save(update_fields=["is_active"])

    # Then
    assert not is_in(second)


def test_cookies__flags__no_script_no_other_site_and_tls_only(
    odette: User, settings: SettingsWrapper
) -> None:
    # Given: as in production; the suite's own settings speak plain HTTP
    assert security.SESSION_COOKIE_SECURE
    assert security.CSRF_COOKIE_SECURE
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    browser = Client()
    browser.get(LOGIN, secure=True)

    # When
    browser.post(LOGIN, {"username": "odette", "password": RIGHT}, secure=True)

    # Then
    session = browser.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["secure"]
    assert session["samesite"] == "Lax"
    assert browser.cookies[settings.CSRF_COOKIE_NAME]["secure"]


def test_hsts__https_only__said_for_a_year(settings: SettingsWrapper) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True

    plain = Client().get(LOGIN)
    secure = Client().get(LOGIN, secure=True)

    assert (plain.status_code, plain["Location"]) == (301, f"https://testserver{LOGIN}")
    assert secure["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
