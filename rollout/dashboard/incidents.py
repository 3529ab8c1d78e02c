"""Open incidents with their newest timeline entries, and the last flag changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext

from rollout.dashboard.features import label_of
from rollout.flags.selectors import state_text
from rollout.models import FlagChange, Incident, TimelineEntry

if TYPE_CHECKING:
    from datetime import datetime

SHOWN_INCIDENTS = 5
SHOWN_ENTRIES = 12
SHOWN_CHANGES = 20
RANK = Case(
    *(
        When(severity=severity, then=Value(rank))
        for rank, severity in enumerate(Incident.Severity)
    ),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class IncidentEntry:
    """One entry of an incident's timeline."""

    at: datetime
    author: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An unresolved incident."""

    id: int
    title: str
    severity: str
    status: str
    opened_at: datetime
    opened_by: str
    lines: tuple[IncidentEntry, ...]


@dataclass(frozen=True, slots=True)
class ExposureChange:
    """One row of the audit log of flags and cohorts."""

    id: int
    at: datetime
    what: str
    change: str
    actor: str
    source: str
    reason: str
    override: bool


def open_incidents() -> tuple[OpenIncident, ...]:
    """Return the most severe unresolved incidents: two queries.

    Only the first has its timeline.
    """
    unresolved = Incident.objects.filter(resolved_at=None).annotate(rank=RANK)
    rows = list(unresolved.order_by("-rank", "-id")[:SHOWN_INCIDENTS])
    first = rows[0].pk if rows else 0
    entries = TimelineEntry.objects.filter(incident_id=first).order_by("-id")
    lines = tuple(
        IncidentEntry(row.at, row.author, row.kind, row.text)
        for row in entries[:SHOWN_ENTRIES]
    )
    return tuple(
        OpenIncident(
            id=row.pk,
            title=row.title,
            severity=row.severity,
            status=row.status,
            opened_at=row.opened_at,
            opened_by=row.opened_by,
            lines=lines if row.pk == first else (),
        )
        for row in rows
    )


def latest_changes() -> tuple[ExposureChange, ...]:
    """Return the last changes of exposure, newest first: one query."""
    rows = FlagChange.objects.select_related("flag", "cohort").order_by("-id")
    return tuple(_change(row) for row in rows[:SHOWN_CHANGES])


def _change(row: FlagChange) -> ExposureChange:
    if row.flag is not None:
        what = label_of(row.flag.name)
        change = f"{state_text(row.before)} → {state_text(row.after)}"
    else:
        what, change = (
            gettext("Cohort {cohort}").format(cohort=row.cohort),
            row.get_kind_display(),
        )
    return ExposureChange(
        id=row.pk,
        at=row.at,
        what=what,
        change=change,
        actor=row.actor,
        source=row.get_source_display(),
        reason=row.reason,
        override=row.override,
    )
