"""Totals over rows that only grow, without reading all of them at every scrape.

Rows that settled ten minutes ago never change again: their sums are kept in the
process, and a scrape reads what came after. The sums are always those of the rows,
so every process answers alike.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from django.db import connection

from easymo.observability.metrics import rows

Key = tuple[str, ...]
# So many rows are summed in one statement, within the time that a scrape allows it.
CHUNK = 500_000


@dataclass
class Tally:
    """Sums by labels over one table; ``settled`` says which rows are final.

    ``query`` returns label columns and one number, between ``%s`` and ``%s`` of ids.
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
                # Kept chunk by chunk: who runs out of time goes on from there.
                upto = min(frontier, self._mark + CHUNK)
                self._sums.update(self._between(self._mark, upto))
                self._mark = upto
            return dict(self._sums + self._between(self._mark, 2**62))

    def forget(self) -> None:
        """Read everything again at the next time."""
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
