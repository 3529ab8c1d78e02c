"""What people send besides words: expected at intake, fetched by a job, kept by us.

Pictures, films and files are kept for a person of ours and go to no model. A voice
note is put into words where there is a transcriber; the turn waits for it a while.
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

if TYPE_CHECKING:
    from agents.inbound.media_store import Claimed
    from agents.whatsapp.contents import MediaRef

logger = get_logger(__name__)

# Of one person in a day; her further ones are not fetched.
MOST_A_DAY = 50
# Held in memory at once, a process.
AT_ONCE = 2
TRIES = 3
LONGEST_VOICE_S = 180.0
# Where no clock is within: three minutes at a bit rate that nobody speaks below.
LARGEST_UNTIMED = 3_000_000
TRANSCRIBE_S = 15.0
# What OpenAI reads of all that WhatsApp brings.
HEARD = frozenset({"ogg", "mp3", "m4a"})
KEYWORDS = ("voucher", "bon", "lisansi", "essence", "RWF", "station")

_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
    WeakKeyDictionary()
)


def expect(message: Message, ref: MediaRef | None) -> None:
    """Note what is to be fetched, in the transaction of its message."""
    if ref is None or message.kind not in MEDIA_KINDS:
        return
    reason = _skip_reason(message, ref)
    media = Media.objects.create(
        message=message,
        kind=message.kind,
        provider_media_id=ref.id[:32],
        mime_type=ref.mime_type,
        filename=ref.filename,
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
    """Fetch one medium and keep it; put a voice note into words.

    Returns quietly when another worker has it or nothing is left to do.
    """
    async with _gate():
        claimed = await units.run(media_store.claim, media_id)
        if claimed is None:
            return
        try:
            if claimed.is_synthetic:
                fetched, said = await units.run(sandbox_media.fetch, claimed)
                transcriber = said or transcriber
            else:
                fetched = await _fetched(claimed, resolver)
        except MediaError as error:
            logger.warning("ai.media.error", media_id=media_id, code=error.code)
            await units.run(media_store.fail, media_id, error.code)
            return
        seconds = ogg_seconds(fetched.content) if fetched.extension == "ogg" else None
        await units.run(media_store.store, media_id, fetched, seconds)
        logger.info("ai.media.stored", media_id=media_id, size=len(fetched.content))
        if claimed.is_voice:
            await _hear(
                media_id,
                fetched,
                seconds,
                transcriber or transcription.configured(),
            )


def _skip_reason(message: Message, ref: MediaRef) -> str:
    if not (message.conversation.is_synthetic or settings.WA_TOKEN):
        return "no_channel"
    if not ref.id:
        return "bad_id"
    today = Media.objects.filter(
        message__conversation=message.conversation_id,
        created_at__gte=timezone.now() - timedelta(days=1),
    )
    return "too_many" if today.count() >= MOST_A_DAY else ""


async def _fetched(
    claimed: Claimed, resolver: media_download.Resolver
) -> DownloadedMedia:
    """Try a few times: links die within minutes, so there is no coming back later."""
    for attempt in range(1, TRIES + 1):
        try:
            return await media_download.download(
                media_id=claimed.provider_media_id,
                phone_number_id=claimed.phone_number_id,
                kind=claimed.kind,
                told_sha256=claimed.told_sha256,
                resolver=resolver,
            )
        except MediaError as error:
            if error.permanent or attempt == TRIES:
                raise
        await asyncio.sleep(attempt * 0.5)
    raise AssertionError


async def _hear(
    media_id: int,
    fetched: DownloadedMedia,
    seconds: float | None,
    transcriber: Transcriber | None,
) -> None:
    """Put the words on the message, or say why there are none; then wake its turn."""
    reason = _unheard_reason(fetched, seconds, transcriber)
    heard: Transcript | None = None
    if not reason and not await units.run(media_store.is_wanted, media_id):
        reason = "too_late"
    if not reason and transcriber is not None:
        recording = Recording(fetched.content, fetched.extension)
        try:
            heard = await transcriber.transcribe(
                recording, keywords=KEYWORDS, timeout_s=TRANSCRIBE_S
            )
        except ModelError as error:
            reason = error.code
            logger.warning("ai.media.transcribe.error", media_id=media_id, code=reason)
    await units.run(media_store.settle, media_id, heard, reason)


def _unheard_reason(
    fetched: DownloadedMedia, seconds: float | None, transcriber: Transcriber | None
) -> str:
    if transcriber is None:
        return "no_transcriber"
    if fetched.extension not in HEARD:
        return "other_format"
    if seconds is None:
        return "too_long" if len(fetched.content) > LARGEST_UNTIMED else ""
    return "too_long" if seconds > LONGEST_VOICE_S else ""


def _gate() -> asyncio.Semaphore:
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
