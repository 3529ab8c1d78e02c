"""Many rows of each table that grows, as the services would have left them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
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
AT = "s.at"
HASH = "sha256(convert_to('seed' || s.n, 'UTF8'))"
KEY = "1000000 + s.n"
# The last thousand are valid; the others were redeemed on their last day.
IS_OLD = "s.n <= s.many - 1000"
ENDS = f"voucher_last_moment(s.at, CASE WHEN {IS_OLD} THEN 0 ELSE 90 END)"
GIVEN_NAMES = (
    *("Mukamana", "Uwase", "Habimana", "Ingabire", "Niyonzima", "Uwimana", "Mugisha"),
    *("Iradukunda", "Nshimiyimana", "Umutoni", "Ndayisaba", "Mutesi", "Bizimana"),
    *("Uwera", "Gasana", "Kayitesi", "Nkurunziza", "Murekatete", "Hakizimana", "Keza"),
)
NAMES = ", ".join(f"'{name}'" for name in GIVEN_NAMES)
NAME = f"(ARRAY[{NAMES}])[1 + s.n % {len(GIVEN_NAMES)}] || ' Number' || lpad(s.n::text, 7, '0')"


@dataclass(frozen=True)
class Filling:
    """Fills tables with a number of rows: each has a number `n` and its minute `at`."""

    cursor: Any
    many: int = MANY

    def fill(self, model: type[Model], /, **given: str) -> None:
        """Insert rows; a column that is not given gets what Django would write."""
        fields = model._meta.concrete_fields
        values = [given.pop(field.name, None) or _usual(field) for field in fields]
        assert not given, given
        pairs = [
            (str(field.column), value)
            for field, value in zip(fields, values, strict=True)
            if value != "DEFAULT"
        ]
        names = ", ".join(name for name, _ in pairs)
        chosen = ", ".join(value for _, value in pairs)
        self.cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) SELECT {chosen} FROM ("
            f"SELECT n, {self.many} AS many, now() - ({self.many} - n) * interval"
            f" '1 minute' AS at FROM generate_series(1, {self.many}) n) s"
        )


def seed(many: int = MANY) -> None:
    """Fill a database that goes as a whole: triggers and foreign keys are set aside."""
    station = Station.objects.create(code="GROWTH", name="Growth")
    tables = [model._meta.db_table for model in SEEDED]
    with unguarded(*tables), connection.cursor() as cursor:
        filling = Filling(cursor, many)
        _people(filling)
        _vouchers(filling, station.pk)
        turns(filling)
        _messages(filling)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _people(filling: Filling) -> None:
    filling.fill(
        Profile,
        id=KEY,
        msisdn="'+' || (250780000000 + s.n)",
        name=NAME,
    )
    filling.fill(
        Identity,
        profile=KEY,
        kind="'bsuid'",
        value="'RW.' || s.n",
    )


def _vouchers(filling: Filling, station: int) -> None:
    filling.fill(
        Voucher,
        id=KEY,
        reference="'SEED' || s.n",
        code_hmac=HASH,
        code_last4="lpad((s.n % 10000)::text, 4, '0')",
        owner=KEY,
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
    filling.fill(
        VoucherEvent,
        id=KEY,
        voucher=KEY,
        seq="1",
        kind="'issued'",
        new_status="'issued'",
        amount_minor="1000",
        currency="'RWF'",
        owner=KEY,
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
    filling.fill(
        Announcement,
        event_id=KEY,
        outcome="'told'",
    )


def turns(filling: Filling) -> None:
    filling.fill(
        Conversation,
        id=KEY,
        profile=KEY,
        phone_number_id="'1'",
        language="'en'",
        last_inbound_at=AT,
    )
    filling.fill(
        Turn,
        id=KEY,
        conversation=KEY,
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
    filling.fill(
        ToolCall,
        turn=KEY,
        ordinal="0",
        name="'list_vouchers'",
        status="'succeeded'",
        started_at=AT,
        finished_at=AT,
    )
    filling.fill(
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


def _messages(filling: Filling) -> None:
    filling.fill(
        Message,
        conversation=KEY,
        provider_id_hmac=HASH,
        kind="'text'",
        text="'Hello'",
        state="'done'",
        turn=KEY,
        sent_at=AT,
        received_at=AT,
    )
    filling.fill(
        OutboundMessage,
        conversation=KEY,
        turn=KEY,
        cause="'seed:' || s.n",
        body="'Hello'",
        state="'delivered'",
        provider_id_hmac=HASH,
        created_at=AT,
        handed_over_at=AT,
    )


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


def open_conversations(cursor: Any, count: int) -> None:
    """Let the oldest conversations be in the inbox: most wait, the others were answered."""
    cursor.execute(
        "INSERT INTO agents_inboxentry (conversation_id, waiting_since)"
        " SELECT id, CASE WHEN id %% 4 > 0 THEN last_inbound_at END"
        " FROM agents_conversation ORDER BY id LIMIT %s",
        [count],
    )
    cursor.execute(
        "INSERT INTO agents_handoff (kind, profile_id, conversation_id, reason,"
        " opened_at, closed_by, resolution)"
        " SELECT CASE WHEN c.id % 97 = 0 THEN 'capped' ELSE 'asked' END,"
        " c.profile_id, c.id, 'Asked.', c.last_inbound_at, '', ''"
        " FROM agents_inboxentry e JOIN agents_conversation c"
        " ON c.id = e.conversation_id ON CONFLICT DO NOTHING"
    )
    cursor.execute("ANALYZE agents_inboxentry, agents_handoff")
