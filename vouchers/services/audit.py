from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db import connection

from vouchers import sql, trail
from vouchers.trail import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchers.models import Voucher
    from vouchers.trail import Row

BATCH = 1000
# Rows of the trail whose voucher is gone: only a superuser can have taken it away.
ORPHANS = """
SELECT e.voucher_id, max(e.seq) FROM voucher_event e
  LEFT JOIN vouchers v ON v.id = e.voucher_id
 WHERE v.id IS NULL GROUP BY e.voucher_id ORDER BY e.voucher_id
"""


@dataclass(slots=True)
class Report:
    """How many vouchers were checked, and every place that does not hold."""

    checked: int = 0
    broken: list[Broken] = field(default_factory=list)


def verify() -> Report:
    """Check every voucher's trail against its chain and against its row.

    It may run beside the traffic: a voucher and its events are read in one snapshot.
    """
    report = Report()
    for voucher, events in _trails():
        report.checked += 1
        report.broken.extend(trail.check(voucher, events))
    with connection.cursor() as cursor:
        cursor.execute(ORPHANS)
        for voucher_id, seq in cursor.fetchall():
            why = "The events are there, their voucher is gone."
            report.broken.append(Broken(f"#{voucher_id}", seq, why))
    return report


def verify_one(*, voucher: Voucher) -> list[Broken]:
    """Check one voucher's trail, for the page that shows it."""
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
        cursor.execute(sql.statement("audit"), {"after": after, "limit": limit})
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
