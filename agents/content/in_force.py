"""Read the content that a person gets: the version in force, or the draft.

Every turn reads it, so each process keeps it for two seconds; then one statement asks
whether a newer version or another edit of the draft is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from django.db import connection

from agents.content.document import BUILT_IN, Content, from_document
from agents.models import ContentDraft, ContentVersion
from rollout.core.probes import is_probe

if TYPE_CHECKING:
    from agents.models import Turn
    from vouchers.models import Profile

TRUSTED_S = 2.0
NEWEST = """
SELECT (SELECT max(number) FROM agents_contentversion),
       (SELECT revision FROM agents_contentdraft WHERE document IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class _Reading:
    content: Content = BUILT_IN
    draft: Content | None = None
    read_at: float = float("-inf")


class _Cache:
    """The last reading of this process; replaced as a whole."""

    reading = _Reading()


def forget() -> None:
    """Read again at the next turn: the content was changed by this process."""
    _Cache.reading = _Reading()


def current() -> Content:
    """Return the version in force."""
    return _read().content


def for_person(person: Profile) -> Content:
    """Return the draft for a person of the simulator, else the version in force.

    Smoke tests and probes test what customers get.
    """
    tries_draft = person.is_sandbox and not is_probe(str(person.public_id))
    return tried() if tries_draft else current()


def tried() -> Content:
    """Return what the simulator's people get: the draft, else the version in force."""
    reading = _read()
    return reading.draft or reading.content


def of_turn(turn: Turn, person: Profile) -> Content:
    """Return the content that a turn began with, also when a newer one is in force.

    The edit of a draft may be gone: then the person's content of now.
    """
    reading = _read()
    if turn.content_draft is not None:
        return for_person(person)
    if turn.content_version == reading.content.version:
        return reading.content
    if turn.content_version is None:
        return BUILT_IN
    return of_version(ContentVersion.objects.get(pk=turn.content_version))


def of_version(version: ContentVersion) -> Content:
    return from_document(version.document, version=version.number)


def of_draft(draft: ContentDraft) -> Content | None:
    """Return the content that is being edited, if there is one."""
    if draft.document is None:
        return None
    return from_document(draft.document, draft=draft.revision)


def _read() -> _Reading:
    known = _Cache.reading
    if monotonic() - known.read_at <= TRUSTED_S:
        return known
    read_at = monotonic()
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        number, revision = cursor.fetchone()
    content, draft = known.content, known.draft
    if content.version != number:
        row = ContentVersion.objects.filter(pk=number).first()
        content = of_version(row) if row else BUILT_IN
    if (draft.draft if draft else None) != revision:
        edited = ContentDraft.objects.filter(revision=revision).first()
        draft = of_draft(edited) if edited else None
    _Cache.reading = _Reading(content, draft, read_at)
    return _Cache.reading
