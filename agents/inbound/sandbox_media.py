"""Media of sandbox people: the same checks as for Meta's, without a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agents.llm.transcription import Transcript
from agents.models import SandboxMedia
from agents.whatsapp.media_download import (
    LARGEST,
    DownloadedMedia,
    MediaError,
    extension_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.inbound.media_store import ClaimedMedia
    from agents.llm.transcription import Recording
    from vouchers.models import Profile

OPUS_RATE = 48_000
# The usual speed of speech gives a typed voice note its duration.
WORDS_PER_SECOND = 2.5


@dataclass(frozen=True, slots=True)
class TypedTranscriber:
    """A transcriber that returns the text that was typed as speech."""

    text: str
    name: str = "sandbox"

    async def transcribe(
        self, recording: Recording, *, keywords: Sequence[str], timeout_s: float
    ) -> Transcript:
        return Transcript(self.text, model=self.name, cost=Decimal(0))


def store(
    *, profile: Profile, content: bytes, mime_type: str, kind: str, words: str = ""
) -> SandboxMedia:
    """Store a sandbox person's file; raise MediaError where WhatsApp would refuse it."""
    if len(content) > LARGEST[kind]:
        raise MediaError("too_large")
    if not extension_of(content, kind):
        raise MediaError("other_kind")
    return SandboxMedia.objects.create(
        profile=profile, content=content, mime_type=mime_type[:80], words=words
    )


def store_speech(*, profile: Profile, words: str) -> SandboxMedia:
    """Store a voice note in which these words are spoken."""
    seconds = max(1.0, len(words.split()) / WORDS_PER_SECOND)
    return store(
        profile=profile,
        content=_silence(seconds),
        mime_type="audio/ogg; codecs=opus",
        kind="audio",
        words=words,
    )


def fetch(claimed: ClaimedMedia) -> tuple[DownloadedMedia, TypedTranscriber | None]:
    """Return the content, and a transcriber where its words were typed."""
    media_id = claimed.provider_media_id
    found = SandboxMedia.objects.filter(pk=int(media_id)).first()
    if found is None:
        raise MediaError("http_404")
    content = bytes(found.content)
    extension = extension_of(content, claimed.kind)
    if not extension:
        raise MediaError("other_kind")
    fetched = DownloadedMedia(content, hashlib.sha256(content).digest(), extension)
    return fetched, TypedTranscriber(found.words) if found.words else None


def _silence(seconds: float) -> bytes:
    """Return the page that ends an Opus recording of this duration."""
    samples = round(seconds * OPUS_RATE).to_bytes(8, "little")
    return b"OggS\0\4" + samples + bytes(100)
