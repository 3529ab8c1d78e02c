from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from easymo.observability.privacy import scrub
from rollout import clock
from rollout.errors import InvalidTransition
from rollout.models import Incident, TimelineEntry
from rollout.models.incident import ALLOWED
from rollout.services.flags import valid_actor, valid_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = 2000


def open_incident(*, key: str, title: str, severity: str, opened_by: str) -> Incident:
    """Return the unresolved incident of this key, opened when there is none."""
    incident, _created = Incident.objects.get_or_create(
        dedupe_key=key,
        resolved_at=None,
        defaults={
            "title": scrub(title)[:200],
            "severity": severity,
            "opened_by": opened_by,
        },
    )
    return incident


def write(
    incident: Incident,
    *,
    kind: str,
    author: str,
    text: str,
    data: Mapping[str, Any] | None = None,
) -> TimelineEntry:
    """Add a line to the story; numbers, codes and addresses are taken out of it."""
    return TimelineEntry.objects.create(
        incident=incident,
        kind=kind,
        author=author,
        text=scrub(text)[:TEXT],
        data=dict(data or {}),
    )


def add_note(*, incident: Incident, text: str, author: str) -> TimelineEntry:
    return write(
        incident,
        kind=TimelineEntry.Kind.NOTE,
        author=valid_actor(author),
        text=valid_reason(text),
    )


def set_status(*, incident: Incident, status: str, reason: str, author: str) -> None:
    """Mitigate or resolve; never back. Raises InvalidTransition."""
    author, reason = valid_actor(author), valid_reason(reason)
    now = clock.now()
    changed: dict[str, Any] = {"status": status}
    if status == Incident.Status.MITIGATED:
        changed["mitigated_at"] = now
    else:
        changed["resolved_at"] = now
    before = [old for old, allowed in ALLOWED.items() if status in allowed]
    with transaction.atomic():
        matched = Incident.objects.filter(pk=incident.pk, status__in=before)
        if not matched.update(**changed):
            raise InvalidTransition(f"This incident cannot become {status} now.")
        write(
            incident,
            kind=TimelineEntry.Kind.STATUS,
            author=author,
            text=f"{status}: {reason}",
        )
    incident.refresh_from_db()
