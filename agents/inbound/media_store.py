"""The rows of what people sent: claimed, kept in parts, settled. Short units only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from agents.core.code_redaction import redact_codes
from agents.core.jobs import enqueue_turn
from agents.core.locks import lock_conversation
from agents.core.serving import may_answer
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
# Longer than all tries together, and the transcription.
LEASE = timedelta(seconds=150)
# A worker that dies with it is followed by so many others.
MOST_ATTEMPTS = 3
PART = 1_000_000
PATIENCE = timedelta(seconds=5)
MOST = 200
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker needs to fetch one medium."""

    provider_media_id: str
    phone_number_id: str
    kind: str
    told_sha256: str
    is_voice: bool
    # A sandbox person's: it lies in our own store.
    is_synthetic: bool = False


def claim(media_id: int) -> Claimed | None:
    """Take the medium for a while; None when it is not to be had."""
    now = clock.now()
    free = Q(state=State.WAITING) | Q(state=State.FETCHING, lease_expires_at__lte=now)
    taken = Media.objects.filter(free, pk=media_id, attempts__lt=MOST_ATTEMPTS).update(
        state=State.FETCHING,
        attempts=F("attempts") + 1,
        lease_expires_at=now + LEASE,
    )
    if not taken:
        return None
    media = Media.objects.select_related("message__conversation").get(pk=media_id)
    return Claimed(
        provider_media_id=media.provider_media_id,
        phone_number_id=media.message.conversation.phone_number_id,
        kind=media.kind,
        told_sha256=media.told_sha256,
        is_voice=media.is_voice,
        is_synthetic=media.message.conversation.is_synthetic,
    )


def store(media_id: int, fetched: DownloadedMedia, seconds: float | None) -> None:
    """Keep the bytes in parts; a voice note is settled once it was heard."""
    content = fetched.content
    with transaction.atomic():
        media = Media.objects.select_for_update().get(pk=media_id)
        media.parts.all().delete()
        for number, start in enumerate(range(0, len(content), PART)):
            piece = content[start : start + PART]
            MediaPart.objects.create(media=media, number=number, content=piece)
        media.size = len(content)
        media.sha256 = fetched.sha256
        media.extension = fetched.extension
        media.seconds = seconds
        fields = ["size", "sha256", "extension", "seconds"]
        if not media.is_voice:
            media.state, media.settled_at = State.STORED, timezone.now()
            media.lease_expires_at = None
            fields += ["state", "settled_at", "lease_expires_at"]
        media.save(update_fields=fields)


def fail(media_id: int, code: str) -> None:
    """Write down why it is not here; its turn need not wait any longer."""
    with transaction.atomic():
        media = Media.objects.select_related("message").get(pk=media_id)
        _settle(media, State.FAILED, code)
        enqueue_turn(conversation_id=media.message.conversation_id)


def is_wanted(media_id: int) -> bool:
    """Tell whether words would still be answered: a model call costs money."""
    media = Media.objects.select_related("message__conversation__profile").get(
        pk=media_id
    )
    message = media.message
    return message.state == Message.State.WAITING and may_answer(
        message.conversation.profile
    )


def settle(media_id: int, heard: Transcript | None, reason: str) -> None:
    """Put what was heard on the message, while no turn has read it; wake the turn."""
    with transaction.atomic():
        media = Media.objects.select_related("message").get(pk=media_id)
        lock_conversation(media.message.conversation_id)
        message = Message.objects.get(pk=media.message_id)
        words = clean_text(heard.text).strip() if heard else ""
        if heard:
            media.transcriber = heard.model[:60]
            media.language = heard.language[:8]
            media.confidence = heard.confidence
            media.cost = heard.cost
        if words and message.state == Message.State.WAITING:
            message.text, message.codes_sealed = redact_codes(words)
            message.is_spoken = True
            message.save(update_fields=["text", "codes_sealed", "is_spoken"])
        elif heard and not reason:
            reason = "too_late" if words else "silence"
        _settle(media, State.STORED, reason)
        enqueue_turn(conversation_id=message.conversation_id)
    logger.info("ai.media.heard", media_id=media_id, code=reason or "ok")


def overdue() -> list[int]:
    """Return what waits for too long, or whose worker is gone; end what nobody ends."""
    now = clock.now()
    gone = Q(state=State.FETCHING, lease_expires_at__lte=now)
    Media.objects.filter(gone, attempts__gte=MOST_ATTEMPTS).update(
        state=State.FAILED, error_code="gave_up", settled_at=now
    )
    overdue = gone | Q(state=State.WAITING, created_at__lt=now - PATIENCE)
    return list(Media.objects.filter(overdue).values_list("pk", flat=True)[:MOST])


def forget_old() -> int:
    """Forget what was kept long enough; the row tells that there was something."""
    old = Media.objects.filter(created_at__lt=timezone.now() - KEPT).exclude(
        state=State.FORGOTTEN
    )
    ids = list(old.values_list("pk", flat=True)[:MOST])
    with transaction.atomic():
        MediaPart.objects.filter(media__in=ids).delete()
        return Media.objects.filter(pk__in=ids).update(
            state=State.FORGOTTEN, filename="", provider_media_id="", told_sha256=""
        )


def opened(media: Media, *, by: str) -> Iterator[bytes]:
    """Write down who looks, and return the parts one after another."""
    MediaOpening.objects.create(media=media, opened_by=by)
    logger.info("ai.media.opened", media_id=media.pk)
    numbers = list(media.parts.order_by("number").values_list("pk", flat=True))
    return (bytes(MediaPart.objects.get(pk=number).content) for number in numbers)


def _settle(media: Media, state: Media.State, reason: str) -> None:
    media.state = state
    media.error_code = reason[:40]
    media.settled_at = timezone.now()
    media.lease_expires_at = None
    media.save(
        update_fields=[
            "state",
            "error_code",
            "settled_at",
            "lease_expires_at",
            "transcriber",
            "language",
            "confidence",
            "cost",
        ]
    )
