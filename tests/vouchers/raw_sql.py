"""Raw SQL against the tables of vouchers."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from vouchers.models import Voucher, VoucherEvent

NEXT_EVENT = """
INSERT INTO voucher_event (voucher_id, seq, kind, old_status, new_status,
    amount_minor, currency, owner_id, expires_at, code_commit, actor_kind, actor_id,
    channel, station_id, key, fingerprint, created_at, reverses_id)
SELECT v.id, {seq}, {kind}, {old}, {new}, v.amount_minor, v.currency, {owner},
       v.expires_at, sha256(v.code_hmac), 'system', 'psql', 'system', {station},
       'raw:' || gen_random_uuid(), sha256(''::bytea), {at}, {reverses}
  FROM vouchers v WHERE v.id = {id}
"""


def execute(*statements: str) -> None:
    """Run the statements, then the checks of the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(constraint: str, *statements: str) -> None:
    """Assert that the constraint refuses the statements and nothing changes."""
    events = VoucherEvent.objects.count()
    rows = list(Voucher.objects.values())
    with pytest.raises(DatabaseError) as caught:
        execute(*statements)
    assert caught.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]
    assert VoucherEvent.objects.count() == events
    assert list(Voucher.objects.values()) == rows


def settle() -> None:
    """Run the deferred checks now, so that none is pending."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def event(
    voucher: Voucher,
    kind: str,
    old: str,
    new: str,
    *,
    seq: str = "v.seq",
    station: str = "NULL",
    at: str = "now()",
    owner: str = "v.owner_id",
    reverses: str = "NULL",
) -> str:
    return NEXT_EVENT.format(
        id=voucher.pk,
        seq=seq,
        kind=f"'{kind}'",
        old=f"'{old}'",
        new=f"'{new}'",
        station=station,
        at=at,
        owner=owner,
        reverses=reverses,
    )


def change(voucher: Voucher, what: str) -> str:
    return f"UPDATE vouchers SET seq = seq + 1, {what} WHERE id = {voucher.pk}"


def set_guard(what: str) -> None:
    settle()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE vouchers {what} TRIGGER voucher_guard")


def insert(table: str, values: dict[str, str]) -> str:
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def new_voucher(owner_id: int) -> dict[str, str]:
    """Return the columns of a valid new voucher, as SQL expressions."""
    return {
        "public_id": "gen_random_uuid()",
        "reference": "'V9-ZZZZ-99'",
        "code_hmac": "sha256('another'::bytea)",
        "code_key_id": "'d1'",
        "code_last4": "'1234'",
        "owner_id": str(owner_id),
        "amount_minor": "1",
        "currency": "'RWF'",
        "created_by_kind": "'system'",
        "created_by_id": "'psql'",
        "status": "'issued'",
        "seq": "1",
        "created_at": "now()",
        "issued_at": "now()",
        "expires_at": "voucher_last_moment(now(), 1)",
    }


def first_event(owner_id: int) -> dict[str, str]:
    """Return the columns of the event that fits ``new_voucher``."""
    return {
        "voucher_id": "(SELECT id FROM vouchers WHERE reference = 'V9-ZZZZ-99')",
        "seq": "1",
        "kind": "'issued'",
        "new_status": "'issued'",
        "amount_minor": "1",
        "currency": "'RWF'",
        "owner_id": str(owner_id),
        "expires_at": "voucher_last_moment(now(), 1)",
        "code_commit": "sha256(sha256('another'::bytea))",
        "actor_kind": "'system'",
        "actor_id": "'psql'",
        "channel": "'system'",
        "key": "'raw:first'",
        "fingerprint": "sha256(''::bytea)",
        "created_at": "now()",
    }
