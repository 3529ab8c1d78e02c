"""Periodic work: expire vouchers, delete old counters and refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from easymo.observability import correlation
from vouchers import seals
from vouchers.models import (
    ApprovalRequest,
    ExpiryMark,
    GuessCounter,
    LimitCounter,
    Refusal,
    VoucherEvent,
)

# The counter of a day has no effect after that day; older ones are kept for reports.
LIMITS_KEPT = timedelta(days=60)
GUESSES_KEPT = timedelta(days=30)
# As long as the stored answers of the function API.
REFUSALS_KEPT = timedelta(days=400)
PURGE_LIMIT = 5_000
# Vouchers read in one transaction, and such pages in one run.
PAGE = 1_000
MOST_PAGES = 40
# The nightly run finds those that were reversed before.
REVERSED_SINCE = timedelta(days=2)
DUE = """
SELECT expires_at, id, status = 'issued' FROM vouchers
 WHERE (expires_at, id) > (%s, %s) AND expires_at < %s
 ORDER BY expires_at, id LIMIT %s
"""

# When a voucher ends, and its id.
type Position = tuple[datetime, int]
BEGIN: Position = (datetime(2000, 1, 1, tzinfo=UTC), 0)


class _Page(NamedTuple):
    ended: int
    last: Position
    # No other operation held one of its vouchers.
    is_settled: bool
    is_end: bool


def expire_vouchers(
    *, run: ExpiryMark.Run = ExpiryMark.Run.FREQUENT, pages: int = MOST_PAGES
) -> int:
    """Expire issued vouchers whose time is over; return how many.

    No index covers the status, so all are read in the order of their ends, a page at a
    time, from where the last run came. It works while vouchers are switched off.
    """
    total = 0
    if run == ExpiryMark.Run.FREQUENT:
        total += _expire_reversed()
    after: Position | None = None
    is_settled = True
    for _ in range(pages):
        page = _expire_page(run, after, is_settled=is_settled)
        total += page.ended
        after = page.last
        # The next run begins with the first page that held a locked voucher.
        is_settled = is_settled and page.is_settled
        if page.is_end:
            break
    return total


def _expire_page(
    run: ExpiryMark.Run, after: Position | None, *, is_settled: bool
) -> _Page:
    """Expire the vouchers after the position, or after the run's mark, and move that."""
    with transaction.atomic(), connection.cursor() as cursor:
        mark = _lock_mark(run)
        after = max(after or BEGIN, (mark.expires_at, mark.voucher_id))
        cursor.execute("SELECT voucher_now()")
        (now,) = cursor.fetchone()
        cursor.execute(DUE, [*after, now, PAGE])
        rows = cursor.fetchall()
        ended, locked = _expire([pk for _, pk, is_issued in rows if is_issued])
        is_end = len(rows) < PAGE
        last = rows[-1][:2] if rows else after
        if is_settled and not locked:
            is_round = is_end and run == ExpiryMark.Run.NIGHTLY
            _move(mark, BEGIN if is_round else last)
    return _Page(ended=ended, last=last, is_settled=not locked, is_end=is_end)


def expire_requests(*, limit: int = PAGE) -> int:
    """End requests that were not decided in time; return how many.

    It works while vouchers are switched off.
    """
    due = ApprovalRequest.objects.filter(ended_at=None, ends_at__lte=timezone.now())
    ids = list(due.order_by("ends_at").values_list("pk", flat=True)[:limit])
    if not ids:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        before = seals.last_event_id()
        cursor.execute(
            "SELECT voucher_expire_requests(%s::bigint[], %s)",
            [ids, correlation.current()],
        )
        ended = int(cursor.fetchone()[0])
        seals.seal_kind("declined", after=before, correlation_id=correlation.current())
    return ended


def _lock_mark(run: ExpiryMark.Run) -> ExpiryMark:
    marks = ExpiryMark.objects.select_for_update(no_key=True)
    return marks.get_or_create(run=run, defaults={"expires_at": BEGIN[0]})[0]


def _move(mark: ExpiryMark, position: Position) -> None:
    if (mark.expires_at, mark.voucher_id) != position:
        mark.expires_at, mark.voucher_id = position
        mark.save(update_fields=["expires_at", "voucher_id"])


def _expire_reversed() -> int:
    """Expire vouchers that became issued again after their time was over."""
    since = timezone.now() - REVERSED_SINCE
    reversals = VoucherEvent.objects.filter(
        kind=VoucherEvent.Kind.REVERSED,
        created_at__gt=since,
        expires_at__lt=timezone.now(),
    )
    ids = list(reversals.values_list("voucher", flat=True)[:PAGE])
    with transaction.atomic():
        return _expire(sorted(set(ids)))[0]


def _expire(ids: list[int]) -> tuple[int, int]:
    """Return how many vouchers ended, and how many another operation holds."""
    if not ids:
        return 0, 0
    with connection.cursor() as cursor:
        before = seals.last_event_id()
        cursor.execute(
            "SELECT ended, locked FROM voucher_expire(%s::bigint[], %s)",
            [ids, correlation.current()],
        )
        ended, locked = map(int, cursor.fetchone())
    if ended:
        seals.seal_kind("expired", after=before, correlation_id=correlation.current())
    return ended, locked


def purge_counters() -> int:
    """Delete old counters and refusals, a limited number at a time; return how many."""
    now = timezone.now()
    is_unlocked = Q(locked_until=None) | Q(locked_until__lt=now)
    old = (
        LimitCounter.objects.filter(day__lt=(now - LIMITS_KEPT).date()),
        GuessCounter.objects.filter(is_unlocked, last_failed_at__lt=now - GUESSES_KEPT),
        Refusal.objects.filter(created_at__lt=now - REFUSALS_KEPT),
    )
    total = 0
    for rows in old:
        ids: list[Any] = list(rows.values_list("pk", flat=True)[:PURGE_LIMIT])
        total += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return total
