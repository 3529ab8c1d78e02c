"""Sign-in at an identity provider: over real HTTP, and against what attackers try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from easymo.backoffice import oidc
from easymo.backoffice.models import OidcIdentity
from tests.easymo.backoffice.at_provider import (
    CALLBACK,
    LOGIN,
    OIDC,
    PASSWORDS,
    START,
    assert_refused,
    begin,
    end,
    is_in,
    sign_in,
)
from vouchers.models import ChangeRecord

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.oidc import FakeProvider

pytestmark = pytest.mark.django_db


def groups_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_sign_in__first_time__makes_an_account_with_the_mapped_group(
    provider: FakeProvider,
) -> None:
    browser = Client()

    answer = sign_in(browser, "?next=/admin/vouchers/voucher/")

    assert answer.headers["Location"] == "/admin/vouchers/voucher/"
    assert is_in(browser)
    user = User.objects.get()
    assert groups_of(user) == {"operator"}
    assert user.username.startswith("odette-")
    assert "example" not in user.username
    assert user.email == ""
    assert not user.is_superuser
    assert not user.has_usable_password()
    assert OidcIdentity.objects.get(user=user).subject == provider.person.subject
    # The append-only record says by which source.
    records = ChangeRecord.objects.filter(row_id=str(user.pk))
    tables = {"auth_user", "auth_user_groups", "backoffice_oidcidentity"}
    assert {r.table_name for r in records if r.source == "oidc"} == tables
    assert {r.actor for r in records if r.source == "oidc"} == {"identity provider"}
    assert provider.refused == []


def test_sign_in__again_with_other_groups__same_account_and_those_groups(
    provider: FakeProvider,
) -> None:
    sign_in(Client())
    user = User.objects.get()
    # Given: rights that the back office added
    user.user_permissions.add(Permission.objects.get(codename="see_numbers"))
    User.objects.filter(pk=user.pk).update(is_superuser=True)

    # When: another name and address, and fewer groups
    provider.person.claims = {"groups": ["auditors", "helpdesk", "unknown"]}
    sign_in(Client())

    # Then
    user = User.objects.get()
    assert groups_of(user) == {"viewer", "support"}
    assert not user.is_superuser
    assert not user.user_permissions.exists()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"groups": []},
        {"groups": ["Fuel-Operators", "fuel-operators "]},
        {"groups": "operators"},
        {"groups": {"fuel-operators": True}},
        {"groups": [["fuel-operators"]]},
        {"groups": None},
        {"roles": ["fuel-operators"]},
        {"groups": ["operator"]},
    ],
    ids=str,
)
def test_sign_in__no_mapped_group__has_no_access(
    provider: FakeProvider, claims: dict[str, Any]
) -> None:
    # Given: an operator, in an open session
    before = Client()
    sign_in(before)
    assert is_in(before)

    # When
    provider.person.claims = claims
    browser = Client()
    sign_in(browser)
    provider.person.subject = "a stranger"
    stranger = Client()
    sign_in(stranger)

    # Then: nor does the open session
    assert not is_in(browser)
    assert not is_in(before)
    assert not is_in(stranger)
    user = User.objects.get()
    assert groups_of(user) == set()
    assert not user.is_staff


@pytest.mark.parametrize(
    "mix",
    [
        "other session",
        "no session",
        "used state",
        "code of another",
        "no state",
        "post",
    ],
)
def test_callback__not_what_this_browser_began__refused(
    provider: FakeProvider, mix: str
) -> None:
    browser, attacker = Client(), Client()
    back = begin(browser) if mix != "no session" else ""
    theirs = begin(attacker)
    code = urlsplit(theirs).query.split("&")[0]
    if mix == "used state":
        provider.make_token = lambda _: ""
        end(browser, back)
        provider.make_token = provider.signed
        back = back.replace(urlsplit(back).query.split("&")[0], code)
    elif mix in {"other session", "no session"}:
        back = theirs
    elif mix == "code of another":
        back = back.replace(urlsplit(back).query.split("&")[0], code)
    elif mix == "no state":
        back = f"{CALLBACK}?{code}"

    if mix == "post":
        # The library's backend also runs for the password form.
        answer = browser.post(f"{LOGIN}?{urlsplit(theirs).query}", {"username": "x"})
        assert answer.status_code == 200
        assert not is_in(browser)
        assert not User.objects.exists()
    else:
        assert_refused(browser, end(browser, back))


def test_callback__error_of_the_provider__does_not_sign_out(
    provider: FakeProvider,
) -> None:
    browser = Client()
    sign_in(browser)

    answer = browser.get(f"{CALLBACK}?error=access_denied&state=x")

    assert answer.status_code == 302
    assert is_in(browser)


def test_sign_in__account_with_the_same_name_and_address__stays_another(
    provider: FakeProvider,
) -> None:
    # Given
    own = User.objects.create_superuser("odette", "odette@example.org", "a long one 12")
    provider.person.claims |= {"email_verified": True, "preferred_username": "odette"}

    # When
    browser = Client()
    sign_in(browser)

    # Then
    assert browser.session["_auth_user_id"] != str(own.pk)
    assert User.objects.count() == 2
    assert not User.objects.exclude(pk=own.pk).get().is_superuser


def test_sign_in__same_subject_of_another_issuer__is_another_person(
    provider: FakeProvider,
) -> None:
    other = User.objects.create_user("other", is_staff=True)
    OidcIdentity.objects.create(
        issuer="https://other.example", subject=provider.person.subject, user=other
    )

    sign_in(Client())

    assert OidcIdentity.objects.exclude(user=other).count() == 1


def test_sign_in__first_time_twice_at_once__one_account_and_the_next_one_works(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: the other sign-in is first between the look for the account and its creation
    name_of = oidc._username

    def late(subject: str, claims: dict[str, Any]) -> str:
        user = User.objects.create_user("first")
        OidcIdentity.objects.create(issuer=provider.issuer, subject=subject, user=user)
        return name_of(subject, claims)

    monkeypatch.setattr(oidc, "_username", late)
    browser = Client()

    # When, then: nothing is left of the one that lost
    assert_refused(browser, sign_in(browser))
    monkeypatch.undo()
    sign_in(browser)
    assert is_in(browser)


def test_sign_in__account_was_deactivated__stays_out(provider: FakeProvider) -> None:
    sign_in(Client())
    User.objects.update(is_active=False)

    browser = Client()
    sign_in(browser)

    assert not is_in(browser)
    assert not User.objects.get().is_active


def test_sign_in__beside_another_account__does_not_wait_for_a_second_person(
    provider: FakeProvider,
) -> None:
    """The provider is the author, not the account that is signed in by chance."""
    browser = Client()
    browser.force_login(
        User.objects.create_superuser("pascal", password="x"), backend=PASSWORDS
    )

    sign_in(browser)

    assert User.objects.exclude(username="pascal").get().is_active
    assert is_in(browser)


@pytest.mark.parametrize("statement", ["UPDATE %s SET subject = 'x'", "DELETE FROM %s"])
def test_identity__once_written__stays(provider: FakeProvider, statement: str) -> None:
    sign_in(Client())
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement % "backoffice_oidcidentity")


def test_sign_in__provider_does_not_answer__says_so(
    provider: FakeProvider, settings: SettingsWrapper
) -> None:
    browser = Client()
    back = begin(browser)
    settings.OIDC_OP_TOKEN_ENDPOINT = "http://127.0.0.1:9/token"

    assert_refused(browser, end(browser, back))


def test_start__many_from_one_network__limited(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "STARTS", 3)
    browser = Client()
    assert [browser.get(START).status_code for _ in range(4)] == [302, 302, 302, 429]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
def test_sign_in__next_is_elsewhere__goes_to_the_first_page(
    provider: FakeProvider, target: str
) -> None:
    assert sign_in(Client(), f"?next={target}").headers["Location"] == "/admin/"


@pytest.mark.parametrize("path", [START, CALLBACK])
def test_not_configured__is_not_there(path: str) -> None:
    assert Client().get(path).status_code == 404
    assert START not in Client().get(LOGIN).content.decode()


def test_login_page__configured__offers_both(provider: FakeProvider) -> None:
    page = Client().get(f"{LOGIN}?next=/admin/").content.decode()
    assert f'href="{START}?next=%2Fadmin%2F"' in page
    assert 'name="password"' in page


def test_login_page__passwords_off__only_the_provider(
    provider: FakeProvider, settings: SettingsWrapper
) -> None:
    settings.PASSWORD_SIGN_IN = False
    settings.AUTHENTICATION_BACKENDS = [OIDC]
    User.objects.create_superuser("pascal", password="a long enough one")
    browser = Client()

    page = browser.get(LOGIN).content.decode()
    browser.post(LOGIN, {"username": "pascal", "password": "a long enough one"})

    assert START in page
    assert 'name="password"' not in page
    assert not is_in(browser)


def test_groups__of_the_mapping__exist() -> None:
    assert {"viewer", "support", "operator"} <= set(
        Group.objects.values_list("name", flat=True)
    )
