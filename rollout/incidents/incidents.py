"""Incidents: open, change the status, add notes, lessons learned and action items."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import Error, transaction

from easymo.code_texts import blank_codes
from easymo.observability import leaks
from easymo.observability.logs import get_logger
from easymo.observability.privacy import scrub
from rollout.core import clock, jobs
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import (
    InvalidChange,
    InvalidReason,
    InvalidTransition,
    LessonsMissing,
)
from rollout.locks import lock_incident
from rollout.models import ActionItem, Incident, TimelineEntry
from rollout.models.incident import ALLOWED
from rollout.notices import notices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

logger = get_logger(__name__)
MAX_TEXT = 2000
SEVERITIES: list[str] = Incident.Severity.values
STAMPS: dict[str, str] = {
    Incident.Status.MITIGATED: "mitigated_at",
    Incident.Status.RESOLVED: "resolved_at",
    Incident.Status.CLOSED: "closed_at",
}
# The guide's lessons learned.
LESSONS = {
    "customer_impact": "issue and customer impact",
    "root_cause": "root cause",
    "resolution": "resolution",
    "prevention": "prevention",
}


def open_incident(*, key: str, title: str, severity: str, opened_by: str) -> Incident:
    """Return the unresolved incident of this key, opened when there is none."""
    return get_or_open(key=key, title=title, severity=severity, opened_by=opened_by)[0]


def get_or_open(
    *, key: str, title: str, severity: str, opened_by: str
) -> tuple[Incident, bool]:
    """Return the unresolved incident of this key, and whether it was opened now."""
    return Incident.objects.get_or_create(
        dedupe_key=key,
        resolved_at=None,
        defaults={
            "title": scrub(title)[:200],
            "severity": severity,
            "opened_by": opened_by,
        },
    )


def reopen_or_raise(incident: Incident, *, severity: str, author: str) -> None:
    """Reopen a mitigated incident or raise its severity, after a new breach.

    Users can only move an incident forward. A locked row does not stop the rollback.
    """
    is_worse = SEVERITIES.index(severity) > SEVERITIES.index(incident.severity)
    if incident.status == Incident.Status.OPEN and not is_worse:
        return
    try:
        with transaction.atomic():
            _open_again(lock_incident(incident), severity, author)
    except Error as error:
        logger.error(  # noqa: TRY400 - its traceback may quote rows
            "rollout.incident.behind", error=type(error).__name__
        )
    incident.refresh_from_db()


def _open_again(row: Incident, severity: str, author: str) -> None:
    changes = []
    if row.status == Incident.Status.MITIGATED:
        row.status, row.mitigated_at = Incident.Status.OPEN, None
        changes.append("open again: the problem has come back")
    if SEVERITIES.index(severity) > SEVERITIES.index(row.severity):
        changes.append(f"severity {row.severity} → {severity}")
        row.severity = severity
    row.save(update_fields=["status", "mitigated_at", "severity"])
    for text in changes:
        write_entry(row, kind=TimelineEntry.Kind.STATUS, author=author, text=text)


def write_entry(
    incident: Incident,
    *,
    kind: str,
    author: str,
    text: str,
    data: Mapping[str, Any] | None = None,
) -> TimelineEntry:
    """Add an entry to the timeline; numbers, codes and addresses are masked."""
    return TimelineEntry.objects.create(
        incident=incident,
        kind=kind,
        author=author,
        text=leaks.guard(scrub(text)[:MAX_TEXT], leaks.TIMELINE),
        data=dict(data or {}),
    )


def report_incident(*, title: str, severity: str, text: str, by: str) -> Incident:
    """Open an incident as a person and notify the contacts on call; one for each title."""
    by, title, text = valid_actor(by), valid_reason(title), valid_text(text)
    valid_severity(severity)
    key = f"person:{' '.join(title.lower().split())}"[:100]
    with transaction.atomic():
        incident, is_new = get_or_open(
            key=key, title=title, severity=severity, opened_by=by
        )
        write_entry(incident, kind=TimelineEntry.Kind.NOTE, author=by, text=text)
        if is_new:
            notify_on_call(incident, f"Incident {incident.pk} opened by {by}: {title}")
    return incident


def notify_on_call(incident: Incident, text: str) -> None:
    """Queue a notice, by the severity of the incident."""
    notices.queue_notice(incident=incident, text=text)
    jobs.enqueue_notices()


def add_note(*, incident: Incident, text: str, author: str) -> TimelineEntry:
    return write_entry(
        incident,
        kind=TimelineEntry.Kind.NOTE,
        author=valid_actor(author),
        text=valid_text(text),
    )


def set_status(*, incident: Incident, status: str, reason: str, author: str) -> None:
    """Mitigate, resolve or close an incident.

    Raises InvalidTransition, and LessonsMissing when it cannot be closed.
    """
    author, reason = valid_actor(author), valid_reason(reason)
    if status not in STAMPS:
        raise InvalidTransition(f"There is no status {status!r} to go to.")
    before = [old for old, allowed in ALLOWED.items() if status in allowed]
    with transaction.atomic():
        row = lock_incident(incident)
        if row.status not in before:
            raise InvalidTransition(_why_not(row.status, status))
        if status == Incident.Status.CLOSED:
            refuse_without_lessons(row)
        row.status = status
        setattr(row, STAMPS[status], clock.now())
        row.save(update_fields=["status", STAMPS[status]])
        write_entry(
            row,
            kind=TimelineEntry.Kind.STATUS,
            author=author,
            text=f"{status}: {reason}",
        )
    incident.refresh_from_db()


def _why_not(status: str, wanted: str) -> str:
    if status == wanted:
        return f"This incident is {status} already."
    follows = " or ".join(sorted(ALLOWED[status]))
    if not follows:
        return f"This incident is {status}, and stays so."
    return f"This incident is {status}: {follows} comes next, not {wanted}."


def set_severity(
    *, incident: Incident, severity: str, reason: str, author: str
) -> None:
    """Set the severity; a higher one is notified."""
    author, reason = valid_actor(author), valid_reason(reason)
    valid_severity(severity)
    with transaction.atomic():
        row = lock_incident(incident)
        refuse_closed(row)
        before = row.severity
        if before == severity:
            raise InvalidChange(f"The severity is {severity} already.")
        row.severity = severity
        row.save(update_fields=["severity"])
        write_entry(
            row,
            kind=TimelineEntry.Kind.STATUS,
            author=author,
            text=f"severity {before} → {severity}: {reason}",
        )
        if SEVERITIES.index(severity) > SEVERITIES.index(before):
            notify_on_call(row, f"Incident {row.pk} is now {severity}: {reason}")
    incident.refresh_from_db()


def take_command(*, incident: Incident, commander: str, author: str) -> None:
    """Set the commander of an incident."""
    author, commander = valid_actor(author), valid_actor(commander)
    with transaction.atomic():
        row = lock_incident(incident)
        refuse_closed(row)
        if row.commander == commander:
            raise InvalidChange(f"{commander} leads already.")
        before = f", after {row.commander}" if row.commander else ""
        row.commander = commander
        row.save(update_fields=["commander"])
        write_entry(
            row,
            kind=TimelineEntry.Kind.STATUS,
            author=author,
            text=f"{commander} leads{before}",
        )
    incident.refresh_from_db()


def refuse_without_lessons(incident: Incident) -> None:
    if sentence := missing_lessons(incident):
        raise LessonsMissing(sentence)


def missing_lessons(incident: Incident) -> str:
    """Return which lessons are not written, or an empty text."""
    missing = [
        label for name, label in LESSONS.items() if not getattr(incident, name).strip()
    ]
    return f"Write down first: {', '.join(missing)}." if missing else ""


def refuse_closed(incident: Incident) -> None:
    if incident.status == Incident.Status.CLOSED:
        raise InvalidTransition("This incident is closed; add a note instead.")


def valid_severity(severity: str) -> None:
    if severity not in SEVERITIES:
        raise InvalidChange(f"A severity is one of {', '.join(SEVERITIES)}.")


def valid_text(text: str, *, longest: int = MAX_TEXT) -> str:
    """Return several lines stripped and without codes; refuse an unprintable text."""
    stripped = text.replace("\r\n", "\n").strip()
    if not 1 <= len(stripped) <= longest:
        raise InvalidReason(f"A text has 1 to {longest} characters.")
    if any(
        unicodedata.category(c) in {"Cc", "Cs"} for c in stripped if c not in "\n\t"
    ):
        raise InvalidReason("A text has no control characters but line breaks.")
    return blank_codes(stripped)


MAX_LESSON = 4_000


def write_lessons(*, incident: Incident, author: str, **lessons: str) -> None:
    """Write one or several of the four lessons."""
    author = valid_actor(author)
    if unknown := set(lessons) - set(LESSONS):
        raise InvalidChange(f"There is no lesson called {min(unknown)!r}.")
    written = {
        name: scrub(valid_text(text, longest=MAX_LESSON))[:MAX_LESSON]
        for name, text in lessons.items()
    }
    with transaction.atomic():
        row = lock_incident(incident)
        refuse_closed(row)
        changed = {
            name: text for name, text in written.items() if getattr(row, name) != text
        }
        for name, text in changed.items():
            setattr(row, name, text)
            write_entry(
                row,
                kind=TimelineEntry.Kind.NOTE,
                author=author,
                text=f"{LESSONS[name]}: {text}",
            )
        row.save(update_fields=list(changed))
    incident.refresh_from_db()


def add_action(
    *, incident: Incident, text: str, owner: str, due: date, author: str
) -> ActionItem:
    """Add an action item with an owner and a due date."""
    author, owner = valid_actor(author), valid_actor(owner)
    text = valid_reason(text)
    with transaction.atomic():
        item = ActionItem.objects.create(
            incident=incident, text=text, owner=owner, due=due
        )
        write_entry(
            incident,
            kind=TimelineEntry.Kind.NOTE,
            author=author,
            text=f"action item for {owner} by {due:%d %b %Y}: {text}",
        )
    return item


def finish_action(*, item: ActionItem, author: str) -> None:
    """Mark an action item as done, once."""
    author = valid_actor(author)
    with transaction.atomic():
        pending = ActionItem.objects.filter(pk=item.pk, done_at__isnull=True)
        if not pending.update(done_at=clock.now(), done_by=author):
            raise InvalidChange("That action item is done already.")
        write_entry(
            item.incident,
            kind=TimelineEntry.Kind.NOTE,
            author=author,
            text=f"done: {item.text}",
        )
    item.refresh_from_db()
