"""Whoever issued a voucher hears when its owner was not reached with it.

Where it is known at once, the receipt says so; where the message fails later, another
message does.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from agents.models import Announcement, OutboundMessage
from agents.notifications.messages import tell_issuer
from agents.notifications.voucher_events import RELATED
from vouchers.models import VoucherEvent

Outcome = Announcement.Outcome
# What failed before that is known from elsewhere.
STALE = timedelta(hours=48)
MOST = 200
# The cause of the message that brings an owner her code: told:<event>:issued.
TOLD, ISSUED = "told:", ":issued"


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
