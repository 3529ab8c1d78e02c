"""Totals over append-only rows, without reading all rows at every scrape.

Rows older than ten minutes never change: their sums are cached in the process, and a
scrape reads only newer rows. The sums always equal those of the rows, so every process
gives the same answer.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from django.db import connection

from easymo.observability.metrics import rows

Key = tuple[str, ...]
# Rows summed in one statement, within the time limit of a scrape.
CHUNK = 500_000


@dataclass
class Tally:
    """Sums by labels over one table; ``settled`` says which rows are final.

    ``query`` returns label columns and one number, for ids between two ``%s``.
    """

    table: str
    settled: str
    query: str
    _mark: int = 0
    _sums: Counter[Key] = field(default_factory=Counter)
    _database: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> dict[Key, float]:
        """Return the sum for each set of labels."""
        with self._lock:
            self._begin_again_elsewhere()
            frontier = self._frontier()
            while frontier > self._mark:
                # Stored per chunk: after a time-out the next scrape continues from
                # there.
                upto = min(frontier, self._mark + CHUNK)
                self._sums.update(self._between(self._mark, upto))
                self._mark = upto
            return dict(self._sums + self._between(self._mark, 2**62))

    def forget(self) -> None:
        """Discard the cache: the next read starts from the beginning."""
        self._mark, self._sums = 0, Counter()

    def _begin_again_elsewhere(self) -> None:
        name = str(connection.settings_dict["NAME"])
        if name != self._database:
            self._database = name
            self.forget()

    def _frontier(self) -> int:
        ((last,),) = rows(
            f"SELECT coalesce(min(id) FILTER (WHERE NOT ({self.settled})) - 1,"  # noqa: S608
            f" max(id), 0) FROM {self.table} WHERE id > %s",
            [self._mark],
        )
        return int(str(last))

    def _between(self, after: int, upto: int) -> Counter[Key]:
        found: Counter[Key] = Counter()
        for *labels, number in rows(self.query, [after, upto]):
            key = tuple("" if label is None else str(label) for label in labels)
            found[key] += float(str(number or 0))  # type: ignore[assignment]
        return found
