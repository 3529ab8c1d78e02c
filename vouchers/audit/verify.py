"""Check all vouchers: against their rows, chains, seals and the last checkpoint.

One batch after the other is read, so the memory does not grow with the number of
vouchers, and vouchers may change meanwhile: the pages of the checkpoint are read before
the vouchers, and each voucher with its events in one statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from vouchers.audit import checkpoint_checks, leaves, rows
from vouchers.audit.comparison import Baseline, compare, missing
from vouchers.trail import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from vouchers.audit.copies import Copy
    from vouchers.audit.leaves import Leaf
    from vouchers.models import CheckpointPage, Voucher

# Events without a voucher. Only a superuser can delete a voucher.
ORPHANS = """
SELECT e.voucher_id, max(e.seq) FROM voucher_event e
  LEFT JOIN vouchers v ON v.id = e.voucher_id
 WHERE v.id IS NULL AND e.voucher_id > %s AND e.voucher_id <= %s
 GROUP BY e.voucher_id ORDER BY e.voucher_id
"""
# Seals whose event was removed, among the next ones.
UNUSED_SEALS = """
SELECT s.voucher_id, v.public_id
  FROM voucher_event_seal s
  LEFT JOIN voucher_event e ON e.id = s.event_id
  LEFT JOIN vouchers v ON v.id = s.voucher_id
 WHERE s.event_id > %(after)s AND s.event_id <= %(last)s AND e.id IS NULL
 ORDER BY s.event_id
"""
LAST_SEAL = """
SELECT max(event_id) FROM (
    SELECT event_id FROM voucher_event_seal WHERE event_id > %s
     ORDER BY event_id LIMIT 100000) s
"""
ENDLESS = 2**62
WRONG_RECORD = "The record of the last checkpoint about it was changed."


@dataclass(slots=True)
class Report:
    """The number of checked vouchers, all faults found, and what cannot be checked."""

    checked: int = 0
    broken: list[Broken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class VerificationRun:
    """One check of all vouchers, which can be continued after ``after``."""

    after: int = 0
    checked: int = 0
    is_finished: bool = False
    baseline: Baseline = field(default_factory=Baseline)

    def check_checkpoints(self, given: Iterable[Copy] = ()) -> Iterator[Broken]:
        """Check the checkpoints; this comes first."""
        yield from checkpoint_checks.check(self.baseline, given)

    def steps(self) -> Iterator[list[Broken]]:
        """Check one batch after the other and yield its faults."""
        while (last := rows.last_of_batch(self.after)) is not None:
            found = list(self._check_batch(last))
            self.after = last
            yield found
        found = list(self._check_batch(ENDLESS))
        found += _removed_events()
        self.is_finished = True
        yield found

    def _check_batch(self, last: int) -> Iterator[Broken]:
        first_page = (self.after + 1) // leaves.PAGE
        recorded: dict[int, Leaf] = {}
        for page in rows.pages(first_page, last // leaves.PAGE):
            found, faults = open_page(page)
            yield from faults
            recorded |= {leaf.voucher_id: leaf for leaf in found}
        recorded = {
            number: leaf
            for number, leaf in recorded.items()
            if self.after < number <= last
        }
        known = set(recorded)
        for voucher, events in rows.trails_between(self.after, last):
            self.checked += 1
            leaf = recorded.pop(voucher["id"], None)
            yield from compare(voucher, events, leaf, self.baseline)
        for leaf in recorded.values():
            yield missing(leaf, self.baseline.number)
        yield from _orphans(self.after, last, known)


def verify(given: Iterable[Copy] = ()) -> Report:
    """Check everything and return all faults."""
    run, report = VerificationRun(), Report()
    report.broken.extend(run.check_checkpoints(given))
    for faults in run.steps():
        report.broken.extend(faults)
    report.checked, report.notes = run.checked, sorted(run.baseline.notes)
    return report


def verify_one(*, voucher: Voucher) -> list[Broken]:
    """Check one voucher against its trail, its seals and the last checkpoint."""
    return list(faults_of([voucher.pk]))


def faults_of(ids: Sequence[int]) -> Iterator[Broken]:
    """Yield the faults of some vouchers, without the checkpoints themselves."""
    newest = checkpoint_checks.newest()
    baseline = Baseline(
        number=newest.number if newest else 0,
        key_ids=checkpoint_checks.known_key_ids(newest),
    )
    recorded: dict[int, Leaf] = {}
    broken: dict[str, list[Broken]] = {}
    for number in rows.by_page(ids):
        for page in rows.pages(number, number):
            found, faults = open_page(page)
            recorded |= {leaf.voucher_id: leaf for leaf in found}
            broken |= {each.voucher: [each] for each in faults}
    for voucher, events in rows.trails_of(ids):
        yield from broken.get(str(voucher["public_id"]), [])
        yield from compare(voucher, events, recorded.get(voucher["id"]), baseline)


def open_page(page: CheckpointPage) -> tuple[list[Leaf], list[Broken]]:
    """Return the leaves of a page, and the faults of the page itself."""
    key_id = page.key_id if page.key_id in settings.EASYMO_KEYS else None
    found, wrong = leaves.unpack(bytes(page.leaves), key_id)
    faults = [Broken(str(leaf.public_id), leaf.seq, WRONG_RECORD) for leaf in wrong]
    if leaves.page_root(found) != bytes(page.root):
        name = checkpoint_checks.page_name(page.number)
        faults.append(Broken(name, None, "The record was changed."))
    return found, faults


def _orphans(after: int, last: int, known: set[int]) -> Iterator[Broken]:
    with connection.cursor() as cursor:
        cursor.execute(ORPHANS, [after, last])
        for voucher_id, seq in cursor.fetchall():
            # A recorded voucher is named by its public id already.
            if voucher_id not in known:
                why = "The voucher of these events is missing."
                yield Broken(f"#{voucher_id}", seq, why)


def _removed_events() -> Iterator[Broken]:
    """Find seals without an event, also where no checkpoint recorded the event."""
    after = 0
    with connection.cursor() as cursor:
        while (last := _last_seal(cursor, after)) is not None:
            cursor.execute(UNUSED_SEALS, {"after": after, "last": last})
            after = last
            for voucher_id, public_id in cursor.fetchall():
                name = _name(voucher_id, public_id)
                yield Broken(name, None, "A step was removed.")


def _last_seal(cursor: Any, after: int) -> int | None:
    cursor.execute(LAST_SEAL, [after])
    last: int | None = cursor.fetchone()[0]
    return last


def _name(voucher_id: int, public_id: UUID | None) -> str:
    """Return the public id, or what is known of a voucher that does not exist."""
    if public_id is not None:
        return str(public_id)
    number = voucher_id // leaves.PAGE
    recorded = [
        leaf for page in rows.pages(number, number) for leaf in open_page(page)[0]
    ]
    known = {leaf.voucher_id: str(leaf.public_id) for leaf in recorded}
    return known.get(voucher_id, f"#{voucher_id}")
