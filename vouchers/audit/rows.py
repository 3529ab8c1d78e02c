"""Read vouchers with their trails, and the pages of the last checkpoint, in batches."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db import connection

from vouchers.audit import leaves
from vouchers.models import CheckpointPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vouchers.trail import Row

    type Trail = tuple[Row, list[Row]]

BATCH = 1000
_COLUMNS = ", ".join(f"v.{name} AS v_{name}" for name in leaves.WHOLE)
# Vouchers with their trails, notes and seals, in one snapshot.
_TRAILS = f"""
SELECT {_COLUMNS}, e.*, n.salt AS note_salt, n.text AS note_text,
       s.key_id AS seal_key_id, s.mac AS seal_mac, s.checkpoint AS seal_checkpoint
  FROM (SELECT * FROM vouchers WHERE {{where}}) v
  LEFT JOIN voucher_event e ON e.voucher_id = v.id
  LEFT JOIN voucher_note n ON n.event_id = e.id
  LEFT JOIN voucher_event_seal s ON s.event_id = e.id
 ORDER BY v.id, e.seq, e.id
"""  # noqa: S608
_BETWEEN = _TRAILS.format(where="id > %(after)s AND id <= %(last)s")
_NAMED = _TRAILS.format(where="id = ANY(%(ids)s)")
_LAST_OF_BATCH = """
SELECT max(id), count(*)
  FROM (SELECT id FROM vouchers WHERE id > %s ORDER BY id LIMIT %s) b
"""


def last_of_batch(after: int) -> int | None:
    """Return the id of the last voucher of the next batch; None at the end."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_OF_BATCH, [after, BATCH])
        last, count = cursor.fetchone()
    return int(last) if count else None


def trails_between(after: int, last: int) -> Iterator[Trail]:
    yield from _trails(_BETWEEN, {"after": after, "last": last})


def trails_of(ids: Sequence[int]) -> Iterator[Trail]:
    yield from _trails(_NAMED, {"ids": list(ids)})


def pages(first: int, last: int) -> Iterator[CheckpointPage]:
    """Yield the pages with these numbers."""
    rows = CheckpointPage.objects.filter(number__range=(first, last))
    yield from rows.order_by("number")


def by_page(ids: Sequence[int]) -> Mapping[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for each in ids:
        found[each // leaves.PAGE].append(each)
    return found


def _trails(query: str, values: dict[str, Any]) -> Iterator[Trail]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        names = [column.name for column in cursor.description]
        rows = (dict(zip(names, row, strict=True)) for row in cursor)
        for _, group in groupby(rows, key=lambda row: row["v_id"]):
            found = list(group)
            voucher = {name: found[0][f"v_{name}"] for name in leaves.WHOLE}
            yield voucher, [row for row in found if row["id"] is not None]
