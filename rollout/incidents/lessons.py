"""What is learned from an incident: the guide's four fields, and who does what next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from easymo.observability.privacy import scrub
from rollout.core import clock
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import InvalidChange
from rollout.incidents import incidents
from rollout.locks import lock_incident
from rollout.models import ActionItem, Incident, TimelineEntry

if TYPE_CHECKING:
    from datetime import date

LONGEST = 4_000


def write_lessons(*, incident: Incident, author: str, **lessons: str) -> None:
    """Write down one or several of the four; what was written stays until bettered."""
    author = valid_actor(author)
    if unknown := set(lessons) - set(incidents.LESSONS):
        raise InvalidChange(f"There is no lesson called {min(unknown)!r}.")
    written = {
        name: scrub(incidents.valid_text(text, longest=LONGEST))[:LONGEST]
        for name, text in lessons.items()
    }
    with transaction.atomic():
        row = lock_incident(incident)
        incidents.refuse_closed(row)
        changed = {
            name: text for name, text in written.items() if getattr(row, name) != text
        }
        for name, text in changed.items():
            setattr(row, name, text)
            incidents.write(
                row,
                kind=TimelineEntry.Kind.NOTE,
                author=author,
                text=f"{incidents.LESSONS[name]}: {text}",
            )
        row.save(update_fields=list(changed))
    incident.refresh_from_db()


def add_action(
    *, incident: Incident, text: str, owner: str, due: date, author: str
) -> ActionItem:
    """Give somebody something to do by a day, so that it does not happen again."""
    author, owner = valid_actor(author), valid_actor(owner)
    text = valid_reason(text)
    with transaction.atomic():
        item = ActionItem.objects.create(
            incident=incident, text=text, owner=owner, due=due
        )
        incidents.write(
            incident,
            kind=TimelineEntry.Kind.NOTE,
            author=author,
            text=f"action item for {owner} by {due:%d %b %Y}: {text}",
        )
    return item


def finish_action(*, item: ActionItem, author: str) -> None:
    """Write down that it is done; once."""
    author = valid_actor(author)
    with transaction.atomic():
        pending = ActionItem.objects.filter(pk=item.pk, done_at__isnull=True)
        if not pending.update(done_at=clock.now(), done_by=author):
            raise InvalidChange("That action item is done already.")
        incidents.write(
            item.incident,
            kind=TimelineEntry.Kind.NOTE,
            author=author,
            text=f"done: {item.text}",
        )
    item.refresh_from_db()
