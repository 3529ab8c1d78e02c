"""Totals over append-only rows, without reading all rows at every scrape.

Rows that no longer change are summed once: their sums are stored by labels, with the id up
to which rows are in them. A scrape reads the sums and the rows behind that id. So every
process gives the same answer, a restart changes nothing, and neither does retention, which
deletes rows long after they were summed. The worker adds to the sums each minute; a scrape
does so as well, for as long as it may take.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, transaction

from easymo.observability import metrics
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

logger = get_logger(__name__)

Key = tuple[str, ...]
Numbers = tuple[float, ...]
# Ids summed in one transaction, and ids that a scrape may read one by one.
CHUNK = 20_000
TAIL = 200_000
# What one run of the worker may spend on rows that are not summed yet.
RUN_S = 20.0
_LOCK = """
SELECT upto FROM observability_tallymark WHERE name = %s FOR UPDATE SKIP LOCKED
"""
_BEGIN = """
INSERT INTO observability_tallymark (name, upto) VALUES (%s, 0) ON CONFLICT DO NOTHING
"""
_READ = """
SELECT m.upto, s.labels, s.numbers FROM observability_tallymark m
LEFT JOIN observability_tallysum s ON s.name = m.name WHERE m.name = %s
"""
_ADD = """
INSERT INTO observability_tallysum AS s (name, labels, numbers)
SELECT %s, labels, numbers FROM ({rows}) found (labels, numbers)
ON CONFLICT (name, labels) DO UPDATE SET numbers = ARRAY(
    SELECT coalesce(old, 0) + coalesce(new, 0)
    FROM unnest(s.numbers, excluded.numbers) WITH ORDINALITY AS u (old, new, place)
    ORDER BY place
)
"""
_MOVE = "UPDATE observability_tallymark SET upto = %s WHERE name = %s"


_known: dict[str, Tally] = {}


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums by labels over one table; all parts are SQL of our own.

    ``settled`` is true for a row that will never change. It becomes true for every row.
    """

    name: str
    table: str
    settled: str
    source: str
    labels: tuple[str, ...]
    numbers: tuple[str, ...]
    condition: str = "TRUE"
    # The id of the table within the source.
    key: str = "id"

    def __post_init__(self) -> None:
        _known[self.name] = self

    def read(self) -> dict[Key, Numbers]:
        """Return the sums for each set of labels, of all rows."""
        try:
            self.fold(metrics.time_left())
        except DatabaseError:
            # A database that takes no writes is read as it is.
            logger.warning("metrics.fold.failed", tally=self.name)
        found: dict[Key, Numbers] = {}
        upto = 0
        for mark, labels, numbers in metrics.rows(_READ, [self.name]):
            upto = int(str(mark))
            _add(found, labels, numbers)
        ((left,),) = metrics.rows(self._left(), [upto, upto])
        if int(str(left)) > TAIL:
            raise metrics.SumsIncomplete(int(str(left)))
        # Rows up to the mark no longer change: these may be read a moment later.
        for labels, numbers in metrics.rows(self._between(), [upto, 2**62]):
            _add(found, labels, numbers)
        return found

    def fold(self, seconds: float = RUN_S) -> int:
        """Add settled rows to the sums, as long as the time lasts; return the chunks.

        What another process is adding at the moment is left to it.
        """
        end, chunks = time.monotonic() + seconds, 0
        while time.monotonic() < end and self._fold_chunk():
            chunks += 1
        return chunks

    def _fold_chunk(self) -> bool:
        """Add the next settled rows; return whether there were some."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {metrics.LONGEST_MS:d}")
            cursor.execute(_LOCK, [self.name])
            mark = cursor.fetchone()
            if mark is None:
                cursor.execute(_BEGIN, [self.name])
                if not cursor.rowcount:
                    return False
            after = mark[0] if mark else 0
            # Two steps: the first is a look at both ends of the primary key.
            cursor.execute(self._ends(), [after])
            first, last = cursor.fetchone()
            if first is None:
                return False
            last = min(last, first + CHUNK - 1)
            cursor.execute(self._first_unsettled(), [after, last])
            (unsettled,) = cursor.fetchone()
            upto = last if unsettled is None else unsettled - 1
            if upto < first:
                return False
            cursor.execute(_ADD.format(rows=self._between()), [self.name, after, upto])
            cursor.execute(_MOVE, [upto, self.name])
        return True

    def _ends(self) -> str:
        return f"SELECT min(id), max(id) FROM {self.table} WHERE id > %s"  # noqa: S608

    def _first_unsettled(self) -> str:
        return (
            f"SELECT min(id) FROM {self.table}"  # noqa: S608
            f" WHERE id > %s AND id <= %s AND NOT ({self.settled})"
        )

    def _left(self) -> str:
        """Ask how many ids are not summed; 0 while the first row may still change.

        Ids before the first row were never there, or were deleted long ago.
        """
        return (
            f"SELECT CASE WHEN (SELECT {self.settled} FROM {self.table}"  # noqa: S608
            f" WHERE id > %s ORDER BY id LIMIT 1)"
            f" THEN (SELECT max(id) - min(id) + 1 FROM {self.table} WHERE id > %s)"
            " ELSE 0 END"
        )

    def _between(self) -> str:
        labels = ", ".join(f"coalesce(({label})::text, '')" for label in self.labels)
        numbers = ", ".join(f"coalesce(({n})::float8, 0)" for n in self.numbers)
        return (
            f"SELECT ARRAY[{labels}]::text[], ARRAY[{numbers}]::float8[]"  # noqa: S608
            f" FROM {self.source} WHERE {self.key} > %s AND {self.key} <= %s"
            f" AND ({self.condition}) GROUP BY {labels}"
        )


def fold_all() -> int:
    """Add settled rows to the sums of all tallies; return the chunks."""
    metrics.collectors()
    return sum(tally.fold() for tally in _known.values())


def total(
    found: Mapping[Key, Numbers], *, by: Sequence[int], number: int
) -> dict[Key, float]:
    """Add up one number by some of the labels."""
    sums: defaultdict[Key, float] = defaultdict(float)
    for key, numbers in found.items():
        sums[tuple(key[place] for place in by)] += numbers[number]
    return dict(sums)


def _add(found: dict[Key, Numbers], labels: Any, numbers: Any) -> None:
    if labels is None:
        return
    key = tuple(labels)
    known = found.get(key, (0.0,) * len(numbers))
    found[key] = tuple(map(add, known, numbers))
