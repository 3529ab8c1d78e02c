from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from agents.models import (
    Call,
    CallClaim,
    CallEvent,
    CallUsage,
    ColleagueAct,
    DeadLetter,
    ForwardedItem,
    HandOff,
    Media,
    MediaOpening,
    Message,
    MessageStatus,
    OutboundMessage,
    PendingAction,
    RealtimeEvent,
    SeenMessage,
    SendingLine,
    SendingRate,
    ToolCall,
    ToolRate,
    Turn,
    WebhookEvent,
)
from agents.operations import row_retention
from rollout.models import Observation
from tests.agents.calls.callers import ended
from tests.agents.cast import make_cast
from tests.agents.operations.mentions import (
    new_action,
    new_call,
    new_event,
    new_forwarded,
    new_media,
    new_turn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db
ROWS, IDS = 400, 800


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def make(cast: Cast, model: type[Model]) -> Model:
    """Make a finished row that nothing refers to."""
    bosco, now = cast.bosco, timezone.now()
    makers: dict[Any, Any] = {
        PendingAction: lambda: new_action(bosco, "x"),
        ToolCall: lambda: new_call(bosco),
        MessageStatus: lambda: MessageStatus.objects.create(
            outbound=make(cast, OutboundMessage),
            provider_id_hmac=uuid.uuid4().bytes * 2,
            status="read",
            sent_at=now,
        ),
        OutboundMessage: lambda: OutboundMessage.objects.create(
            conversation=bosco.chat, cause=uuid.uuid4().hex, state="delivered"
        ),
        Media: lambda: new_media(bosco, "x"),
        Message: lambda: bosco.writes("x"),
        Turn: lambda: new_turn(bosco, observed_at=now),
        DeadLetter: lambda: DeadLetter.objects.create(
            event=new_event("{}"), path="/", reason="x", resolved_at=now
        ),
        ForwardedItem: lambda: new_forwarded("x"),
        WebhookEvent: lambda: new_event("{}"),
        RealtimeEvent: lambda: RealtimeEvent.objects.create(
            webhook_id=uuid.uuid4().hex,
            sha256=b"x" * 32,
            correlation_id=uuid.uuid4(),
        ),
        SeenMessage: lambda: SeenMessage.objects.create(id_hmac=uuid.uuid4().bytes * 2),
        Observation: lambda: Observation.objects.create(
            source_key=uuid.uuid4().hex,
            conversation_key="x",
            channel="chat",
            started_at=now - timedelta(days=3_000),
            finished_at=now,
        ),
    }
    if model in CALLS:
        call = make_call(cast, model)
        set_columns(call, **(CALL_FACTS if model is Call else {}))
        return call
    row: Model = makers[model]()
    if model is Media:
        set_columns(row, state="stored")
    if model is Message:
        set_columns(row, state="done")
    return row


CALLS = (Call, CallClaim, CallEvent, CallUsage)
CALL_FACTS = {"observed_at": timezone.now()}
TRIGGERS = (
    ("agents_call", "call_moves"),
    ("agents_callclaim", "call_claim_fixed"),
    ("agents_callevent", "call_event_fixed"),
)


def make_call(cast: Cast, model: type[Model]) -> Model:
    """Make an ended call in Bosco's chat, with one row of what belongs to it, or none."""
    call = ended(str(cast.bosco.profile.msisdn))
    with unguarded():
        if not Call.objects.filter(conversation=cast.bosco.chat).exists():
            set_columns(call, conversation=cast.bosco.chat)
        for belonging in (CallEvent, CallClaim):
            belonging.objects.filter(call=call).delete()
    makers: dict[Any, Any] = {
        Call: lambda: call,
        CallEvent: lambda: CallEvent.objects.create(
            call=call, kind="rang", at=timezone.now()
        ),
        CallUsage: lambda: CallUsage.objects.create(
            call=call,
            kind="response",
            provider_id="r",
            model="m",
            counted_cost=1,
            at=timezone.now(),
        ),
    }
    if model is CallClaim:
        with unguarded():
            return CallClaim.objects.create(
                call=call,
                ordinal=1,
                cause="webhook",
                token=uuid.uuid4(),
                claimed_at=timezone.now(),
            )
    made: Model = makers[model]()
    return made


@contextmanager
def unguarded() -> Iterator[None]:
    """Let a test write what only the passing of time writes."""
    triggers = (*TRIGGERS, ("agents_callclaim", "call_claimed"))
    with connection.cursor() as cursor:
        # A table with pending checks cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name in triggers:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name in triggers:
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def set_columns(row: Model, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)


def age(row: Model, days: float) -> None:
    [rows] = [each for each in row_retention.TABLES if each.model is type(row)]
    at = timezone.now() - timedelta(days=days)
    if not isinstance(row, CALLS):
        set_columns(row, **{rows.column: at})
        return
    with unguarded():
        set_columns(row, **{rows.column: at})
        set_columns(row if isinstance(row, Call) else row.call, received_at=at)


def is_left(row: Model) -> bool:
    return type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("rows", row_retention.TABLES, ids=lambda r: r.model.__name__)
@pytest.mark.parametrize("extra_days", [-1, 1])
def test_purge__each_table__deletes_from_its_day_and_not_before(
    cast: Cast, rows: row_retention.Rows, extra_days: int
) -> None:
    # Given
    row = make(cast, rows.model)
    age(row, (IDS if rows.is_id else ROWS) + extra_days)

    # When
    row_retention.purge()

    # Then
    assert is_left(row) is (extra_days < 0)


IN_USE: list[tuple[Any, dict[str, Any]]] = [
    (PendingAction, {"status": "waiting", "decided_at": None}),
    (OutboundMessage, {"state": "queued"}),
    (OutboundMessage, {"state": "sending"}),
    (OutboundMessage, {"state": "unknown"}),
    (OutboundMessage, {"state": "sent"}),
    (Media, {"state": "waiting"}),
    (Media, {"state": "fetching"}),
    (Message, {"state": "waiting"}),
    (Message, {"state": "claimed"}),
    (Turn, {"status": "running", "finished_at": None}),
    (Turn, {"observed_at": None}),
    (DeadLetter, {"resolved_at": None}),
    (ForwardedItem, {"state": "queued"}),
    (WebhookEvent, {"state": "received"}),
    (Call, {"observed_at": None}),
]


@pytest.mark.parametrize(("model", "values"), IN_USE)
def test_purge__old_row_in_use__kept(
    cast: Cast, model: type[Model], values: dict[str, Any]
) -> None:
    # Given
    row = make(cast, model)
    set_columns(row, **values)
    age(row, 2_000)

    # When
    row_retention.purge()

    # Then
    assert is_left(row)


REFERENCES = [
    (rows.model, model, column)
    for rows in row_retention.TABLES
    for model, column in rows.referred_by
    if model.__name__ != "SimulatedDelivery"
]


@pytest.mark.parametrize(("model", "other", "column"), REFERENCES)
def test_purge__old_row_that_a_kept_row_refers_to__kept(
    cast: Cast, model: type[Model], other: Any, column: str
) -> None:
    # Given
    row = make(cast, model)
    if other is ColleagueAct:
        ColleagueAct.objects.create(
            conversation=cast.bosco.chat, kind="answered", actor="o", outbound=row
        )
    elif other is MediaOpening:
        MediaOpening.objects.create(media=row, opened_by="odette")
    elif other is SendingLine:
        SendingLine.objects.create(
            pk="1",
            held_until=timezone.now(),
            error_code="190",
            is_open=True,
            probe_id=row.pk,
            probe_expires_at=timezone.now(),
        )
    else:
        referring = make(cast, other)
        with unguarded():
            set_columns(referring, **{column: row.pk})
    age(row, 2_000)

    # When
    row_retention.purge()

    # Then
    assert is_left(row)


def test_references__each_foreign_key_to_a_deleted_row__is_known() -> None:
    # Given
    known = {
        (rows.model, model, column)
        for rows in row_retention.TABLES
        for model, column in rows.referred_by
    }
    found = {
        (rows.model, link.related_model, link.field.name)
        for rows in row_retention.TABLES
        for link in rows.model._meta.related_objects
        if link.on_delete.__name__ == "PROTECT"
    }

    # Then
    assert found - known == set()
    assert len(found) > 8


@pytest.mark.parametrize(
    "rows",
    [each for each in row_retention.TABLES if each.conversation],
    ids=lambda r: r.model.__name__,
)
def test_purge__conversation_with_an_open_task__keeps_its_rows(
    cast: Cast, rows: row_retention.Rows
) -> None:
    # Given
    row = make(cast, rows.model)
    age(row, 2_000)
    task = HandOff.objects.create(
        kind="asked", profile=cast.bosco.profile, conversation=cast.bosco.chat
    )
    row_retention.purge()
    while_open = is_left(row)

    # When
    HandOff.objects.filter(pk=task.pk).update(closed_at=timezone.now())
    row_retention.purge()

    # Then
    assert while_open
    assert not is_left(row)


def test_purge__more_than_a_batch_behind_kept_rows__deleted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(row_retention, "BATCH", 2)
    rows = [make(cast, Message) for _ in range(9)]
    for row in rows:
        age(row, 401)
    for row in rows[:4]:
        set_columns(row, state="waiting")
    set_columns(rows[8], received_at=timezone.now())

    # When
    row_retention.purge()

    # Then
    assert [is_left(row) for row in rows] == [True] * 4 + [False] * 4 + [True]


@pytest.mark.parametrize(
    ("make_row", "values"),
    [
        (
            lambda _: SendingRate.objects.create(key="a", full_at=timezone.now()),
            {"full_at": timezone.now() + timedelta(seconds=9)},
        ),
        (
            lambda _: ToolRate.objects.create(subject="a", taken_at=[]),
            {"taken_at": [timezone.now()]},
        ),
        (
            lambda cast: new_turn(cast.bosco),
            {"lease_expires_at": timezone.now() + timedelta(seconds=9)},
        ),
        (
            lambda cast: cast.bosco.chat,
            {"last_inbound_at": timezone.now(), "window_closes_at": timezone.now()},
        ),
    ],
    ids=["send rate", "tool rate", "lease", "window"],
)
def test_update__column_that_changes_often__touches_no_index(
    cast: Cast, make_row: Any, values: dict[str, Any]
) -> None:
    # Given
    row = make_row(cast)
    count = "SELECT pg_stat_get_xact_tuples_hot_updated(%s::regclass)"
    with connection.cursor() as cursor:
        cursor.execute(count, [row._meta.db_table])
        before = cursor.fetchone()[0]

        # When
        set_columns(row, **values)

        # Then
        cursor.execute(count, [row._meta.db_table])
        assert cursor.fetchone()[0] == before + 1
