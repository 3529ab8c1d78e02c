from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from agents.operations.preflight import whatsapp
from easymo.preflight import provider_request
from rollout.core.features import Feature
from tests.easymo.preflight.requests import look
from tests.fakes import graph as graph_says
from tests.fakes.graph import FakeGraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

CREDENTIALS, ACCOUNT = "whatsapp.credentials", "whatsapp.account"
WEBHOOK = "whatsapp.webhook"


@pytest.fixture
def graph(settings: SettingsWrapper) -> Iterator[FakeGraph]:
    with FakeGraph() as fake:
        settings.WHATSAPP_API_URL = fake.url
        settings.WA_TOKEN = fake.token
        settings.WA_PHONE_ID = fake.phone_number_id
        settings.WA_APP_SECRETS = ["0123456789abcdef0123456789abcdef"]
        settings.WA_VERIFY_TOKEN = "a verify token"
        yield fake


def test_credentials__nothing_set_and_chat_off__skipped(
    settings: SettingsWrapper,
) -> None:
    settings.WA_PHONE_ID = ""

    assert look(CREDENTIALS).status == "skipped"


def test_credentials__no_token_and_chat_on__lacking(
    settings: SettingsWrapper,
) -> None:
    on = {"features_on": {Feature.CHAT}}

    assert look(CREDENTIALS, **on).setting == "WA_TOKEN"
    assert look(CREDENTIALS, **on).status == "warning"
    assert look(CREDENTIALS, serves_people=True, **on).status == "failed"


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("WA_PHONE_ID", "", "failed"),
        ("WA_APP_SECRETS", [], "failed"),
        ("WA_VERIFY_TOKEN", "", "warning"),
    ],
)
def test_credentials__one_missing__named(
    graph: FakeGraph, settings: SettingsWrapper, name: str, value: object, status: str
) -> None:
    setattr(settings, name, value)

    found = look(CREDENTIALS, live=True)

    assert (found.status, found.setting) == (status, name.removesuffix("S"))


def test_credentials__whole__ok(graph: FakeGraph) -> None:
    assert look(CREDENTIALS).status == "ok"
    assert look(CREDENTIALS, live=True).status == "ok"


def test_credentials__demonstration__skipped() -> None:
    assert look(CREDENTIALS, is_demonstration=True).status == "skipped"


def test_credentials__wrong_token__failed(
    graph: FakeGraph, settings: SettingsWrapper
) -> None:
    settings.WA_TOKEN = "EAAanothertoken"

    found = look(CREDENTIALS, live=True)

    assert (found.status, found.setting) == ("failed", "WA_TOKEN")


def test_credentials__unknown_number__failed(
    graph: FakeGraph, settings: SettingsWrapper
) -> None:
    settings.WA_PHONE_ID = "999"

    found = look(CREDENTIALS, live=True)

    assert (found.status, found.setting) == ("failed", "WA_PHONE_ID")


def test_credentials__no_permission__failed(graph: FakeGraph) -> None:
    graph.account.scopes = []

    found = look(CREDENTIALS, live=True)

    assert (found.status, found.setting) == ("failed", "WA_TOKEN")
    assert "whatsapp_business_messaging" in found.remedy


def test_credentials__wrong_address__failed(
    graph: FakeGraph, settings: SettingsWrapper
) -> None:
    settings.WHATSAPP_API_URL = graph.url.replace("v26.0", "v1.0")

    assert look(CREDENTIALS, live=True).setting == "WHATSAPP_API_URL"
    settings.WHATSAPP_API_URL = "http://127.0.0.1:1/v26.0"
    assert look(CREDENTIALS, live=True).setting == "WHATSAPP_API_URL"


