"""Whose switches the page explains: kept in the session as a subject, not a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollout.core.errors import RolloutError
from rollout.core.ports import ports
from rollout.dashboard.data import Person

if TYPE_CHECKING:
    from django.http import HttpRequest

KEY = "room_person"
STRANGER = "somebody we do not know yet"
LONGEST = 100


def look(request: HttpRequest, pasted: str) -> Person:
    """Find whom an operator pasted, a number or an id, and remember her."""
    if ports.subject_of is None:
        raise RolloutError("People cannot be looked up here.")
    subject = ports.subject_of(pasted.strip()[:LONGEST])
    person = Person(subject, _label(subject))
    request.session[KEY] = [person.subject, person.label]
    return person


def looked_at(request: HttpRequest) -> Person | None:
    """Return whom this session looks at, if anybody."""
    kept = request.session.get(KEY)
    return Person(*kept) if kept else None


def forget(request: HttpRequest) -> None:
    """Look at nobody."""
    request.session.pop(KEY, None)


def _label(subject: str | None) -> str:
    if subject is None:
        return STRANGER
    labels = ports.labels([subject]) if ports.labels else {}
    return labels.get(subject, subject)
