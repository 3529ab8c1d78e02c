"""Tell approvers what waits for a second person, and what ended undecided, once each.

The rows say what waits, whatever wrote them; a notice follows within a minute.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from rollout.core import jobs
from rollout.notices import notices
from vouchers.models import (
    AuthorityChange,
    Batch,
    ReversalRequest,
    Voucher,
    VoucherEvent,
)
from vouchers.money import Money, format_money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

# Older rows were told about, or waited before there were notices.
NEWEST = timedelta(hours=24)
MOST = 20


def _vouchers() -> QuerySet[Voucher]:
    return Voucher.objects.filter(
        status=Voucher.Status.PENDING_APPROVAL,
        created_at__gt=timezone.now() - NEWEST,
        owner__is_sandbox=False,
    )


def _reversals() -> QuerySet[ReversalRequest]:
    waiting = ReversalRequest.objects.filter(decision="waiting")
    return waiting.filter(asked_at__gt=timezone.now() - NEWEST).select_related(
        "voucher"
    )


def _batches() -> QuerySet[Batch]:
    waiting = Batch.objects.filter(state=Batch.State.WAITING)
    return waiting.filter(created_at__gt=timezone.now() - NEWEST)


def _changes() -> QuerySet[AuthorityChange]:
    waiting = AuthorityChange.objects.filter(decision="waiting")
    return waiting.filter(given_at__gt=timezone.now() - NEWEST)


def _ended() -> QuerySet[VoucherEvent]:
    """Return the requests that ended without a decision."""
    return VoucherEvent.objects.filter(
        kind=VoucherEvent.Kind.DECLINED,
        created_at__gt=timezone.now() - NEWEST,
        actor_kind="system",
        voucher__owner__is_sandbox=False,
    ).select_related("voucher")


def notify() -> int:
    """Queue a notice for each row that waits or ended and was not told; return how many."""
    count = 0
    for key, text in _waiting():
        if not notices.was_queued(key):
            notices.queue_notice(text=text, severity="low", key=key)
            count += 1
    if count:
        jobs.enqueue_notices()
    return count


def _waiting() -> Iterator[tuple[str, str]]:
    """Yield key and text. References say which one; names and reasons are left out."""
    for voucher in _vouchers().order_by("-id")[:MOST]:
        amount = format_money(Money(voucher.amount_minor, voucher.currency))
        what = f"Voucher {voucher.reference} of {amount}"
        yield _notice("voucher", voucher, what, reverse("approval", args=[voucher.pk]))
    for event in _ended().order_by("-created_at")[:MOST]:
        page = reverse("approval", args=[event.voucher_id])
        yield (
            f"ended:voucher:{event.voucher_id}",
            f"Voucher {event.voucher.reference} was not decided in time and has ended: "
            f"{settings.SITE_ADDRESS}{page}",
        )
    for request in _reversals().order_by("-id")[:MOST]:
        reference = request.voucher.reference
        yield _notice("reversalrequest", request, f"The reversal of {reference}")
    for batch in _batches().order_by("-id")[:MOST]:
        total = format_money(Money(batch.total_minor, batch.currency))
        what = f"A batch of {batch.count:,} vouchers of {total} in all"
        yield _notice("batch", batch, what)
    for change in _changes().order_by("-id")[:MOST]:
        yield _notice("authoritychange", change, "A change of a role or of rights")


def _notice(
    model: str,
    row: Voucher | ReversalRequest | Batch | AuthorityChange,
    what: str,
    page: str = "",
) -> tuple[str, str]:
    page = page or reverse(f"admin:vouchers_{model}_change", args=[row.pk])
    key = f"waits:{model}:{row.pk}"
    return key, f"{what} waits for a second person: {settings.SITE_ADDRESS}{page}"
