from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.test import Client

from rollout.api import errors
from rollout.api.dataclass_json import json_schema
from rollout.core.features import Feature
from rollout.dashboard.data import DashboardData
from rollout.models import AgentFlag, FlagChange, RollbackEvent
from rollout.stages.rollback import rollback_full
from tests.rollout import seeding
from tests.rollout.conftest import person

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db
STATUS, ROLLBACK = "/api/rollout/status", "/api/rollout/rollback"


def post(client: Client, body: object, **headers: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(
        ROLLBACK, text, content_type="application/json", headers=headers or None
    )


def all_off() -> bool:
    return not AgentFlag.objects.exclude(everyone=False).exists()


def test_status__viewer__is_all_of_the_page_and_as_described(
    pascal: Client, switch: Switch
) -> None:
    # Given
    seeding.rollups(days=2, an_hour=60)
    switch(CHAT=True, percent=10)

    # When
    answer = pascal.get(STATUS)

    # Then
    assert answer.status_code == 200
    told = answer.json()
    jsonschema.validate(told, json_schema(DashboardData))
    assert told["standing"]["stage"] == "infrastructure"
    chat = next(row for row in told["features"] if row["label"] == "Chat")
    assert (chat["state"], chat["percent"]) == ("partly", "10 %")
    assert told["guards"]["tick"]["is_late"] is True
    assert len(told["charts"]["charts"]) == 5
    assert "<svg" not in answer.content.decode()


@pytest.mark.parametrize("path", [STATUS, ROLLBACK])
def test_api__nobody_signed_in__is_401_in_our_words(client: Client, path: str) -> None:
    answer = client.get(path) if path == STATUS else post(client, {})

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


def test_api__signed_in_without_the_right__is_403(
    client: Client, switch: Switch
) -> None:
    # Given
    switch(CHAT=True)
    client.force_login(User.objects.create_user("new", is_staff=True))

    # Then
    assert client.get(STATUS).status_code == 403
    assert post(client, {"kind": "quick", "reason": "x"}).status_code == 403
    assert not all_off()


def test_rollback__viewer__turns_nothing_off(pascal: Client, switch: Switch) -> None:
    switch(CHAT=True)

    answer = post(pascal, {"kind": "quick", "reason": "I would like to"})

    assert answer.status_code == 403
    assert not all_off()


def test_rollback__without_the_csrf_token__turns_nothing_off(
    switch: Switch,
) -> None:
    # Given
    switch(CHAT=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("odette", "operator"))

    # When
    answer = post(client, {"kind": "quick", "reason": "another site asks"})

    # Then
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["error"]
    assert not all_off()


def test_rollback__quick__answers_with_receipt_and_is_audited_as_the_api(
    odette: Client, switch: Switch
) -> None:
    # Given
    switch(CHAT=True, VOUCHERS=True)

    # When
    answer = post(odette, {"kind": "quick", "reason": "wrong answers"})

    # Then
    told = answer.json()
    event = RollbackEvent.objects.get()
    assert answer.status_code == 200
    assert all_off()
    assert sorted(told["turned_off"]) == [Feature.CHAT, Feature.VOUCHERS]
    assert (told["incident"], told["version"]) == (event.incident_id, event.epoch)
    assert told["fence_proven"] is True
    assert (event.actor, event.source) == ("odette", "api")
    assert FlagChange.objects.first().reason == "wrong answers"


def test_rollback__partial__only_what_is_named(odette: Client, switch: Switch) -> None:
    switch(CHAT=True, VOICE=True)

    answer = post(
        odette,
        {"kind": "partial", "features": [Feature.VOICE.lower()], "reason": "echo"},
    )

    assert answer.json()["turned_off"] == [Feature.VOICE]
    assert AgentFlag.objects.get(name=Feature.CHAT).everyone


def test_rollback__full_and_restore__take_and_give_back(odette: Client) -> None:
    full = post(odette, {"kind": "full", "reason": "take it away"})
    back = post(odette, {"kind": "restore", "reason": "give it back"})
    again = post(odette, {"kind": "restore", "reason": "give it back"})

    assert (full.status_code, back.status_code) == (200, 200)
    assert again.status_code == 400
    told = again.json()
    assert UUID(told.pop("correlation_id"))
    assert told == {
        "success": False,
        "code": "invalid_change",
        "error": "No full rollback is in force.",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "gently", "reason": "x"}, "kind"),
        ({"kind": "quick"}, "reason"),
        ({"kind": "quick", "reason": "   "}, "reason"),
        ({"kind": "quick", "reason": "x" * 501}, "reason"),
        ({"kind": "partial", "reason": "x"}, "features"),
        ({"kind": "partial", "features": ["EVERYTHING"], "reason": "x"}, "features"),
        ({"kind": "quick", "features": [Feature.CHAT], "reason": "x"}, "features"),
        ({"kind": "partial", "features": [[], {"a": 1}], "reason": "x"}, "features"),
        ({"kind": "partial", "features": {"a": 1}, "reason": "x"}, "features"),
        ({"kind": {"a": 1}, "reason": "x"}, "kind"),
        ({"kind": "quick", "reason": "a\u0007b"}, "reason"),
        ({"kind": "quick", "reason": "a\u0000b"}, "reason"),
        ([], "body"),
    ],
)
def test_rollback__ill_formed__turns_nothing_off_and_names_the_field(
    odette: Client, switch: Switch, body: Any, field: str
) -> None:
    switch(CHAT=True)

    answer = post(odette, body)

    assert answer.status_code == 400
    told = answer.json()
    jsonschema.validate(told, errors.SCHEMA)
    assert (told["code"], list(told["fields"])[:1]) == ("invalid_request", [field])
    assert "ErrorDetail" not in told["fields"][field]
    assert not RollbackEvent.objects.exists()
    assert not all_off()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"quick"'])
def test_rollback__no_json_object__is_400(odette: Client, text: str) -> None:
    assert post(odette, text).status_code == 400


def test_status__full_rollback__says_so(odette: Client) -> None:
    rollback_full(reason="trouble", actor="odette", source="cli")

    told = odette.get(STATUS).json()

    assert told["propagation"]["functions_removed"] is True
    assert told["standing"]["tone"] == "bad"
