"""An account of an identity provider: it needs no app here, and confirms who it is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.easymo.backoffice.at_provider import START, is_in, sign_in

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.oidc import FakeProvider

pytestmark = pytest.mark.django_db

ASKS, GUARDED = "/admin/reauthenticate/", "/admin/second-factor/set-up/"
# When the provider says that it asked the person, and whether that is a proof.
TIMES: dict[str, tuple[Any, bool]] = {
    "now": (lambda now: now, True),
    "nine minutes ago": (lambda now: now - 9 * 60, True),
    "eleven minutes ago": (lambda now: now - 11 * 60, False),
    "not said": (lambda now: None, False),
    "text": (str, False),
    "a truth value": (lambda now: True, False),
    "no moment": (lambda now: 1e30, False),
    "no number": (lambda now: -1e30, False),
}


@pytest.mark.parametrize("said", TIMES)
def test_sign_in__provider_says_when__is_a_proof_for_ten_minutes(
    provider: FakeProvider, settings: SettingsWrapper, said: str
) -> None:
    # Given
    settings.SECOND_FACTOR_REQUIRED = True
    at, is_proof = TIMES[said]
    provider.person.claims["auth_time"] = at(int(time.time()))
    browser = Client()

    # When
    sign_in(browser)

    # Then: no app is needed here
    assert is_in(browser)
    assert User.objects.get().is_staff
    answer = browser.get("/admin/agents/apitoken/new/")
    assert (answer.status_code == 200) is is_proof
    if not is_proof:
        asked = browser.get(answer.headers["Location"]).content.decode()
        assert "again=1" in asked
        assert 'type="password"' not in asked


def test_start__to_prove_it_again__tells_the_provider_to_ask(
    provider: FakeProvider,
) -> None:
    plain = Client().get(START).headers["Location"]
    again = Client().get(f"{START}?again=1&next=/admin/account/").headers["Location"]

    assert "prompt=login" not in plain
    assert "prompt=login" in again
    assert "max_age=0" in again


def test_password__guessed_at_an_account_without_one__refused(
    provider: FakeProvider,
) -> None:
    browser = Client()
    sign_in(browser)

    browser.post(ASKS, {"password": ""})
    browser.post(ASKS, {"password": "guess"})

    assert browser.get("/admin/agents/apitoken/new/").status_code == 302


def test_set_up__of_such_an_account__leads_to_the_account(
    provider: FakeProvider,
) -> None:
    browser = Client()
    sign_in(browser)

    assert browser.get(GUARDED).headers["Location"] == "/admin/account/"
