"""Announcements to engineering, beta members or everyone: draft, approve, send, count.

The author cannot approve, and only the approved text is sent. Each recipient is a row
and receives the announcement once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from easymo.observability.privacy import scrub
from easymo.sentences import label, translatable
from rollout.announcements import sending
from rollout.core import clock, jobs
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import InvalidChange, InvalidTransition
from rollout.core.ports import ports
from rollout.incidents.incidents import valid_text
from rollout.locks import lock_announcement
from rollout.models import Announcement, AnnouncementDelivery
from rollout.notices import transports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet

Status = Announcement.Status
Medium = Announcement.Medium
Audience = Announcement.Audience
MEDIA: dict[str, tuple[str, ...]] = {
    Audience.ENGINEERING: (Medium.EMAIL, Medium.SLACK, Medium.OTHER),
    Audience.BETA: (Medium.WHATSAPP, Medium.EMAIL, Medium.OTHER),
    Audience.ALL: (Medium.WHATSAPP, Medium.OTHER),
}
NO_RECIPIENTS = {
    Audience.ENGINEERING: translatable(
        "neither ALERT_EMAILS nor a contact has an address"
    ),
    Audience.BETA: translatable("the cohort beta has no members"),
    Audience.ALL: translatable("no person may be written to"),
}
LONGEST = 4_000
# The limit of a template parameter, which includes the subject.
LONGEST_WHATSAPP = 900
LONGEST_SUBJECT = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """Recipients by state. WhatsApp messages count as delivered when in our outbox."""

    recipients: int = 0
    pending: int = 0
    delivered: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        reached_announcements = f"{self.delivered} of {self.recipients} told"
        rest = [
            f"{number} {word}"
            for number, word in (
                (self.pending, "waiting"),
                (self.failed, "failed"),
                (self.skipped, "skipped"),
            )
            if number
        ]
        return ", ".join([reached_announcements, *rest])


def draft(
    *, audience: str, medium: str, subject: str, text: str, by: str
) -> Announcement:
    """Create a draft that another person must approve."""
    subject, text = valid_words(subject, text, medium)
    valid_medium(audience, medium)
    return Announcement.objects.create(
        audience=audience,
        medium=medium,
        subject=subject,
        text=text,
        drafted_by=valid_actor(by),
        drafted_at=clock.now(),
    )


def rewrite(*, announcement: Announcement, subject: str, text: str, by: str) -> None:
    """Change a draft; the last editor becomes its author."""
    by = valid_actor(by)
    with transaction.atomic():
        row = lock_announcement(announcement)
        refuse_unless(row, Status.DRAFT)
        row.subject, row.text = valid_words(subject, text, row.medium)
        row.drafted_by = by
        row.save(update_fields=["subject", "text", "drafted_by"])
    announcement.refresh_from_db()


def approve(*, announcement: Announcement, by: str, seen: str = "") -> None:
    """Approve a draft of another person; `seen` is the fingerprint of the text read."""
    by = valid_actor(by)
    with transaction.atomic():
        row = lock_announcement(announcement)
        refuse_unless(row, Status.DRAFT)
        if by.casefold() == row.drafted_by.casefold():
            raise InvalidChange(
                translatable("The author of an announcement cannot approve it.")
            )
        if seen and seen != fingerprint(row):
            raise InvalidChange(
                translatable("The text was changed meanwhile: read it again.")
            )
        row.status, row.approved_by, row.approved_at = Status.APPROVED, by, clock.now()
        row.save(update_fields=["status", "approved_by", "approved_at"])
    announcement.refresh_from_db()


def take_back(*, announcement: Announcement) -> None:
    """Turn an approved announcement that is not sent into a draft again."""
    with transaction.atomic():
        row = lock_announcement(announcement)
        refuse_unless(row, Status.APPROVED)
        row.status, row.approved_by, row.approved_at = Status.DRAFT, "", None
        row.save(update_fields=["status", "approved_by", "approved_at"])
    announcement.refresh_from_db()


def send(*, announcement: Announcement, by: str) -> Announcement:
    """Start sending; the worker continues. For other media only record it as sent."""
    by = valid_actor(by)
    with transaction.atomic():
        row = lock_announcement(announcement)
        refuse_unless(row, Status.APPROVED)
        refuse_unconfigured_medium(row)
        row.sent_by = by
        if row.medium == Medium.OTHER:
            row.status, row.sent_at = Status.SENT, clock.now()
        else:
            row.status = Status.SENDING
            _add_recipients(row)
        row.save(update_fields=["status", "sent_by", "sent_at"])
        jobs.enqueue_announcements()
        jobs.enqueue_notices()
    announcement.refresh_from_db()
    return announcement


def why_not_send(announcement: Announcement) -> str:
    """Return why it would reach no recipient, or an empty text; writes nothing."""
    try:
        refuse_unconfigured_medium(announcement)
        if announcement.medium != Medium.OTHER:
            with transaction.atomic():
                _add_recipients(announcement)
                transaction.set_rollback(True)
    except InvalidChange as error:
        return str(error)
    return ""


def _add_recipients(row: Announcement) -> None:
    sending.add_first(row)
    if not row.deliveries.exists():
        raise InvalidChange(
            translatable(
                "There are no recipients: {why}.",
                why=NO_RECIPIENTS[Audience(row.audience)],
            )
        )


def reached_announcements() -> QuerySet[Announcement]:
    """Return the announcements that reached a recipient or were sent by other means."""
    reached = AnnouncementDelivery.objects.filter(
        announcement=OuterRef("pk"), status=AnnouncementDelivery.Status.HANDED_OVER
    )
    return Announcement.objects.filter(
        Q(medium=Medium.OTHER) | Exists(reached), status=Status.SENT
    )


def counts(announcement: Announcement) -> Counts:
    return counts_of([announcement])[announcement.pk]


def counts_of(announcements: Sequence[Announcement]) -> dict[int, Counts]:
    """Count the recipients of each by state: one query."""
    rows = AnnouncementDelivery.objects.filter(announcement__in=announcements)
    found: dict[int, Counter[str]] = {row.pk: Counter() for row in announcements}
    numbers = rows.order_by().values_list("announcement", "status")
    for announcement, status, number in numbers.annotate(number=Count("*")):
        found[announcement][status] = number
    return {pk: _counts(each) for pk, each in found.items()}


def _counts(by_status: Counter[str]) -> Counts:
    statuses = AnnouncementDelivery.Status
    return Counts(
        recipients=by_status.total(),
        pending=by_status[statuses.PENDING],
        delivered=by_status[statuses.HANDED_OVER],
        failed=by_status[statuses.FAILED],
        skipped=by_status[statuses.SKIPPED],
    )


def fingerprint(announcement: Announcement) -> str:
    """Return a hash of the text, to detect a change between reading and approving."""
    reached_announcements = f"{announcement.subject}\0{announcement.text}".encode()
    return hashlib.sha256(reached_announcements).hexdigest()


def refuse_unless(announcement: Announcement, status: str) -> None:
    if announcement.status != status:
        now = label(Status(announcement.status).label)
        raise InvalidTransition(
            translatable(
                "This announcement is {now}, not {wanted}.",
                now=now,
                wanted=label(Status(status).label),
            )
        )


def refuse_unconfigured_medium(announcement: Announcement) -> None:
    """Refuse a medium that is not configured."""
    media: dict[str, tuple[Callable[[], bool], str]] = {
        Medium.SLACK: (lambda: bool(settings.SLACK_WEBHOOK_URL), "SLACK_WEBHOOK_URL"),
        Medium.EMAIL: (transports.email_is_configured, "EMAIL_URL"),
        Medium.WHATSAPP: (lambda: ports.tell is not None, "WhatsApp"),
    }
    is_open, setting = media.get(announcement.medium, (lambda: True, ""))
    if not is_open():
        raise InvalidChange(
            translatable(
                "{setting} is not set: no recipient would be reached.", setting=setting
            )
        )


def valid_medium(audience: str, medium: str) -> None:
    if medium not in MEDIA.get(audience, ()):
        known = "; ".join(f"{who}: {', '.join(how)}" for who, how in MEDIA.items())
        raise InvalidChange(
            translatable(
                "This medium does not fit the audience. Possible are {known}.",
                known=known,
            )
        )


def valid_words(subject: str, text: str, medium: str) -> tuple[str, str]:
    """Return both without phone numbers, codes and addresses."""
    longest = LONGEST_WHATSAPP if medium == Medium.WHATSAPP else LONGEST
    line = valid_reason(subject)
    if len(line) > LONGEST_SUBJECT:
        raise InvalidChange(
            translatable(
                "A subject has at most {most} characters.",
                most=LONGEST_SUBJECT,
            )
        )
    return line, scrub(valid_text(text, longest=longest))[:longest]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text to start a draft with."""

    audience_and_medium: str
    subject: str
    text: str


SUGGESTED = {
    "engineering": Suggestion(
        "engineering:email",
        "The agent goes into service",
        """\
We deploy the voucher agent, stage by stage: internal smoke tests, a beta with 5 to 10
of our own people, then everyone. Every feature begins switched off.

During the deployment the Slack channel has the news. Everything can be turned off in a
second: Kill all on the first page of the back office, or
python manage.py rollback quick --reason "…".

Who is on call stands on the same page.""",
    ),
    "beta": Suggestion(
        "beta:whatsapp",
        "You are in the beta",
        """\
You can try our assistant on WhatsApp before everyone else.
How: write "hello" to this number. Ask for your vouchers, or for help; staff can look a
customer up and create a voucher. "agent" brings you a person.
Please tell us what went wrong, and what went well: just write it here.
Help: see the programme's help pages. STOP ends our messages.""",
    ),
    "all": Suggestion(
        "all:whatsapp",
        "Our assistant answers you now",
        """\
You can now write to us here at any time: our assistant helps with your fuel vouchers.
Write "hello" to begin, "agent" for a person. Your vouchers and codes stay as they are.
Help: see the programme's help pages. STOP ends our messages.""",
    ),
}
