from __future__ import annotations

import hashlib
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from agents.api import tokens
from agents.models import ApiToken
from tests.agents.api.conftest import ALINE, forget_rates, path, token

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.api.conftest import Api

SHARED = "the-shared-token-of-the-earlier-system-1234"


def run(*args: str) -> str:
    out = StringIO()
    call_command("token", *args, stdout=out)
    return out.getvalue()


def ask(api: Api, **headers: str) -> Any:
    return api.client.post(
        path("lookup-customer"),
        {"msisdn": ALINE},
        content_type="application/json",
        headers=headers,
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {}"},
        {"Authorization": "bearer {}"},
        {"X-Agent-JWT": "{}"},
        {"X-Agent-Token": "{}"},
        # The earlier system's gateway took Authorization for itself.
        {"Authorization": "Bearer gateway-key", "X-Agent-JWT": "{}"},
    ],
)
def test_token__in_each_header__taken(api: Api, headers: dict[str, str]) -> None:
    given = {name: value.format(api.secret) for name, value in headers.items()}
    assert ask(api, **given).status_code == 200


def test_token__used_again__recorded_once_a_minute(api: Api) -> None:
    # Given
    rows = ApiToken.objects.filter(name="caller")
    ask(api, Authorization=f"Bearer {api.secret}")
    assert rows.get().last_used_at is not None

    # When: last used half a minute ago, and more than a minute ago
    recorded = []
    for seconds in (30, 61):
        at = timezone.now() - timedelta(seconds=seconds)
        rows.update(last_used_at=at)
        ask(api, Authorization=f"Bearer {api.secret}")
        recorded.append(rows.get().last_used_at > at)

    # Then
    assert recorded == [False, True]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic {}"},
        {"Authorization": "{}"},
        {"Authorization": "Bearer {}x"},
        {"Authorization": "Bearer é"},
        {"Cookie": "token={}"},
    ],
)
def test_token__missing_or_wrong__401(api: Api, headers: dict[str, str]) -> None:
    given = {name: value.format(api.secret) for name, value in headers.items()}
    answer = ask(api, **given)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_token__in_the_address__401(api: Api) -> None:
    answer = api.client.post(
        f"{path('lookup-customer')}?token={api.secret}",
        {"msisdn": ALINE},
        content_type="application/json",
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("scope", ["lookup", "create", "redeem", "void"])
def test_scope__each_opens_its_function_only(api: Api, scope: str) -> None:
    api.secret = token(scope)
    functions = {
        "lookup": "lookup-customer",
        "create": "create-voucher",
        "redeem": "redeem-voucher",
        "void": "void-voucher",
    }
    for needed, function in functions.items():
        answer = api.call(function, {})
        assert answer.status_code == (400 if needed == scope else 403)
        if needed != scope:
            assert answer.json()["code"] == "forbidden"


def test_refused_tokens__twenty_a_minute__then_429(api: Api) -> None:
    for number in range(20):
        assert ask(api, Authorization=f"Bearer wrong-{number}").status_code == 401

    answer = ask(api, Authorization="Bearer wrong-21")

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    # A caller at the same address with a right token is served.
    assert ask(api, Authorization=f"Bearer {api.secret}").status_code == 200


def test_refused_tokens__behind_a_proxy__counted_for_who_called(
    api: Api, settings: SettingsWrapper
) -> None:
    settings.BEHIND_PROXY = True

    def wrong(seen: str) -> int:
        headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": seen}
        return ask(api, **headers).status_code

    # The header of the caller comes before the value of the proxy.
    assert [wrong(f"9.9.9.{n}, 10.0.0.1") for n in range(21)] == [401] * 20 + [429]
    assert wrong("10.0.0.2") == 401


@pytest.mark.parametrize(
    ("addresses", "is_one_network"),
    [
        ([f"2001:db8:0:1::{n:x}" for n in range(21)], True),
        ([f"::ffff:192.0.2.{n // 21}" for n in range(21)], True),
        ([f"2001:db8:0:{n:x}::1" for n in range(21)], False),
        ([f"192.0.2.{n}" for n in range(21)], False),
    ],
    ids=["one_ipv6_network", "mapped", "many_ipv6_networks", "ipv4"],
)
def test_refused_tokens__other_address__counted_for_its_network(
    api: Api, settings: SettingsWrapper, addresses: list[str], is_one_network: bool
) -> None:
    settings.BEHIND_PROXY = True

    statuses = [
        ask(
            api, **{"Authorization": "Bearer wrong", "X-Forwarded-For": each}
        ).status_code
        for each in addresses
    ]

    assert statuses == [401] * 20 + [429 if is_one_network else 401]


def test_revoked__at_once(api: Api) -> None:
    assert ask(api, Authorization=f"Bearer {api.secret}").status_code == 200
    run("revoke", "caller")
    assert ask(api, Authorization=f"Bearer {api.secret}").status_code == 401


def test_create__secret__last_word_and_hash_only(api: Api) -> None:
    # When
    printed = run(
        "create", "pump 7", "--scope", "lookup,redeem", "--station", "KIMIRONKO"
    )

    # Then
    secret = printed.split()[-1]
    row = ApiToken.objects.get(name="pump 7")
    assert bytes(row.digest) == hashlib.sha256(secret.encode()).digest()
    assert (row.scopes, row.station) == (["lookup", "redeem"], api.kimironko)
    with connection.cursor() as cursor:
        cursor.execute("SELECT agents_apitoken::text FROM agents_apitoken")
        assert secret not in str(cursor.fetchall())
    assert secret not in run("list")
    assert ask(api, Authorization=f"Bearer {secret}").status_code == 200


@pytest.mark.parametrize(
    "args",
    [
        ["caller"],
        [""],
        ["a\nb"],
        ["x" * 51],
        ["new", "--scope", "admin"],
        ["new", "--scope", ","],
        ["new", "--station", "NOWHERE"],
        [tokens.INTERNAL],
    ],
)
def test_create__refused__says_why(api: Api, args: list[str]) -> None:
    with pytest.raises(CommandError):
        run("create", *args)
    assert ApiToken.objects.count() == 1


def test_revoke__unknown__refused(api: Api) -> None:
    with pytest.raises(CommandError, match="no token called unknown"):
        run("revoke", "unknown")


def test_name__after_revoking__may_be_given_again(api: Api) -> None:
    run("revoke", "caller")
    secret = run("create", "caller").split()[-1]
    assert ask(api, Authorization=f"Bearer {secret}").status_code == 200
    assert run("list").count("caller  ") == 2


def test_used__minute_is_recorded(api: Api) -> None:
    assert "never used" in run("list")
    ask(api, Authorization=f"Bearer {api.secret}")
    assert "never used" not in run("list")


def test_internal_token__listed_scoped_and_revocable(
    api: Api, settings: SettingsWrapper
) -> None:
    # Given
    settings.AGENT_CORE_INTERNAL_TOKEN = SHARED
    settings.AGENT_CORE_INTERNAL_SCOPES = ["lookup"]

    # Then: lookup unless widened
    assert "agent-core-internal  lookup  any station  in force" in run("list")
    assert ask(api, **{"X-Agent-JWT": SHARED}).status_code == 200
    assert api.call("create-voucher", {}, secret=SHARED).status_code == 403
    settings.AGENT_CORE_INTERNAL_SCOPES = ["lookup", "create", "redeem"]
    settings.AGENT_CORE_INTERNAL_STATION = "KIMIRONKO"
    api.secret = SHARED
    issued = api.issued()
    body = {"voucher_id": issued["voucher_id"], "customer_msisdn": ALINE}
    assert api.call("redeem-voucher", body).json()["success"]

    # And revoked like any other, for as long as the environment says the same
    run("revoke", tokens.INTERNAL)
    assert ask(api, **{"X-Agent-JWT": SHARED}).status_code == 401
    assert "revoked" in run("list")
    settings.AGENT_CORE_INTERNAL_TOKEN = SHARED[::-1]
    assert ask(api, **{"X-Agent-JWT": SHARED[::-1]}).status_code == 200


def test_internal_token__taken_out_of_the_environment__refused(
    api: Api, settings: SettingsWrapper
) -> None:
    settings.AGENT_CORE_INTERNAL_TOKEN = SHARED
    assert ask(api, **{"X-Agent-Token": SHARED}).status_code == 200
    settings.AGENT_CORE_INTERNAL_TOKEN = ""
    assert ask(api, **{"X-Agent-Token": SHARED}).status_code == 401
    assert "agent-core-internal" in run("list")
    assert not ApiToken.objects.filter(
        name=tokens.INTERNAL, revoked_at__isnull=True
    ).exists()


def test_internal_token__unknown_station__cannot_redeem_anywhere(
    api: Api, settings: SettingsWrapper
) -> None:
    settings.AGENT_CORE_INTERNAL_TOKEN = SHARED
    settings.AGENT_CORE_INTERNAL_SCOPES = ["redeem"]
    settings.AGENT_CORE_INTERNAL_STATION = "NOWHERE"
    assert api.call("redeem-voucher", {}, secret=SHARED).status_code == 403


@pytest.mark.parametrize("page", ["/api/schema/", "/api/docs/"])
def test_pages__staff_only_and_without_script(
    client: Client, admin_client: Client, page: str
) -> None:
    assert client.get(page)["Location"].startswith("/admin/login/")
    answer = admin_client.get(page)
    assert answer.status_code == 200
    assert b"<script" not in answer.content
    assert b"style=" not in answer.content
    assert page == "/api/schema/" or b"`" not in answer.content
    assert "unsafe" not in answer["Content-Security-Policy"]
    forget_rates()
