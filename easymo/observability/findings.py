"""Store leak findings; decide here whether a value belongs to a known person.

One thread per serving process writes over its own connection, never in a caller's
transaction. A number of a known person is a confirmed leak even if it was masked in the
end: it had passed the masking. While the database is away, findings wait in a bounded
queue. The value itself is not stored.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from easymo import keys
from easymo.observability import candidates, leaks

if TYPE_CHECKING:
    from collections.abc import Callable

    from easymo.observability.leaks import QueuedFinding
    from easymo.observability.models import LeakFinding

PURPOSE = "leak"
THREAD = "leak-findings"
LOOK_S = 1.0
COUNTS_EVERY_S = 15.0
BATCH = 500
# Scanned-line counts per minute are merged into hours after this age.
MINUTES_KEPT = timedelta(days=2)

# True: a known person. None: it cannot be decided now.
type OwnerLookup = Callable[[str], bool | None]

ADD_LINES = """
INSERT INTO observability_scannedlines (minute, sink, lines)
VALUES (date_trunc('minute', %s::timestamptz), %s, %s)
ON CONFLICT (minute, sink) DO UPDATE
SET lines = observability_scannedlines.lines + EXCLUDED.lines
"""
FOLD = """
WITH old AS (
    DELETE FROM observability_scannedlines
    WHERE minute < %s AND minute <> date_trunc('hour', minute) RETURNING *
)
INSERT INTO observability_scannedlines (minute, sink, lines)
SELECT date_trunc('hour', minute), sink, sum(lines) FROM old GROUP BY 1, 2
ON CONFLICT (minute, sink) DO UPDATE
SET lines = observability_scannedlines.lines + EXCLUDED.lines
"""


def register_owner_lookup(look_up: OwnerLookup) -> None:
    """Register the function that tells whether a number belongs to a known person."""
    _lookups[:] = [look_up]


def start() -> None:
    """Start writing this process's findings; repeated calls have no effect."""
    pid = os.getpid()
    with _starting:
        if pid not in _writers:
            _writers[pid] = _Writer()
            atexit.register(flush)


def flush(seconds: float = 2.0) -> bool:
    """Wait until this process's findings are written; return whether they are."""
    writer = _writers.get(os.getpid())
    return writer is None or writer.write_out(seconds)


def write(found: list[QueuedFinding], lines: Counter[str]) -> int:
    """Write findings and counts in one transaction; return how many are confirmed."""
    now = timezone.now()
    model: type[LeakFinding] = apps.get_model("observability", "LeakFinding")
    rows = [row for each, times in _together(found) if (row := _row(each, times))]
    with transaction.atomic():
        model.objects.bulk_create(rows)
        with connection.cursor() as cursor:
            for sink, count in sorted(lines.items()):
                cursor.execute(ADD_LINES, [now, sink, count])
    return sum(row.level == model.Level.CONFIRMED for row in rows)


def fold() -> int:
    """Merge old per-minute counts into hours; the sums stay the same."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD, [timezone.now() - MINUTES_KEPT])
        return int(cursor.rowcount)


def _together(found: list[QueuedFinding]) -> list[tuple[QueuedFinding, int]]:
    """Merge findings that differ only in their cause."""
    first: dict[tuple[str, str, str], QueuedFinding] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for each in found:
        key = (each.kind, each.sink, each.value)
        times[key] += 1
        if key not in first or each.is_strong:
            first[key] = each
    return [(each, times[key]) for key, each in first.items()]


def _row(found: QueuedFinding, times: int) -> LeakFinding | None:
    model: type[LeakFinding] = apps.get_model("observability", "LeakFinding")
    is_known = found.kind == candidates.MSISDN and _is_known(found.value)
    if not is_known and not found.is_strong:
        # Nine digits that belong to no known person are a count.
        return None
    return model(
        kind=found.kind,
        sink=found.sink,
        digest=keys.digest(PURPOSE, found.value.encode()),
        level=model.Level.CONFIRMED if is_known else model.Level.CANDIDATE,
        times=times,
        correlation_id=found.correlation_id,
    )


def _is_known(value: str) -> bool:
    return any(look_up(value) for look_up in _lookups)


class _Writer:
    def __init__(self) -> None:
        self._found: list[QueuedFinding] = []
        self._lines: Counter[str] = Counter()
        self._counted_at = 0.0
        self._asked = threading.Event()
        self._written = threading.Event()
        threading.Thread(target=self._run, name=THREAD, daemon=True).start()

    def write_out(self, seconds: float) -> bool:
        """Let the thread write; wait for it, but not for a database that is away."""
        self._written.clear()
        self._asked.set()
        return self._written.wait(seconds)

    def _run(self) -> None:
        while True:
            was_asked = self._asked.wait(LOOK_S)
            self._asked.clear()
            due = time.monotonic() - self._counted_at > COUNTS_EVERY_S
            if self._look(with_counts=was_asked or due) and was_asked:
                self._written.set()

    def _look(self, *, with_counts: bool) -> bool:
        """Write what is queued; keep it for the next time when that fails."""
        if not apps.ready:
            return False
        if with_counts:
            self._counted_at = time.monotonic()
            for sink in leaks.SINKS:
                if count := leaks.taken(sink):
                    self._lines[sink] += count
        while self._gathered() or (with_counts and self._lines):
            try:
                write(self._found, self._lines if with_counts else Counter())
            except Exception:  # noqa: BLE001 - never into the log it is about
                return False
            finally:
                with suppress(Exception):
                    connection.close()
            self._found = []
            if with_counts:
                self._lines = Counter()
        return True

    def _gathered(self) -> bool:
        while len(self._found) < BATCH and not leaks.waiting.empty():
            self._found.append(leaks.waiting.get())
        return bool(self._found)


_lookups: list[OwnerLookup] = []
_starting = threading.Lock()
_writers: dict[int, _Writer] = {}
os.register_at_fork(after_in_child=lambda: globals().update(_starting=threading.Lock()))
