from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from agents.models import (
    Conversation,
    Message,
    OutboundMessage,
    ToolCall,
    Turn,
    WebhookEvent,
)
from agents.operations import retention
from easymo.observability import metrics, upkeep
from easymo.observability.models import UpkeepRun
from rollout.models import ServingProcess
from tests.backoffice import create_records, signed_in

if TYPE_CHECKING:
    from django.db.models import Model

    from tests.backoffice import Records

pytestmark = pytest.mark.django_db


@pytest.fixture
def records(db: None) -> Records:
    return create_records()


def age(model: type[Model], column: str, days: int) -> None:
    model._default_manager.update(**{column: timezone.now() - timedelta(days=days)})


@pytest.mark.parametrize(
    ("model", "column", "kept_days", "blank"),
    [
        (WebhookEvent, "received_at", 8, {"body": None}),
        (Message, "received_at", 8, {"provider_id": "", "codes_sealed": None}),
        (OutboundMessage, "created_at", 8, {"provider_id": ""}),
        (Message, "received_at", 90, {"text": ""}),
        (OutboundMessage, "created_at", 90, {"body": ""}),
        (Turn, "started_at", 90, {"items": []}),
        (ToolCall, "started_at", 90, {"arguments": {}, "result": None}),
        (Conversation, "last_inbound_at", 90, {"memory": {}}),
    ],
)
def test_purge__age__forgotten_from_its_day_and_not_before(
    records: Records, model: Any, column: str, kept_days: int, blank: dict[str, Any]
) -> None:
    # Given
    Message.objects.update(provider_id="wamid.1", codes_sealed=b"x")
    OutboundMessage.objects.update(provider_id="wamid.2")
    Turn.objects.update(items=[{"role": "user"}])
    ToolCall.objects.update(result={"name": "Aline"})
    Conversation.objects.update(memory={"asked": "amount"})
    age(model, column, kept_days - 1)
    retention.purge()
    young = list(model.objects.values(*blank))

    # When
    age(model, column, kept_days + 1)
    retention.purge()

    # Then
    assert blank not in young
    assert list(model.objects.values(*blank)) == [blank] * len(young)


def test_purge__sign_ins_and_processes_of_long_ago__are_forgotten(db: None) -> None:
    # Given
    now = timezone.now()
    for key, ends_at in (("old", now - timedelta(1)), ("new", now + timedelta(1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends_at)
    AccessLog.objects.create(username="odette", ip_address="10.0.0.1")
    age(AccessLog, "attempt_time", 91)
    for days in (0, 2):
        ServingProcess.objects.create(
            id=uuid4(),
            pid=1,
            version_seen=1,
            acknowledged_at=now,
            seen_at=now - timedelta(days=days),
        )

    # When
    retention.purge()

    # Then
    assert [row.session_key for row in Session.objects.all()] == ["new"]
    assert AccessLog.objects.exists() is False
    assert ServingProcess.objects.get().seen_at == now


def test_purge__more_than_one_step__goes_on(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(retention, "BATCH", 1)
    for _ in range(3):
        records.cast.bosco.writes("hello")
    age(Message, "received_at", 91)

    # When
    retention.purge()

    # Then
    assert Message.objects.exclude(text="").count() == 0


def test_purge__one_class_fails__the_others_go_on_and_it_is_told(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    def broken() -> int:
        raise ValueError(records.cast.aline.profile.msisdn)

    monkeypatch.setitem(retention.JOBS, "retention.raw_webhooks", broken)
    age(Message, "received_at", 91)

    # When
    with pytest.raises(ValueError, match="250"):
        retention.purge()

    # Then
    assert Message.objects.exclude(text="").count() == 0
    run = UpkeepRun.objects.get(name="retention.raw_webhooks")
    assert (run.error, run.succeeded_at) == ("ValueError", None)
    assert [late.name for late in upkeep.late()] == ["retention.raw_webhooks"]


def test_late__ran_yesterday__is_told_in_metrics_and_on_the_first_page(
    records: Records,
) -> None:
    # Given
    retention.purge()
    on_time = upkeep.late()
    UpkeepRun.objects.filter(name="retention.turns").update(
        succeeded_at=timezone.now() - timedelta(hours=25)
    )

    # Then
    assert on_time == []
    assert [late.name for late in upkeep.late()] == ["retention.turns"]
    text = metrics.render().decode()
    assert 'upkeep_last_success_timestamp_seconds{job="retention.turns"} ' in text
    page = signed_in("viewer").get("/admin/").content.decode()
    assert "retention.turns" in page


@pytest.mark.parametrize(
    "rules",
    [
        retention.RAW_BODIES,
        retention.PROVIDER_IDS,
        retention.TEXTS[:3],
        retention.TURNS,
        retention.ANSWERS_OF_API,
    ],
)
def test_rows__each_class__is_found_by_an_index(rules: tuple[Any, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for rule in rules:
            query, values = rule.due().values("pk")[:10].query.sql_with_params()
            cursor.execute(f"EXPLAIN {query}", values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Index" in plan, plan
            assert "Seq Scan" not in plan, plan
