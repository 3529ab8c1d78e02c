"""Twenty thousand rows of each table that grows, as the services would have left them."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

from agents.models import (
    Announcement,
    Conversation,
    Identity,
    Message,
    OutboundMessage,
    ToolCall,
    Turn,
)
from rollout.models import Observation
from tests.vouchers.tampering import unguarded
from vouchers.models import Profile, Station, Voucher, VoucherEvent

if TYPE_CHECKING:
    from django.db.models import Field, Model

MANY = 20_000
SEEDED = (
    *(Profile, Identity, Voucher, VoucherEvent, Announcement),
    *(Conversation, Turn, ToolCall, Message, OutboundMessage, Observation),
)
# Of each row: its number `n`, its time `at`, one row a minute until now.
ROWS = (
    "SELECT {values} FROM (SELECT n, now() - (%d - n) * interval '1 minute' AS at"
    " FROM generate_series(1, %d) n) s"
)
AT = "s.at"
NUMBER = "s.n"
HASH = "sha256(convert_to('seed' || s.n, 'UTF8'))"
# The last thousand are valid; the others were redeemed on their last day.
IS_OLD = f"s.n <= {MANY - 1_000}"
ENDS = f"voucher_last_moment(s.at, CASE WHEN {IS_OLD} THEN 0 ELSE 90 END)"


def seed() -> None:
    """Fill a database that goes as a whole: triggers and foreign keys are set aside."""
    station = Station.objects.create(code="GROWTH", name="Growth")
    tables = [model._meta.db_table for model in SEEDED]
    with unguarded(*tables), connection.cursor() as cursor:
        _people(cursor)
        _vouchers(cursor, station.pk)
        turns(cursor)
        _messages(cursor)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _people(cursor: Any) -> None:
    _fill(
        cursor,
        Profile,
        id="1000000 + s.n",
        msisdn="'+250788' || lpad(s.n::text, 6, '0')",
        name="'Mukamana Number' || s.n",
    )
    _fill(
        cursor,
        Identity,
        profile="1000000 + s.n",
        kind="'bsuid'",
        value="'RW.' || s.n",
    )


def _vouchers(cursor: Any, station: int) -> None:
    _fill(
        cursor,
        Voucher,
        id="1000000 + s.n",
        reference="'SEED' || s.n",
        code_hmac=HASH,
        code_last4="lpad((s.n % 10000)::text, 4, '0')",
        owner="1000000 + s.n",
        amount_minor="1000",
        currency="'RWF'",
        created_by_kind="'system'",
        created_by_id="'seed'",
        status=f"CASE WHEN {IS_OLD} THEN 'redeemed' ELSE 'issued' END",
        station=f"CASE WHEN {IS_OLD} THEN {station} END",
        redeemed_at=f"CASE WHEN {IS_OLD} THEN s.at END",
        seq="1",
        created_at=AT,
        issued_at=AT,
        expires_at=ENDS,
    )
    _fill(
        cursor,
        VoucherEvent,
        id="1000000 + s.n",
        voucher="1000000 + s.n",
        seq="1",
        kind="'issued'",
        new_status="'issued'",
        amount_minor="1000",
        currency="'RWF'",
        owner="1000000 + s.n",
        expires_at=ENDS,
        actor_kind="'system'",
        code_commit=f"sha256({HASH})",
        actor_id="'seed'",
        channel="'system'",
        key="'seed:' || s.n",
        fingerprint=HASH,
        created_at=AT,
        previous_hash=HASH,
        hash=HASH,
    )
    _fill(
        cursor,
        Announcement,
        event_id="1000000 + s.n",
        outcome="'told'",
    )


def turns(cursor: Any) -> None:
    _fill(
        cursor,
        Conversation,
        id="1000000 + s.n",
        profile="1000000 + s.n",
        phone_number_id="'1'",
        language="'en'",
        last_inbound_at=AT,
    )
    _fill(
        cursor,
        Turn,
        id="1000000 + s.n",
        conversation="1000000 + s.n",
        status="'done'",
        outcome="'reply'",
        model="'gpt-5-mini'",
        lease_token="gen_random_uuid()",
        lease_expires_at=AT,
        correlation_id="gen_random_uuid()",
        started_at=AT,
        input_ended_at=AT,
        finished_at=AT,
        observed_at=AT,
    )
    _fill(
        cursor,
        ToolCall,
        turn="1000000 + s.n",
        ordinal="0",
        name="'list_vouchers'",
        status="'succeeded'",
        started_at=AT,
        finished_at=AT,
    )
    _fill(
        cursor,
        Observation,
        source_key="'seed:' || s.n",
        conversation_key="md5(s.n::text)",
        channel="'chat'",
        calls="1",
        turns="1",
        cost="0.04",
        outcome="'done'",
        started_at=AT,
        finished_at=AT,
        recorded_at=AT,
    )


def _messages(cursor: Any) -> None:
    _fill(
        cursor,
        Message,
        conversation="1000000 + s.n",
        provider_id_hmac=HASH,
        kind="'text'",
        text="'Hello'",
        state="'done'",
        turn="1000000 + s.n",
        sent_at=AT,
        received_at=AT,
    )
    _fill(
        cursor,
        OutboundMessage,
        conversation="1000000 + s.n",
        turn="1000000 + s.n",
        cause="'seed:' || s.n",
        body="'Hello'",
        state="'delivered'",
        provider_id_hmac=HASH,
        created_at=AT,
        handed_over_at=AT,
    )


def _fill(cursor: Any, model: type[Model], /, **given: str) -> None:
    """Insert rows; a column that is not given gets what Django would write."""
    fields = model._meta.concrete_fields
    values = [given.pop(field.name, None) or _usual(field) for field in fields]
    assert not given
    pairs = [
        (str(field.column), value)
        for field, value in zip(fields, values, strict=True)
        if value != "DEFAULT"
    ]
    names = ", ".join(name for name, _ in pairs)
    rows = ROWS % (MANY, MANY)
    chosen = rows.format(values=", ".join(value for _, value in pairs))
    cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) {chosen}")


def _usual(field: Field[Any, Any]) -> str:
    if isinstance(field, models.AutoField | models.BigAutoField):
        return "DEFAULT"
    if isinstance(field, models.UUIDField) and not field.null:
        return "gen_random_uuid()"
    default = field.get_default() if field.default is not NOT_PROVIDED else None
    if getattr(field, "auto_now_add", False) or isinstance(default, dt.datetime):
        return AT
    if default is None:
        return "NULL" if field.null else "''"
    return "'" + (json.dumps(default) if default in ([], {}) else str(default)) + "'"
