"""The rows of media: claimed, stored in parts, finished. Short transactions only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from agents.core.jobs import enqueue_turn
from agents.core.locks import lock_conversation
from agents.core.serving import may_answer
from agents.inbound.redaction import redact_message, seal_events
from agents.language.choice import note_language, shows_language
from agents.models import Media, MediaOpening, MediaPart, Message
from agents.whatsapp.sanitise import clean_text
from easymo.database import clock
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agents.llm.transcription import Transcript
    from agents.whatsapp.media_download import DownloadedMedia

logger = get_logger(__name__)

State = Media.State
# Messages that the agent answers, or has to know after a colleague.
WANTED = (Message.State.WAITING, Message.State.HANDED)
# Longer than all tries and the transcription together.
LEASE = timedelta(seconds=150)
# A medium that crashes its worker is tried by this many workers.
MAX_ATTEMPTS = 3
PART_SIZE = 1_000_000
OVERDUE_AFTER = timedelta(seconds=5)
BATCH_SIZE = 200
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ClaimedMedia:
    """What a worker needs to fetch one medium."""

    provider_media_id: str
    phone_number_id: str
    kind: str
    told_sha256: str
    is_voice: bool
    # Sent by a sandbox person: the content is in our own table.
    is_synthetic: bool = False


def claim(media_id: int) -> ClaimedMedia | None:
    """Claim the medium with a lease; None when it is not free."""
    now = clock.now()
    free = Q(state=State.WAITING) | Q(state=State.FETCHING, lease_expires_at__lte=now)
    claimed = Media.objects.filter(free, pk=media_id, attempts__lt=MAX_ATTEMPTS).update(
        state=State.FETCHING,
        attempts=F("attempts") + 1,
        lease_expires_at=now + LEASE,
    )
    if not claimed:
        return None
    media = Media.objects.select_related("message__conversation").get(pk=media_id)
    return ClaimedMedia(
        provider_media_id=media.provider_media_id,
        phone_number_id=media.message.conversation.phone_number_id,
        kind=media.kind,
        told_sha256=media.told_sha256,
        is_voice=media.is_voice,
        is_synthetic=media.message.conversation.is_synthetic,
    )


def store(media_id: int, fetched: DownloadedMedia, seconds: float | None) -> None:
    """Store the bytes in parts; a voice note is finished by its transcription."""
    content = fetched.content
    with transaction.atomic():
        media = Media.objects.select_for_update().get(pk=media_id)
        media.parts.all().delete()
        for number, start in enumerate(range(0, len(content), PART_SIZE)):
            piece = content[start : start + PART_SIZE]
            MediaPart.objects.create(media=media, number=number, content=piece)
        media.size = len(content)
        media.sha256 = fetched.sha256
        media.extension = fetched.extension
        media.seconds = seconds
        media.save(update_fields=["size", "sha256", "extension", "seconds"])
        if not media.is_voice:
            _finish(media, State.STORED, "")


def fail(media_id: int, code: str) -> None:
    """Record why the medium was not fetched; its turn waits no longer."""
    with transaction.atomic():
        media = Media.objects.select_related("message").get(pk=media_id)
        _finish(media, State.FAILED, code)
        enqueue_turn(conversation_id=media.message.conversation_id)


def is_transcript_wanted(media_id: int) -> bool:
    """Tell whether a transcript would still be answered: a model call costs money."""
    media = Media.objects.select_related("message__conversation__profile").get(
        pk=media_id
    )
    message = media.message
    return message.state in WANTED and may_answer(message.conversation.profile)


def finish_transcription(
    media_id: int, transcript: Transcript | None, reason: str
) -> None:
    """Put the transcript on a message that no turn has read; enqueue the turn.

    A message for a colleague is transcribed too: the agent has to know it afterwards.
    """
    with transaction.atomic():
        media = Media.objects.select_related("message").get(pk=media_id)
        conversation = lock_conversation(media.message.conversation_id)
        message = Message.objects.get(pk=media.message_id)
        text = clean_text(transcript.text).strip() if transcript else ""
        if transcript:
            media.transcriber = transcript.model[:60]
            media.language = transcript.language[:8]
            media.confidence = transcript.confidence
            media.cost = transcript.cost
        if text and message.state in WANTED:
            seal_events(redact_message(message, text))
            message.is_spoken = True
            if message.state != Message.State.WAITING:
                # Only a waiting message keeps its codes.
                message.codes_sealed = None
            message.save(update_fields=["text", "codes_sealed", "is_spoken"])
            if shows_language(message) and note_language(conversation, [text]):
                conversation.save(update_fields=["language"])
        elif transcript and not reason:
            reason = "too_late" if text else "silence"
        _finish(media, State.STORED, reason)
        enqueue_turn(conversation_id=message.conversation_id)
    logger.info("ai.media.heard", media_id=media_id, code=reason or "ok")


def overdue() -> list[int]:
    """Return media whose job or worker was lost; fail those with too many attempts."""
    now = clock.now()
    lost = Q(state=State.FETCHING, lease_expires_at__lte=now)
    Media.objects.filter(lost, attempts__gte=MAX_ATTEMPTS).update(
        state=State.FAILED, error_code="gave_up", settled_at=now
    )
    overdue = lost | Q(state=State.WAITING, created_at__lt=now - OVERDUE_AFTER)
    return list(Media.objects.filter(overdue).values_list("pk", flat=True)[:BATCH_SIZE])


def delete_expired() -> int:
    """Delete content that was kept long enough; the row stays."""
    old = Media.objects.filter(created_at__lt=timezone.now() - KEPT).exclude(
        state=State.FORGOTTEN
    )
    ids = list(old.values_list("pk", flat=True)[:BATCH_SIZE])
    with transaction.atomic():
        MediaPart.objects.filter(media__in=ids).delete()
        return Media.objects.filter(pk__in=ids).update(
            state=State.FORGOTTEN, filename="", provider_media_id="", told_sha256=""
        )


def read_content(media: Media, *, by: str) -> Iterator[bytes]:
    """Record who reads the content, and return its parts one after another."""
    MediaOpening.objects.create(media=media, opened_by=by)
    logger.info("ai.media.opened", media_id=media.pk)
    numbers = list(media.parts.order_by("number").values_list("pk", flat=True))
    return (bytes(MediaPart.objects.get(pk=number).content) for number in numbers)


def _finish(media: Media, state: Media.State, reason: str) -> None:
    media.state = state
    media.error_code = reason[:40]
    media.settled_at = timezone.now()
    media.lease_expires_at = None
    fields = ["state", "error_code", "settled_at", "lease_expires_at"]
    fields += ["transcriber", "language", "confidence", "cost"]
    media.save(update_fields=fields)
