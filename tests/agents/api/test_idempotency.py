from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from agents.models import IdempotentCall, RealtimeEvent
from agents.operations import retention
from tests.agents.api.conftest import ALINE

if TYPE_CHECKING:
    from django.test import Client

    from tests.agents.api.conftest import Api


def test_answers__kept_400_days(api: Api) -> None:
    for days in (399, 401):
        api.create(key=f"order-{days}")
        newest = IdempotentCall.objects.latest("id")
        newest.created_at = timezone.now() - timedelta(days=days)
        newest.save(update_fields=["created_at"])

    retention.purge()

    assert IdempotentCall.objects.count() == 1


def test_realtime_bodies__kept_8_days_their_ids_for_ever(api: Api) -> None:
    row = RealtimeEvent.objects.create(
        webhook_id="wh_1",
        body=b"{}",
        sha256=b"x" * 32,
        correlation_id=api.aline.public_id,
    )
    RealtimeEvent.objects.update(received_at=timezone.now() - timedelta(days=9))

    retention.purge()

    row.refresh_from_db()
    assert (row.webhook_id, row.body) == ("wh_1", None)


def test_stored_answers__no_name_number_or_code(api: Api) -> None:
    code = api.create(key="order-1").json()["code"]
    event = {
        "type": "call_tool",
        "call_id": "c",
        "name": "lookup_customer",
        "arguments": json.dumps({"msisdn": ALINE}),
    }
    api.call("realtime-webhook", event)

    kept = " ".join(IdempotentCall.objects.values_list("answer", flat=True))

    assert IdempotentCall.objects.count() == 2
    for secret in (code, ALINE, "Aline"):
        assert secret not in kept


def test_admin__tokens_listed_and_revoked_with_a_reason(
    api: Api, admin_client: Client
) -> None:
    # Given
    listed = admin_client.get("/admin/agents/apitoken/")
    assert b"caller" in listed.content
    row_id = _token_id()
    url = f"/admin/agents/apitoken/{row_id}/revoke/"

    # When: no reason, then one
    page = admin_client.get(url)
    assert page.status_code == 200
    key = str(page.context["form"]["key"].value())
    admin_client.post(url, {"key": key, "reason": " "})
    assert api.lookup(ALINE).status_code == 200
    admin_client.post(url, {"key": key, "reason": "lost laptop"})

    # Then
    assert api.lookup(ALINE).status_code == 401
    detail = admin_client.get(f"/admin/agents/apitoken/{row_id}/change/")
    assert b"lost laptop" in detail.content


def _token_id() -> int:
    from agents.models import ApiToken

    return ApiToken.objects.get(name="caller").pk
