"""Whoever issued a voucher hears when its owner was not reached with it.

Where it is known at once, the receipt says so; where the message fails later, another
message does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.models import Announcement, OutboundMessage, ToolCall
from agents.runtime.texts import render
from agents.services.announcements import RELATED, announce_issue
from agents.services.news import tell_issuer
from vouchers.models import Voucher, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.services.receipts import Reply

Outcome = Announcement.Outcome
# What failed before that is known from elsewhere.
STALE = timedelta(hours=48)
MOST = 200
# The cause of the message that brings an owner her code: told:<event>:issued.
TOLD, ISSUED = "told:", ":issued"


def noted(reply: Reply, calls: Sequence[ToolCall], language: str) -> Reply:
    """Tell the owner of what this turn issued; say in the receipt when that cannot be.

    Within the transaction that closes the turn.
    """
    if reply.outcome != "receipt":
        return reply
    for call in calls:
        voucher = _issued_by(call)
        if voucher is None or voucher.created_by_profile_id == voucher.owner_id:
            continue
        if announce_issue(voucher) == Outcome.UNREACHABLE:
            line = render("receipt.not_reached", language)
            return replace(reply, body=f"{reply.body}\n\n{line}")
    return reply


def tell_of_failures() -> int:
    """Tell the issuers of messages that were sent and did not arrive."""
    failed = OutboundMessage.objects.filter(
        state=OutboundMessage.State.FAILED,
        given_up_at=None,
        created_at__gt=timezone.now() - STALE,
        cause__startswith=TOLD,
        cause__endswith=ISSUED,
    ).values_list("cause", flat=True)
    events = [int(cause.removeprefix(TOLD).removesuffix(ISSUED)) for cause in failed]
    done = 0
    with transaction.atomic():
        announcements = list(
            Announcement.objects.select_for_update(skip_locked=True)
            .filter(pk__in=events, outcome=Outcome.TOLD)
            .order_by("pk")[:MOST]
        )
        found = VoucherEvent.objects.select_related(*RELATED).in_bulk(
            [announcement.pk for announcement in announcements]
        )
        for announcement in announcements:
            announcement.outcome = Outcome.UNREACHABLE
            announcement.save(update_fields=["outcome"])
            if event := found.get(announcement.pk):
                tell_issuer(event)
                done += 1
    return done


def _issued_by(call: ToolCall) -> Voucher | None:
    result = call.result or {}
    is_issue = call.is_write and call.status == ToolCall.Status.SUCCEEDED
    if not is_issue or result.get("status") != Voucher.Status.ISSUED:
        return None
    return Voucher.objects.filter(reference=result.get("reference")).first()
