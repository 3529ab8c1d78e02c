"""A right token is refused after its expiry and from addresses that are not its own."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agents.api import tokens
from agents.core.errors import TokenError
from agents.models import ApiToken
from tests.agents.api.conftest import ALINE, path

if TYPE_CHECKING:
    from typing import Any

    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.api.conftest import Api

# The networks of a token, the caller's address, and whether the call is taken.
PLACES = [
    ([], "203.0.113.7", True),
    (["203.0.113.7"], "203.0.113.7", True),
    (["203.0.113.7"], "203.0.113.8", False),
    (["203.0.113.0/24"], "203.0.113.255", True),
    (["203.0.113.0/24"], "203.0.114.0", False),
    (["198.51.100.0/24", "203.0.113.7"], "203.0.113.7", True),
    (["2001:db8::/32"], "2001:db8:1::7", True),
    (["2001:db8::/32"], "2001:db9::1", False),
    (["2001:db8::/32"], "203.0.113.7", False),
    (["203.0.113.0/24"], "::ffff:203.0.113.7", True),
    (["203.0.113.0/24"], "not an address", False),
    (["203.0.113.0/24"], "", False),
]


def ask(api: Api, address: str, **headers: str) -> Any:
    return api.client.post(
        path("lookup-customer"),
        {"msisdn": ALINE},
        content_type="application/json",
        headers={"Authorization": f"Bearer {api.secret}", **headers},
        REMOTE_ADDR=address,
    )


def test_address__of_each_kind__only_those_of_the_token(api: Api) -> None:
    wrong = []
    for networks, address, is_taken in PLACES:
        known = tokens.known_networks(networks)
        ApiToken.objects.filter(name="caller").update(networks=known, last_used_at=None)

        answer = ask(api, address)

        used = ApiToken.objects.get(name="caller").last_used_at
        expected = (200, True) if is_taken else (403, False)
        if (answer.status_code, used is not None) != expected:
            wrong.append((networks, address, answer.status_code))
    assert wrong == []


def test_address__refused__says_so_with_a_code(api: Api) -> None:
    ApiToken.objects.filter(name="caller").update(networks=["203.0.113.7/32"])

    body = ask(api, "198.51.100.1").json()

    assert (body["success"], body["code"]) == (False, "forbidden")
    assert body["error"] == "This token may not be used from this address."


@pytest.mark.parametrize("is_behind", [True, False])
def test_address__forged_header__counts_behind_a_proxy_only(
    api: Api, settings: SettingsWrapper, is_behind: bool
) -> None:
    settings.BEHIND_PROXY = is_behind
    ApiToken.objects.filter(name="caller").update(networks=["203.0.113.7/32"])

    answer = ask(api, "10.0.0.1", **{"X-Forwarded-For": "203.0.113.7"})

    assert answer.status_code == (200 if is_behind else 403)


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (-1, 401)])
def test_expiry__passed__refused_with_a_code(
    api: Api, seconds: int, status: int
) -> None:
    ApiToken.objects.filter(name="caller").update(
        expires_at=timezone.now() + timedelta(seconds=seconds)
    )

    answer = ask(api, "203.0.113.7")

    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "unauthorized"
        assert answer.json()["error"].startswith("This token expired on ")
        assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "text", ["", "x", "203.0.113.5/24", "203.0.113.0/33", "1.2.3", "300.1.1.1"]
)
def test_networks__no_network__refused(text: str) -> None:
    with pytest.raises(TokenError, match="no address and no network"):
        tokens.known_networks([text])


@pytest.mark.django_db
@pytest.mark.parametrize("networks", ["{x}", "{203.0.113.5/24}", "{300.1.1.1}"])
def test_database__no_network__is_unwritable(api: Api, networks: str) -> None:
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE agents_apitoken SET networks = %s", [networks])


@pytest.mark.django_db
def test_command__network_and_days__limit_the_token() -> None:
    # Given
    out = StringIO()

    # When
    call_command(
        *("token", "create", "till", "--network", "203.0.113.7", "--days", "30"),
        stdout=out,
    )

    # Then
    row = ApiToken.objects.get(name="till")
    assert row.networks == ["203.0.113.7/32"]
    assert row.expires_at is not None
    assert "from 203.0.113.7/32" in out.getvalue()
    assert out.getvalue().split()[-1].startswith("easymo_")
    for given in (["--days", "0"], ["--network", "x"]):
        with pytest.raises(CommandError):
            call_command("token", "create", "other", *given)
    assert not ApiToken.objects.filter(name="other").exists()
