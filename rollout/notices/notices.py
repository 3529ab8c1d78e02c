"""Notices wait in our rows, so that a dead Slack or mail server can hold up nothing.

Each road is a row of its own: what one of them does not take, the others have.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from easymo.observability.privacy import scrub
from rollout.core import clock
from rollout.models import AnnouncementDelivery, Incident, Notice
from rollout.notices import contacts, transports

if TYPE_CHECKING:
    from collections.abc import Iterable

# A claimed notice is nobody else's for so long; then its worker is taken for dead.
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 12
LONGEST_PAUSE_S = 600
LONGEST_TEXT = 2_000
LONGEST_REPORT = 20_000
LONGEST_SUBJECT = 150

Severity = Incident.Severity
Medium = Notice.Medium
Delivery = AnnouncementDelivery
URGENT = {Severity.HIGH, Severity.CRITICAL}


def queue_notice(
    *,
    text: str,
    incident: Incident | None = None,
    severity: str = "",
    subject: str = "",
    key: str = "",
) -> list[Notice]:
    """Put a notice on its way, in the transaction of what it tells; one row a road.

    The same key goes to the same recipient once.
    """
    severity = severity or (incident.severity if incident else Severity.LOW)
    subject = subject or f"{severity}: {text}"
    people = contacts.on_call() if severity == Severity.CRITICAL else []
    if people:
        order = ", ".join(f"{n}. {one.role}" for n, one in enumerate(people, 1))
        text = f"{text[: LONGEST_TEXT - 200].rstrip('. ')}. On call: {order}"
    addresses = alert_addresses(severity, (one.email for one in people))
    return _create(
        [(Medium.CHAT, ""), *((Medium.EMAIL, address) for address in addresses)],
        text=text[:LONGEST_TEXT],
        subject=subject,
        key=key,
        incident=incident,
    )


def queue_report(*, subject: str, text: str, key: str = "") -> list[Notice]:
    """Send a report over every road there is."""
    addresses = settings.ALERT_EMAILS if transports.email_is_configured() else []
    return _create(
        [(Medium.CHAT, ""), *((Medium.EMAIL, address) for address in addresses)],
        text=text[:LONGEST_REPORT],
        subject=subject,
        key=key,
    )


def was_queued(key: str) -> bool:
    return Notice.objects.filter(key=key).exists()


def _create(
    roads: list[tuple[Notice.Medium, str]],
    *,
    text: str,
    subject: str,
    key: str = "",
    incident: Incident | None = None,
) -> list[Notice]:
    """Write the rows; numbers, codes and addresses are taken out of what they say."""
    shown = transports.header_line(scrub(subject))
    return Notice.objects.bulk_create(
        [
            Notice(
                incident=incident,
                medium=medium,
                recipient=recipient,
                subject=f"[easymo] {shown}"[:LONGEST_SUBJECT],
                text=scrub(text),
                key=key,
            )
            for medium, recipient in roads
        ],
        ignore_conflicts=bool(key),
    )


def alert_addresses(severity: str, on_call: Iterable[str]) -> list[str]:
    """Return who gets an e-mail: all of them when it is critical.

    Without Slack e-mail is the only road that anybody reads.
    """
    if not transports.email_is_configured():
        return []
    found = []
    if severity in URGENT or not settings.SLACK_WEBHOOK_URL:
        found += settings.ALERT_EMAILS
    found += [address for address in on_call if address]
    return list({address.lower(): address for address in found}.values())


def claim(*, medium: str) -> Notice | None:
    """Take this road's next due notice for LEASE; count the attempt beforehand."""
    now = clock.now()
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(skip_locked=True)
            .filter(
                status=Notice.Status.PENDING, medium=medium, next_attempt_at__lte=now
            )
            .order_by("id")
            .first()
        )
        if notice is None:
            return None
        notice.attempts += 1
        notice.next_attempt_at = now + LEASE
        notice.save(update_fields=["attempts", "next_attempt_at"])
    return notice


def settle_sent(notice_id: int) -> None:
    with transaction.atomic():
        pending = Notice.objects.filter(pk=notice_id, status=Notice.Status.PENDING)
        now = clock.now()
        if pending.update(status=Notice.Status.SENT, sent_at=now, last_error=""):
            _settle_delivery(notice_id, Delivery.Status.HANDED_OVER, "")


def settle_failed(notice_id: int, *, code: str, permanent: bool) -> bool:
    """Plan the next attempt, or give up; True when given up."""
    with transaction.atomic():
        pending = Notice.objects.filter(pk=notice_id, status=Notice.Status.PENDING)
        notice = pending.first()
        if notice is None:
            return False
        if permanent or notice.attempts >= MOST_ATTEMPTS:
            if pending.update(status=Notice.Status.FAILED, last_error=code[:200]):
                _settle_delivery(notice_id, Delivery.Status.FAILED, code)
            return True
        pause = timedelta(seconds=min(2**notice.attempts, LONGEST_PAUSE_S))
        pending.update(next_attempt_at=clock.now() + pause, last_error=code[:200])
    return False


def _settle_delivery(notice_id: int, status: str, error: str) -> None:
    Delivery.objects.filter(notice=notice_id, status=Delivery.Status.PENDING).update(
        status=status, error=error[:200], settled_at=clock.now()
    )
