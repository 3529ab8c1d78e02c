"""Check all vouchers: against their rows, chains, seals and the last checkpoint.

One batch after the other is read, so the memory does not grow with the number of
vouchers, and vouchers may change meanwhile: the pages of the checkpoint are read before
the vouchers, and each voucher with its events in one statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from vouchers.audit import baseline as checkpoints
from vouchers.audit import leaves, rows
from vouchers.audit.judge import Baseline, judge, missing
from vouchers.trail import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
ENDLESS = 2**62
WRONG_RECORD = "The record of the last checkpoint about it was changed."


@dataclass(slots=True)
class Report:
    """The number of checked vouchers, all faults found, and what cannot be checked."""

    checked: int = 0
    broken: list[Broken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Pass:
    """One check of all vouchers, which can be continued after ``after``."""

    after: int = 0
    checked: int = 0
    baseline: Baseline = field(default_factory=Baseline)

    def check_checkpoints(self, given: Iterable[Copy] = ()) -> Iterator[Broken]:
        """Check the checkpoints; this comes first."""
        yield from checkpoints.check(self.baseline, given)

    def steps(self) -> Iterator[list[Broken]]:
        """Check one batch after the other and yield its faults."""
        while (last := rows.last_of_batch(self.after)) is not None:
            found = list(self._check_batch(last))
            self.after = last
            yield found
        yield list(self._check_batch(ENDLESS))

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
            yield from judge(voucher, events, leaf, self.baseline)
        for leaf in recorded.values():
            yield missing(leaf, self.baseline.number)
        yield from _orphans(self.after, last, known)


def verify(given: Iterable[Copy] = ()) -> Report:
    """Check everything and return all faults."""
    run, report = Pass(), Report()
    report.broken.extend(run.check_checkpoints(given))
    for faults in run.steps():
        report.broken.extend(faults)
    report.checked, report.notes = run.checked, sorted(run.baseline.notes)
    return report


def verify_one(*, voucher: Voucher) -> list[Broken]:
    """Check one voucher against its trail, its seals and the last checkpoint."""
    newest = checkpoints.newest()
    baseline = Baseline()
    if newest is not None:
        baseline.number = newest.number
        baseline.key_ids = checkpoints.known_key_ids(newest)
    number, recorded, broken = voucher.pk // leaves.PAGE, {}, []
    for page in rows.pages(number, number):
        found, faults = open_page(page)
        recorded = {leaf.voucher_id: leaf for leaf in found}
        broken = [each for each in faults if each.voucher == str(voucher.public_id)]
    for row, events in rows.trails_of([voucher.pk]):
        broken.extend(judge(row, events, recorded.get(voucher.pk), baseline))
    return broken


def open_page(page: CheckpointPage) -> tuple[list[Leaf], list[Broken]]:
    """Return the leaves of a page, and the faults of the page itself."""
    key_id = page.key_id if page.key_id in settings.EASYMO_KEYS else None
    found, wrong = leaves.unpack(bytes(page.leaves), key_id)
    faults = [Broken(str(leaf.public_id), leaf.seq, WRONG_RECORD) for leaf in wrong]
    if leaves.page_root(found) != bytes(page.root):
        name = checkpoints.page_name(page.number)
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
