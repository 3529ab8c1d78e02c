"""Sends announcements to their recipients in batches, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F

from easymo.observability.logs import get_logger
from rollout.core import clock
from rollout.core.ports import ports
from rollout.locks import lock_announcement, lock_delivery
from rollout.models import (
    Announcement,
    AnnouncementDelivery,
    CohortMember,
    Contact,
    Notice,
)
from rollout.notices import transports
from rollout.policy.stages import BETA_COHORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = get_logger(__name__)
Status = AnnouncementDelivery.Status
Medium = Announcement.Medium
Audience = Announcement.Audience
BATCH = 100
MOST_ATTEMPTS = 3
SLACK = "slack"
UNADDRESSED = "no e-mail address, or opted out"


def add_first(announcement: Announcement) -> None:
    """Write the recipients, or the first batch of everyone; needs a transaction."""
    if announcement.audience == Audience.ALL:
        add_batch(announcement)
    elif announcement.medium == Medium.SLACK:
        _add_notices(announcement, {SLACK: ""})
    elif announcement.audience == Audience.ENGINEERING:
        _add_notices(announcement, {one: one for one in engineering()})
    elif announcement.medium == Medium.EMAIL:
        found = ports.mail_addresses(members()) if ports.mail_addresses else {}
        _add_notices(announcement, {one: found.get(one) for one in members()})
    else:
        _add(announcement, members())


def members() -> list[str]:
    rows = CohortMember.objects.filter(cohort__name=BETA_COHORT)
    return list(rows.order_by("subject").values_list("subject", flat=True))


def engineering() -> list[str]:
    """Return the addresses of engineering, each once."""
    on_call = Contact.objects.filter(is_active=True, order__gt=0).exclude(email="")
    found = [*settings.ALERT_EMAILS, *on_call.values_list("email", flat=True)]
    return list({address.lower(): address for address in found}.values())


def add_batch(announcement: Announcement) -> int:
    """Write the next batch of recipients of everyone; return their number."""
    if announcement.audience != Audience.ALL or ports.audience is None:
        return 0
    rows = AnnouncementDelivery.objects.filter(announcement=announcement)
    last = rows.order_by("-recipient").values_list("recipient", flat=True).first()
    return _add(announcement, ports.audience(last or "", BATCH))


def _add(announcement: Announcement, recipients: Iterable[str]) -> int:
    rows = [
        AnnouncementDelivery(announcement=announcement, recipient=recipient)
        for recipient in recipients
    ]
    AnnouncementDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _add_notices(
    announcement: Announcement, addresses: Mapping[str, str | None]
) -> None:
    """Send as notices, which are retried by themselves."""
    chat = announcement.medium == Medium.SLACK
    for recipient, address in addresses.items():
        delivery = AnnouncementDelivery.objects.create(
            announcement=announcement,
            recipient=recipient,
            **({} if address is not None else _settled(Status.SKIPPED, UNADDRESSED)),
        )
        if address is not None:
            Notice.objects.create(
                medium=Notice.Medium.CHAT if chat else Notice.Medium.EMAIL,
                recipient=address,
                subject=transports.header_line(announcement.subject),
                text=f"{announcement.subject}\n\n{announcement.text}"
                if chat
                else announcement.text,
                delivery=delivery,
            )


def _settled(status: str, why: str) -> dict[str, object]:
    return {"status": status, "error": why[:200], "settled_at": clock.now()}


def step(announcement_id: int) -> bool:
    """Send one batch, write the next, or finish. Return False when nothing is to do."""
    announcement = Announcement.objects.get(pk=announcement_id)
    if announcement.status != Announcement.Status.SENDING:
        return False
    waiting = AnnouncementDelivery.objects.filter(
        announcement=announcement, status=Status.PENDING, notice=None
    )
    batch = list(
        waiting.order_by("attempts", "id").values_list("pk", flat=True)[:BATCH]
    )
    for delivery_id in batch:
        _send_to(announcement, delivery_id)
    return bool(batch) or _continue(announcement)


def _continue(announcement: Announcement) -> bool:
    with transaction.atomic():
        row = lock_announcement(announcement)
        if row.status != Announcement.Status.SENDING:
            return False
        if add_batch(row):
            return True
        if row.deliveries.filter(status=Status.PENDING).exists():
            # Its notice settles it.
            return False
        row.status, row.sent_at = Announcement.Status.SENT, clock.now()
        row.save(update_fields=["status", "sent_at"])
    logger.info("rollout.announcement.sent", announcement_id=announcement.pk)
    return False


def _send_to(announcement: Announcement, delivery_id: int) -> None:
    """Send to one recipient in a transaction; an error affects this recipient only."""
    try:
        with transaction.atomic():
            row = lock_delivery(delivery_id)
            if row is None or ports.tell is None:
                return
            reached = ports.tell(
                row.recipient,
                announcement.subject,
                announcement.text,
                f"announcement:{announcement.pk}:{row.recipient}",
            )
            row.status = OUTCOMES[reached.status]
            row.error, row.settled_at = reached.why[:200], clock.now()
            row.attempts += 1
            row.save(update_fields=["status", "error", "settled_at", "attempts"])
    except Exception as error:
        logger.exception("rollout.announcement.failed", delivery_id=delivery_id)
        _count_failure(delivery_id, type(error).__name__)


OUTCOMES = {
    "sent": Status.HANDED_OVER,
    "skipped": Status.SKIPPED,
    "failed": Status.FAILED,
}


def _count_failure(delivery_id: int, error: str) -> None:
    pending = AnnouncementDelivery.objects.filter(pk=delivery_id, status=Status.PENDING)
    pending.update(attempts=F("attempts") + 1, error=error[:200])
    pending.filter(attempts__gte=MOST_ATTEMPTS).update(**_settled(Status.FAILED, error))


def being_sent() -> list[int]:
    rows = Announcement.objects.filter(status=Announcement.Status.SENDING)
    return list(rows.order_by("pk").values_list("pk", flat=True))
