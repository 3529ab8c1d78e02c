"""The team's tasks: due checklist lines, announcements, contacts and checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from rollout.announcements import announcements
from rollout.checklists import checklists
from rollout.flags.selectors import latest_check
from rollout.models import Announcement, ChecklistItem, CheckRun, Contact
from rollout.notices import contacts
from rollout.policy.schedule import DueState

if TYPE_CHECKING:
    from datetime import datetime

SHOWN_ANNOUNCEMENTS = 5


@dataclass(frozen=True, slots=True)
class ChecklistTask:
    """A checklist line that a person must tick now."""

    item: int
    section: str
    text: str
    cadence: str
    is_overdue: bool
    due_by: datetime | None


@dataclass(frozen=True, slots=True)
class AnnouncementProgress:
    """An announcement and how many recipients it has reached."""

    id: int
    subject: str
    audience: str
    medium: str
    status: str
    recipients: int
    reached: int
    failed: int


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A person on call, or the support of a provider."""

    role: str
    name: str
    phone: str
    email: str
    is_on_call: bool
    problem: str


@dataclass(frozen=True, slots=True)
class LatestCheck:
    """The newest pre-flight, smoke test or probe."""

    kind: str
    title: str
    passed: bool | None
    at: datetime | None
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tasks:
    due: tuple[ChecklistTask, ...]
    done: int
    lines: int
    messages: tuple[AnnouncementProgress, ...]
    # In the order in which they are called; the providers' support is last.
    numbers: tuple[ContactRow, ...]
    checks: tuple[LatestCheck, ...]

    @property
    def to_call(self) -> ContactRow | None:
        """Return the first contact on call who has a telephone number."""
        return next((n for n in self.numbers if n.is_on_call and n.phone), None)


def read_tasks() -> Tasks:
    lines = checklists.checklist_lines()
    required = [line for line in lines if line.item.is_required]
    return Tasks(
        due=tuple(_task(line) for line in checklists.due_first(lines)),
        done=sum(line.is_met for line in required),
        lines=len(required),
        messages=_announcements(),
        numbers=_contacts(),
        checks=tuple(_check(kind) for kind in CheckRun.Kind),
    )


def _task(line: checklists.ChecklistLine) -> ChecklistTask:
    return ChecklistTask(
        item=line.item.pk,
        section=gettext(line.item.section),
        text=gettext(line.item.text),
        cadence=gettext(ChecklistItem.Cadence(line.item.cadence).label).lower(),
        is_overdue=line.due_status.state == DueState.OVERDUE,
        due_by=line.due_status.due_by,
    )


def _announcements() -> tuple[AnnouncementProgress, ...]:
    rows = list(Announcement.objects.order_by("-id")[:SHOWN_ANNOUNCEMENTS])
    counts = announcements.counts_of(rows)
    return tuple(
        AnnouncementProgress(
            id=row.pk,
            subject=row.subject,
            audience=row.get_audience_display(),
            medium=row.get_medium_display(),
            status=row.get_status_display(),
            recipients=counts[row.pk].recipients,
            reached=counts[row.pk].delivered,
            failed=counts[row.pk].failed,
        )
        for row in rows
    )


def _contacts() -> tuple[ContactRow, ...]:
    on_call = contacts.on_call()
    support = Contact.objects.filter(is_active=True, order=0)
    return tuple(
        ContactRow(
            role=row.role,
            name=row.name,
            phone=row.phone,
            email=row.email,
            is_on_call=row in on_call,
            problem=gettext("no person is named yet")
            if row in on_call and contacts.is_placeholder(row)
            else "",
        )
        for row in (*on_call, *(each for each in support if each not in on_call))
    )


def _check(kind: CheckRun.Kind) -> LatestCheck:
    row = latest_check(kind)
    return LatestCheck(
        kind=kind.value,
        title=gettext(str(kind.label).capitalize()),
        passed=row.passed if row else None,
        at=row.finished_at if row else None,
        failed=tuple(
            f"{gettext(each.get('title') or each.get('name'))}: {gettext(each.get('detail', ''))}"
            for each in (row.results if row else [])
            if each.get("status") == "failed"
        ),
    )
