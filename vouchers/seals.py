"""Seal events: a keyed MAC for each event, written in the event's own transaction.

The chain of a trail is made with plain SHA-256 in the database, so its owner can
compute a changed chain again. A seal needs a key of ``EASYMO_KEYS``, which never enters
the database, neither as a value nor as a parameter.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from easymo import keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

type Stored = bytes | memoryview
PURPOSE = "voucher-event-seal"
LENGTH = 16
INSERT = """
INSERT INTO voucher_event_seal (event_id, voucher_id, key_id, mac, checkpoint)
SELECT id, voucher, %s, mac, %s
  FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS s (id, voucher, mac)
"""
# Read after the function that expires vouchers, in its transaction.
UNSEALED = """
SELECT e.id, e.voucher_id, e.hash, coalesce((SELECT max(number) FROM voucher_checkpoint), 0)
  FROM voucher_event e LEFT JOIN voucher_event_seal s ON s.event_id = e.id
 WHERE e.id > %s AND e.kind = %s AND s.event_id IS NULL
   AND e.correlation_id IS NOT DISTINCT FROM %s
"""


@dataclass(frozen=True, slots=True)
class WrittenEvent:
    """An event that this transaction wrote, and the last checkpoint's number."""

    event_id: int
    voucher_id: int
    hash: bytes
    checkpoint: int


def mac(event_hash: Stored, checkpoint: int, key_id: str) -> bytes:
    """Return the seal of an event with this hash."""
    value = bytes(event_hash) + str(checkpoint).encode()
    return keys.digest(PURPOSE, value, key_id=key_id)[:LENGTH]


def is_genuine(event_hash: Stored, checkpoint: int, key_id: str, given: Stored) -> bool:
    """Tell whether a process with this key made the seal."""
    return hmac.compare_digest(mac(event_hash, checkpoint, key_id), bytes(given))


def can_check(key_id: str) -> bool:
    """Tell whether the key is set."""
    return key_id in settings.EASYMO_KEYS


def write(written: Sequence[WrittenEvent]) -> None:
    """Seal the events that the running transaction wrote."""
    if not written:
        return
    key_id, checkpoint = keys.writing_key_id(), written[0].checkpoint
    ids = [each.event_id for each in written]
    vouchers = [each.voucher_id for each in written]
    macs = [mac(each.hash, checkpoint, key_id) for each in written]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [key_id, checkpoint, ids, vouchers, macs])


def last_event_id() -> int:
    """Return the id of the newest event, before a function writes many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM voucher_event")
        return int(cursor.fetchone()[0])


def seal_kind(kind: str, *, after: int, correlation_id: UUID) -> None:
    """Seal the events of one kind that the running transaction wrote."""
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED, [after, kind, correlation_id])
        write([WrittenEvent(*row) for row in cursor.fetchall()])
