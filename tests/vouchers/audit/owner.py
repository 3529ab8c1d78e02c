"""What the owner of the database can do to vouchers: every row, but without the keys.

Triggers and foreign keys are disabled meanwhile. All hash chains are computed again.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from django.db import connection

from tests.vouchers.tampering import unguarded
from vouchers import trail
from vouchers.audit import rows
from vouchers.audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.models import Voucher

TABLES = (
    *("vouchers", "voucher_event", "voucher_note", "voucher_approval"),
    *("voucher_envelope", "voucher_event_seal", "voucher_checkpoint"),
    *("voucher_checkpoint_page", "voucher_refusal"),
)


def sql(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def rechain(voucher_id: int) -> None:
    """Compute all hashes of a trail again, as the database does."""
    for voucher, events in rows.trails_of([voucher_id]):
        previous = trail.genesis(voucher["public_id"])
        for event in events:
            digest = trail.event_hash(previous, event)
            sql(
                "UPDATE voucher_event SET previous_hash = %s, hash = %s WHERE id = %s",
                *(previous, digest, event["id"]),
            )
            previous = digest


def _drop_event(voucher: Voucher, seq: int) -> None:
    for table in ("voucher_note", "voucher_event_seal"):
        sql(
            f"DELETE FROM {table} WHERE event_id IN (SELECT id FROM voucher_event"
            f" WHERE voucher_id = {voucher.pk} AND seq = {seq})"
        )
    sql(f"DELETE FROM voucher_event WHERE voucher_id = {voucher.pk} AND seq = {seq}")


def _both(voucher: Voucher, change: str) -> None:
    """Change a column of the row and of all events."""
    sql(f"UPDATE vouchers SET {change} WHERE id = {voucher.pk}")
    sql(f"UPDATE voucher_event SET {change} WHERE voucher_id = {voucher.pk}")
    rechain(voucher.pk)


def unredeem(voucher: Voucher, _other: Voucher) -> None:
    """Delete the redemption, and set the row back."""
    _drop_event(voucher, voucher.seq)
    sql(
        "UPDATE vouchers SET status = 'issued', redeemed_at = NULL, station_id = NULL,"
        f" seq = seq - 1 WHERE id = {voucher.pk}"
    )


def raise_amount(voucher: Voucher, _other: Voucher) -> None:
    _both(voucher, "amount_minor = 50000")


def move_owner(voucher: Voucher, other: Voucher) -> None:
    _both(voucher, f"owner_id = {other.created_by_profile_id}")


def extend_expiry(voucher: Voucher, _other: Voucher) -> None:
    _both(voucher, "expires_at = expires_at + interval '30 days'")


def move_station(voucher: Voucher, _other: Voucher) -> None:
    station = sql(
        "INSERT INTO vouchers_station (code, name, is_active, created_at)"
        " VALUES ('MINE', 'Mine', true, now()) RETURNING id"
    )[0][0]
    sql(f"UPDATE vouchers SET station_id = {station} WHERE id = {voucher.pk}")
    sql(
        f"UPDATE voucher_event SET station_id = {station}"
        f" WHERE voucher_id = {voucher.pk} AND kind = 'redeemed'"
    )
    rechain(voucher.pk)


def change_actor(voucher: Voucher, _other: Voucher) -> None:
    sql(f"UPDATE voucher_event SET actor_id = '9' WHERE voucher_id = {voucher.pk}")
    rechain(voucher.pk)


def change_time(voucher: Voucher, _other: Voucher) -> None:
    sql(
        "UPDATE voucher_event SET created_at = created_at - interval '1 day'"
        f" WHERE voucher_id = {voucher.pk} AND seq = 1"
    )
    rechain(voucher.pk)


def remove_step(voucher: Voucher, _other: Voucher) -> None:
    """Remove a step in the middle, and number the rest again."""
    _drop_event(voucher, 2)
    sql(f"UPDATE voucher_event SET seq = 2 WHERE voucher_id = {voucher.pk} AND seq = 3")
    commit = f"(SELECT code_commit FROM voucher_event WHERE voucher_id = {voucher.pk}"
    sql(
        f"UPDATE voucher_event SET code_commit = {commit} AND seq = 2)"
        f" WHERE voucher_id = {voucher.pk}"
    )
    sql(f"UPDATE vouchers SET seq = 2 WHERE id = {voucher.pk}")
    rechain(voucher.pk)


def replace_step(voucher: Voucher, _other: Voucher) -> None:
    """Let the voucher expire instead of being redeemed."""
    sql(
        "UPDATE voucher_event SET kind = 'expired', new_status = 'expired',"
        f" station_id = NULL WHERE voucher_id = {voucher.pk} AND kind = 'redeemed'"
    )
    sql(
        "UPDATE vouchers SET status = 'expired', redeemed_at = NULL, station_id = NULL"
        f" WHERE id = {voucher.pk}"
    )
    rechain(voucher.pk)


def swap_events(voucher: Voucher, other: Voucher) -> None:
    """Exchange the trails and the states of two vouchers of one owner."""
    mine, theirs = voucher.pk, other.pk
    columns = "status, seq, station_id, redeemed_at, expires_at, code_hmac"
    rows_before = {
        row[0]: row[1:] for row in sql(f"SELECT id, {columns} FROM vouchers")
    }
    for source, target in ((mine, -1), (theirs, mine), (-1, theirs)):
        sql(
            f"UPDATE voucher_event SET voucher_id = {target} WHERE voucher_id = {source}"
        )
    sql(f"UPDATE vouchers SET code_hmac = sha256('x') WHERE id = {mine}")
    for source, target in ((mine, theirs), (theirs, mine)):
        sql(
            "UPDATE vouchers SET status = %s, seq = %s, station_id = %s,"
            " redeemed_at = %s, expires_at = %s, code_hmac = %s WHERE id = %s",
            *(*rows_before[source], target),
        )
    rechain(mine)
    rechain(theirs)


def change_reference(voucher: Voucher, _other: Voucher) -> None:
    sql(f"UPDATE vouchers SET reference = 'VN-MINE-01' WHERE id = {voucher.pk}")


def change_origin(voucher: Voucher, _other: Voucher) -> None:
    sql(f"UPDATE vouchers SET created_by_id = '9' WHERE id = {voucher.pk}")


def change_last_digits(voucher: Voucher, _other: Voucher) -> None:
    sql(f"UPDATE vouchers SET code_last4 = '0000' WHERE id = {voucher.pk}")


def change_issue_time(voucher: Voucher, _other: Voucher) -> None:
    sql(
        "UPDATE vouchers SET issued_at = issued_at - interval '40 days'"
        f" WHERE id = {voucher.pk}"
    )


def remove(voucher: Voucher, _other: Voucher) -> None:
    """Remove the voucher and everything about it."""
    for seq in range(1, voucher.seq + 1):
        _drop_event(voucher, seq)
    sql(f"DELETE FROM voucher_envelope WHERE voucher_id = {voucher.pk}")
    sql(f"DELETE FROM vouchers WHERE id = {voucher.pk}")


def append(voucher: Voucher, _other: Voucher) -> None:
    """Reverse the redemption by hand: the triggers compute a right chain."""
    with connection.cursor() as cursor:
        for table in ("vouchers", "voucher_event"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    sql(
        "INSERT INTO voucher_event (voucher_id, seq, kind, old_status, new_status,"
        " amount_minor, currency, owner_id, expires_at, code_commit, actor_kind,"
        " actor_id, channel, key, fingerprint, created_at, reverses_id)"
        " SELECT voucher_id, seq + 1, 'reversed', 'redeemed', 'issued', amount_minor,"
        " currency, owner_id, expires_at, code_commit, 'system', 'x', 'system',"
        " 'mine', fingerprint, now(), id FROM voucher_event"
        f" WHERE voucher_id = {voucher.pk} AND kind = 'redeemed'"
    )
    sql(
        "UPDATE vouchers SET status = 'issued', redeemed_at = NULL, station_id = NULL,"
        f" seq = seq + 1 WHERE id = {voucher.pk}"
    )
    sql("SET CONSTRAINTS ALL IMMEDIATE")


def forge(voucher: Voucher, _other: Voucher) -> str:
    """Insert a new voucher with a right chain, with all triggers enabled."""
    with connection.cursor() as cursor:
        for table in ("vouchers", "voucher_event"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    public_id = str(uuid.uuid4())
    columns = (
        "code_key_id, code_last4, owner_id, amount_minor, currency, created_by_kind,"
        " created_by_id, created_by_profile_id, created_by_user_id, created_at,"
        " issued_at, expires_at"
    )
    hmac = hashlib.sha256(b"forged").hexdigest()
    sql(
        f"INSERT INTO vouchers (public_id, reference, code_hmac, status, seq, {columns})"
        f" SELECT '{public_id}', 'VN-MINE-02', '\\x{hmac}', 'issued', 1, {columns}"
        f" FROM vouchers WHERE id = {voucher.pk}"
    )
    sql(
        "INSERT INTO voucher_event (voucher_id, seq, kind, new_status, amount_minor,"
        " currency, owner_id, expires_at, code_commit, actor_kind, actor_id, channel,"
        " key, fingerprint, created_at) SELECT id, 1, 'issued', 'issued',"
        " amount_minor, currency, owner_id, expires_at, sha256(code_hmac), 'system',"
        " 'x', 'system', 'forged', sha256(''), created_at FROM vouchers"
        f" WHERE public_id = '{public_id}'"
    )
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    return public_id


type Attack = Callable[[Voucher, Voucher], str | None]

ATTACKS: tuple[Attack, ...] = (
    *(unredeem, raise_amount, move_owner, extend_expiry, move_station, change_actor),
    *(change_time, remove_step, replace_step, swap_events, change_reference),
    *(change_origin, change_last_digits, change_issue_time, remove, append, forge),
)
# Found also before a checkpoint covers the voucher: the seals do not fit.
SEALED: tuple[Attack, ...] = (
    *(raise_amount, move_owner, extend_expiry, move_station, change_actor),
    *(change_time, remove_step, replace_step, swap_events, append, forge),
)


def attack(do: Attack, voucher: Voucher, other: Voucher) -> str:
    """Do it, and return the public id of the voucher that must be named."""
    with unguarded(*TABLES):
        forged = do(voucher, other)
    sql("SET CONSTRAINTS ALL DEFERRED")
    return forged or str(voucher.public_id)


def edit(statement: str, *values: Any) -> None:
    """Run one statement without triggers and foreign keys."""
    with unguarded(*TABLES):
        sql(statement, *values)
    sql("SET CONSTRAINTS ALL DEFERRED")


def named() -> set[str]:
    """Return the vouchers and checkpoints that the verification names."""
    return {fault.voucher for fault in verify().broken}
