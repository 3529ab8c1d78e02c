"""What people have to do: lines of the guide, messages to send, whom to call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.announcements import announcements
from rollout.checklists import checklists
from rollout.flags.selectors import latest_check
from rollout.models import (
    Announcement,
    ChecklistItem,
    CheckRun,
    Contact,
)
from rollout.notices import contacts
from rollout.policy.schedule import State

if TYPE_CHECKING:
    from datetime import datetime

SHOWN_ANNOUNCEMENTS = 5


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of the guide that a person has to do now."""

    item: int
    section: str
    text: str
    cadence: str
    is_overdue: bool
    due_by: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """An announcement that is not sent yet, or the last that was."""

    id: int
    subject: str
    audience: str
    medium: str
    status: str
    recipients: int
    reached: int
    failed: int


@dataclass(frozen=True, slots=True)
class Number:
    """Somebody to call, first one first; a provider's support comes last."""

    role: str
    name: str
    phone: str
    email: str
    is_on_call: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Check:
    """The newest pre-flight, smoke test or probe."""

    kind: str
    title: str
    passed: bool | None
    at: datetime | None
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duties:
    """Everything that waits for somebody of the team."""

    due: tuple[Duty, ...]
    done: int
    lines: int
    messages: tuple[Message, ...]
    numbers: tuple[Number, ...]
    checks: tuple[Check, ...]

    @property
    def to_call(self) -> Number | None:
        """Return the first on call who has a telephone."""
        return next((n for n in self.numbers if n.is_on_call and n.phone), None)


def duties() -> Duties:
    """Read it: a fixed number of queries."""
    every = checklists.lines()
    required = [line for line in every if line.item.is_required]
    waiting = sorted(
        (line for line in every if line.is_open),
        key=lambda line: line.standing.state != State.OVERDUE,
    )
    return Duties(
        due=tuple(_duty(line) for line in waiting),
        done=sum(line.is_met for line in required),
        lines=len(required),
        messages=_messages(),
        numbers=_numbers(),
        checks=_checks(),
    )


def _duty(line: checklists.Line) -> Duty:
    return Duty(
        item=line.item.pk,
        section=line.item.section,
        text=line.item.text,
        cadence=ChecklistItem.Cadence(line.item.cadence).label.lower(),
        is_overdue=line.standing.state == State.OVERDUE,
        due_by=line.standing.due_by,
    )


def _messages() -> tuple[Message, ...]:
    rows = list(Announcement.objects.order_by("-id")[:SHOWN_ANNOUNCEMENTS])
    counted = announcements.counts_of(rows)
    return tuple(
        Message(
            id=row.pk,
            subject=row.subject,
            audience=row.get_audience_display(),
            medium=row.get_medium_display(),
            status=row.get_status_display(),
            recipients=counted[row.pk].recipients,
            reached=counted[row.pk].delivered,
            failed=counted[row.pk].failed,
        )
        for row in rows
    )


def _numbers() -> tuple[Number, ...]:
    called = contacts.on_call()
    others = Contact.objects.filter(is_active=True, order=0)
    return tuple(
        Number(
            role=row.role,
            name=row.name,
            phone=row.phone,
            email=row.email,
            is_on_call=is_on_call,
            problem="names nobody yet"
            if is_on_call and contacts.is_placeholder(row)
            else "",
        )
        for is_on_call, rows in ((True, called), (False, list(others)))
        for row in rows
    )


def _checks() -> tuple[Check, ...]:
    return tuple(_check(kind, latest_check(kind)) for kind in CheckRun.Kind)


def _check(kind: CheckRun.Kind, row: CheckRun | None) -> Check:
    failed = [
        f"{each.get('title') or each.get('name')}: {each.get('detail', '')}"
        for each in (row.results if row else [])
        if each.get("status") == "failed"
    ]
    return Check(
        kind=kind.value,
        title=str(kind.label).capitalize(),
        passed=row.passed if row else None,
        at=row.finished_at if row else None,
        failed=tuple(failed),
    )