@pytest.mark.parametrize(
    ("script", "status", "setting"),
    [
        (graph_says.refuse(80007), "warning", "WA_TOKEN"),
        (graph_says.refuse(1, 500), "failed", "WHATSAPP_API_URL"),
        (graph_says.raw(b"<html>"), "failed", "WHATSAPP_API_URL"),
        (graph_says.raw(b"[]"), "failed", "WHATSAPP_API_URL"),
        (graph_says.drop(), "failed", "WHATSAPP_API_URL"),
        (
            graph_says.raw(b'{"error": {"code": 190, "error_subcode": 463}}', 401),
            "failed",
            "WA_TOKEN",
        ),
    ],
)
def test_credentials__each_refusal__its_remedy(
    graph: FakeGraph, script: graph_says.Script, status: str, setting: str
) -> None:
    graph.script(script)

    found = look(CREDENTIALS, live=True)

    assert (found.status, found.setting) == (status, setting)
    assert found.remedy


def test_credentials__silent__within_the_time(
    graph: FakeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_request, "LONGEST_S", 0.2)
    graph.script(graph_says.hang(0.5))

    assert "did not answer within" in look(CREDENTIALS, live=True).detail


def test_credentials__rated_red__warning(graph: FakeGraph) -> None:
    graph.account.number["quality_rating"] = "RED"

    assert look(CREDENTIALS, live=True).status == "warning"


def test_webhook__our_verifier__ok(graph: FakeGraph) -> None:
    assert look(WEBHOOK).status == "ok"


def test_webhook__two_secrets__each_taken(
    graph: FakeGraph, settings: SettingsWrapper
) -> None:
    settings.WA_APP_SECRETS = ["a" * 32, "b" * 32]

    assert look(WEBHOOK).detail == "2 secrets in force."


@pytest.mark.parametrize("answer", [True, False])
def test_webhook__a_verifier_that_is_broken__failed(
    graph: FakeGraph, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    monkeypatch.setattr(whatsapp, "is_signed", lambda *_: answer)

    assert look(WEBHOOK).status == "failed"


def test_webhook__short_secret__lacking(
    graph: FakeGraph, settings: SettingsWrapper
) -> None:
    settings.WA_APP_SECRETS = ["short"]

    assert look(WEBHOOK).status == "warning"


def test_webhook__no_secret__skipped() -> None:
    assert look(WEBHOOK).status == "skipped"


def test_account__subscribed_and_approved__ok(
    graph: FakeGraph, settings: SettingsWrapper
) -> None:
    settings.WA_TEMPLATE_VOUCHER_ISSUED = "voucher_issued"
    graph.account.templates = {"voucher_issued": "APPROVED", "other": "REJECTED"}

    assert look(ACCOUNT, live=True).status == "ok"


def test_account__not_live__not_asked(graph: FakeGraph) -> None:
    assert look(ACCOUNT).status == "skipped"


@pytest.mark.parametrize("state", ["PENDING", "REJECTED"])
def test_account__template_not_approved__names_its_setting(
    graph: FakeGraph, settings: SettingsWrapper, state: str
) -> None:
    settings.WA_TEMPLATE_STATION_NOTICE = "station_notice"
    graph.account.templates = {"station_notice": state}

    found = look(ACCOUNT, live=True, serves_people=True)

    assert (found.status, found.setting) == ("failed", "WA_TEMPLATE_STATION_NOTICE")


def test_account__not_subscribed__lacking(graph: FakeGraph) -> None:
    graph.account.subscribed = ["1234"]

    found = look(ACCOUNT, live=True)

    assert found.status == "warning"
    assert "subscribed_apps" in found.remedy


def test_account__token_may_not_send__failed(graph: FakeGraph) -> None:
    graph.account.scopes = ["whatsapp_business_management"]

    assert look(ACCOUNT, live=True).status == "failed"


def test_account__token_ends_soon__warning(graph: FakeGraph) -> None:
    graph.account.expires_at = int(time.time()) + 3_600

    assert "The token ends on" in look(ACCOUNT, live=True).detail


def test_account__token_may_not_manage__nobody_can_tell(graph: FakeGraph) -> None:
    graph.account.scopes = ["whatsapp_business_messaging"]

    assert look(ACCOUNT, live=True).status == "skipped"


def test_account__meta_says_nothing_of_tokens__skipped(graph: FakeGraph) -> None:
    graph.account.tells_of_tokens = False

    assert look(ACCOUNT, live=True).status == "skipped"
