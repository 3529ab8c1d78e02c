"""The outbox of notices: a failing Slack or mail server delays only its own rows.

Every medium and recipient has a row of its own.
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

# How long a claim lasts; afterwards the worker counts as dead.
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
    """Write the rows of a notice, in the transaction of its cause.

    The same key is sent to the same recipient once.
    """
    severity = severity or (incident.severity if incident else Severity.LOW)
    subject = subject or f"{severity}: {text}"
    called = contacts.on_call() if severity == Severity.CRITICAL else []
    if called:
        order = ", ".join(f"{n}. {one.role}" for n, one in enumerate(called, 1))
        text = f"{text[: LONGEST_TEXT - 200].rstrip('. ')}. On call: {order}"
    addresses = alert_addresses(severity, (one.email for one in called))
    return _create(
        [(Medium.CHAT, ""), *((Medium.EMAIL, address) for address in addresses)],
        text=text[:LONGEST_TEXT],
        subject=subject,
        key=key,
        incident=incident,
    )


def queue_report(*, subject: str, text: str, key: str = "") -> list[Notice]:
    """Write the rows of a report for every configured medium."""
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
    recipients: list[tuple[Notice.Medium, str]],
    *,
    text: str,
    subject: str,
    key: str = "",
    incident: Incident | None = None,
) -> list[Notice]:
    """Write the rows; phone numbers, codes and addresses are removed from the texts."""
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
            for medium, recipient in recipients
        ],
        ignore_conflicts=bool(key),
    )


def alert_addresses(severity: str, on_call: Iterable[str]) -> list[str]:
    """Return who gets an e-mail; without Slack every severity is sent by e-mail."""
    if not transports.email_is_configured():
        return []
    found = []
    if severity in URGENT or not settings.SLACK_WEBHOOK_URL:
        found += settings.ALERT_EMAILS
    found += [address for address in on_call if address]
    return list({address.lower(): address for address in found}.values())


def claim(*, medium: str) -> Notice | None:
    """Lease the next due notice of a medium, and count the attempt."""
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
    """Schedule the next attempt or give up; return True when given up."""
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
