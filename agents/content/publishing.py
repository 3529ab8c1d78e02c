"""Edit the draft, publish it as a new version, and return to an earlier one.

The row of the draft is locked first, so that one change is made at a time. Each change
names what its page showed: the edit of the draft and the version in force. When either
changed meanwhile it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from agents.content import in_force
from agents.content.checks import faults_of
from agents.content.document import BUILT_IN, normal, to_document
from agents.content.errors import (
    ChangedMeanwhile,
    InvalidContent,
    NothingToPublish,
)
from agents.models import ContentDraft, ContentVersion
from easymo.backoffice.reason import clean_reason
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.content.document import Content

logger = get_logger(__name__)
# The number of the version before the first one.
NONE = 0
BUILT_IN_DOCUMENT = to_document(BUILT_IN)


def newest() -> ContentVersion | None:
    """Return the version in force; None before the first one."""
    return ContentVersion.objects.order_by("-number").first()


def draft() -> ContentDraft:
    """Return the row of the draft, also when nothing is being edited."""
    found = ContentDraft.objects.filter(pk=1).first()
    return found or ContentDraft(revision=0)


def document_to_edit() -> dict[str, Any]:
    """Return the draft's document, else the one in force."""
    return draft().document or _document_of(newest())


def save_draft(*, document: dict[str, Any], revision: int, actor: str) -> ContentDraft:
    """Store what was edited; a document like the one in force ends the draft.

    Raises InvalidContent and ChangedMeanwhile; nothing is then written.
    """
    checked = normal(document)
    with transaction.atomic():
        held = _lock(revision)
        is_changed = checked != _document_of(newest())
        _store(held, checked if is_changed else None, actor)
    return held


def discard_draft(*, revision: int, actor: str) -> None:
    """Drop what was edited. Raises ChangedMeanwhile."""
    with transaction.atomic():
        _store(_lock(revision), None, actor)
    logger.info("content.draft.discarded")


def publish_draft(
    *, revision: int, in_force_number: int, reason: str, actor: str
) -> ContentVersion:
    """Put the draft in force as a new version.

    Raises InvalidContent, ChangedMeanwhile and NothingToPublish.
    """
    with transaction.atomic():
        held = _lock(revision)
        content = in_force.of_draft(held)
        if content is None:
            raise NothingToPublish
        version = _publish(content, in_force_number, reason, actor)
        _store(held, None, actor)
    return version


def return_to(
    *, version: ContentVersion, in_force_number: int, reason: str, actor: str
) -> ContentVersion:
    """Publish the content of an earlier version again, as a new version.

    A draft stays as it is. Raises ChangedMeanwhile and NothingToPublish.
    """
    with transaction.atomic():
        _lock(None)
        content = in_force.of_version(version)
        return _publish(content, in_force_number, reason, actor, earlier=version)


def _publish(
    content: Content,
    in_force_number: int,
    reason: str,
    actor: str,
    *,
    earlier: ContentVersion | None = None,
) -> ContentVersion:
    """Add the version that follows the shown one; the caller holds the lock."""
    if faults := faults_of(content):
        raise InvalidContent(*faults)
    last = newest()
    number = last.number if last else NONE
    if number != in_force_number:
        raise ChangedMeanwhile
    document = to_document(content)
    if document == _document_of(last):
        raise NothingToPublish
    version = ContentVersion.objects.create(
        number=number + 1,
        document=document,
        reason=clean_reason(reason),
        published_by=actor,
        returned_from=earlier,
    )
    transaction.on_commit(in_force.forget)
    logger.info("content.published", version=version.number)
    return version


def _lock(revision: int | None) -> ContentDraft:
    """Lock the row of the draft, which is made on first use."""
    ContentDraft.objects.bulk_create([ContentDraft()], ignore_conflicts=True)
    held = ContentDraft.objects.select_for_update().get(pk=1)
    if revision is not None and held.revision != revision:
        raise ChangedMeanwhile
    return held


def _store(held: ContentDraft, document: dict[str, Any] | None, actor: str) -> None:
    held.document = document
    held.revision += 1
    held.edited_by = actor
    held.save(update_fields=["document", "revision", "edited_by", "edited_at"])
    transaction.on_commit(in_force.forget)


def _document_of(version: ContentVersion | None) -> dict[str, Any]:
    document: dict[str, Any] = version.document if version else BUILT_IN_DOCUMENT
    return document
