"""Record, fetch and store media; transcribe voice notes.

A job fetches what the webhook announced. Pictures, films and files are kept for
colleagues and go to no model. A turn waits a while for the transcript of a voice note.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils import timezone

from agents.core.jobs import enqueue_media_download
from agents.inbound import media_store, sandbox_media
from agents.llm import transcription
from agents.llm.model import ModelError
from agents.llm.transcription import Recording, Transcriber, Transcript
from agents.models import Media, Message
from agents.whatsapp import media_download
from agents.whatsapp.contents import MEDIA_KINDS
from agents.whatsapp.media_download import DownloadedMedia, MediaError, ogg_seconds
from easymo.database import units
from easymo.observability.logs import get_logger
from vouchers.codes import blank_code_digits

if TYPE_CHECKING:
    from agents.inbound.media_store import ClaimedMedia
    from agents.whatsapp.contents import MediaRef

logger = get_logger(__name__)

# Of one customer; further ones are not fetched.
MAX_PER_DAY = 50
# Held in memory at once by a process.
MAX_CONCURRENT = 2
MAX_TRIES = 3
MAX_VOICE_S = 180.0
# For a format that tells no duration: three minutes at the lowest usual bit rate.
MAX_UNTIMED_SIZE = 3_000_000
TRANSCRIBE_S = 15.0
# What OpenAI reads of the formats that WhatsApp delivers.
TRANSCRIBABLE = frozenset({"ogg", "mp3", "m4a"})
KEYWORDS = ("voucher", "bon", "lisansi", "essence", "RWF", "station")

_semaphores: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
    WeakKeyDictionary()
)


def record_media(message: Message, ref: MediaRef | None) -> None:
    """Record what to fetch, in the transaction of its message, and enqueue the job."""
    if ref is None or message.kind not in MEDIA_KINDS:
        return
    reason = _why_skipped(message, ref)
    media = Media.objects.create(
        message=message,
        kind=message.kind,
        provider_media_id=ref.id[:32],
        mime_type=ref.mime_type,
        filename=blank_code_digits(ref.filename),
        told_sha256=ref.sha256,
        is_voice=message.kind == "audio",
        state=Media.State.SKIPPED if reason else Media.State.WAITING,
        error_code=reason,
    )
    if not reason:
        enqueue_media_download(media_id=media.pk)


async def fetch(
    *,
    media_id: int,
    transcriber: Transcriber | None = None,
    resolver: media_download.Resolver = media_download.resolve,
) -> None:
    """Fetch and store one medium; transcribe a voice note.

    Returns quietly when another worker has it or nothing is left to do.
    """
    loop = asyncio.get_running_loop()
    async with _semaphores.setdefault(loop, asyncio.Semaphore(MAX_CONCURRENT)):
        claimed = await units.run(media_store.claim, media_id)
        if claimed is None:
            return
        try:
            if claimed.is_synthetic:
                fetched, typed = await units.run(sandbox_media.fetch, claimed)
                transcriber = typed or transcriber
            else:
                fetched = await _fetch_with_retries(claimed, resolver)
        except MediaError as error:
            logger.warning("ai.media.error", media_id=media_id, code=error.code)
            await units.run(media_store.fail, media_id, error.code)
            return
        seconds = ogg_seconds(fetched.content) if fetched.extension == "ogg" else None
        await units.run(media_store.store, media_id, fetched, seconds)
        logger.info("ai.media.stored", media_id=media_id, size=len(fetched.content))
        if claimed.is_voice:
            transcriber = transcriber or transcription.configured()
            await _transcribe(media_id, fetched, seconds, transcriber)


def _why_skipped(message: Message, ref: MediaRef) -> str:
    if not (message.conversation.is_synthetic or settings.WA_TOKEN):
        return "no_channel"
    if not ref.id:
        return "bad_id"
    today = Media.objects.filter(
        message__conversation=message.conversation_id,
        created_at__gte=timezone.now() - timedelta(days=1),
    )
    return "too_many" if today.count() >= MAX_PER_DAY else ""


async def _fetch_with_retries(
    claimed: ClaimedMedia, resolver: media_download.Resolver
) -> DownloadedMedia:
    """Download the medium. Its link expires within minutes, so no later job retries."""
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return await media_download.download(
                media_id=claimed.provider_media_id,
                phone_number_id=claimed.phone_number_id,
                kind=claimed.kind,
                told_sha256=claimed.told_sha256,
                resolver=resolver,
            )
        except MediaError as error:
            if error.permanent or attempt == MAX_TRIES:
                raise
        await asyncio.sleep(attempt * 0.5)
    raise AssertionError


async def _transcribe(
    media_id: int,
    fetched: DownloadedMedia,
    seconds: float | None,
    transcriber: Transcriber | None,
) -> None:
    """Put the transcript on the message, or the reason for none; enqueue its turn."""
    reason = _why_not_transcribed(fetched, seconds, transcriber)
    transcript: Transcript | None = None
    if not reason and not await units.run(media_store.is_transcript_wanted, media_id):
        reason = "too_late"
    if not reason and transcriber is not None:
        recording = Recording(fetched.content, fetched.extension)
        try:
            transcript = await transcriber.transcribe(
                recording, keywords=KEYWORDS, timeout_s=TRANSCRIBE_S
            )
        except ModelError as error:
            reason = error.code
            logger.warning("ai.media.transcribe.error", media_id=media_id, code=reason)
    await units.run(media_store.finish_transcription, media_id, transcript, reason)


def _why_not_transcribed(
    fetched: DownloadedMedia, seconds: float | None, transcriber: Transcriber | None
) -> str:
    if transcriber is None:
        return "no_transcriber"
    if fetched.extension not in TRANSCRIBABLE:
        return "other_format"
    if seconds is None:
        return "too_long" if len(fetched.content) > MAX_UNTIMED_SIZE else ""
    return "too_long" if seconds > MAX_VOICE_S else ""
