from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db import connection

from vouchers import trail
from vouchers.trail import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchers.models import Voucher
    from vouchers.trail import Row

BATCH = 1000
# A batch of vouchers with their trails and notes, in one snapshot.
_TRAILS = """
SELECT v.id AS v_id, v.public_id AS v_public_id, v.seq AS v_seq,
       v.status AS v_status, v.amount_minor AS v_amount_minor,
       v.currency AS v_currency, v.owner_id AS v_owner_id,
       v.expires_at AS v_expires_at, v.code_hmac AS v_code_hmac,
       v.station_id AS v_station_id, v.redeemed_at AS v_redeemed_at,
       e.*, n.salt AS note_salt, n.text AS note_text
  FROM (SELECT * FROM vouchers WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) v
  LEFT JOIN voucher_event e ON e.voucher_id = v.id
  LEFT JOIN voucher_note n ON n.event_id = e.id
 ORDER BY v.id, e.seq, e.id
"""
# Events without a voucher. Only a superuser can delete a voucher.
ORPHANS = """
SELECT e.voucher_id, max(e.seq) FROM voucher_event e
  LEFT JOIN vouchers v ON v.id = e.voucher_id
 WHERE v.id IS NULL GROUP BY e.voucher_id ORDER BY e.voucher_id
"""


@dataclass(slots=True)
class Report:
    """The number of checked vouchers and all faults found."""

    checked: int = 0
    broken: list[Broken] = field(default_factory=list)


def verify() -> Report:
    """Check the trail of every voucher: its hash chain, and that it fits the row.

    It can run while vouchers change: one query reads a voucher with its events.
    """
    report = Report()
    for voucher, events in _trails():
        report.checked += 1
        report.broken.extend(trail.check(voucher, events))
    with connection.cursor() as cursor:
        cursor.execute(ORPHANS)
        for voucher_id, seq in cursor.fetchall():
            why = "The voucher of these events is missing."
            report.broken.append(Broken(f"#{voucher_id}", seq, why))
    return report


def verify_one(*, voucher: Voucher) -> list[Broken]:
    """Check the trail of one voucher."""
    ((row, events),) = _groups(_batch(voucher.pk - 1, limit=1))
    return list(trail.check(row, events))


def _trails() -> Iterator[tuple[Row, list[Row]]]:
    after = 0
    while rows := _batch(after, limit=BATCH):
        for voucher, events in _groups(rows):
            after = voucher["id"]
            yield voucher, events


def _groups(rows: list[dict[str, Any]]) -> Iterator[tuple[Row, list[Row]]]:
    for _, group in groupby(rows, key=lambda row: row["v_id"]):
        found = list(group)
        voucher = {
            name.removeprefix("v_"): value
            for name, value in found[0].items()
            if name.startswith("v_")
        }
        yield voucher, [row for row in found if row["id"] is not None]


def _batch(after: int, *, limit: int) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_TRAILS, {"after": after, "limit": limit})
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
