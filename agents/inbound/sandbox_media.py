"""Meta's store of media, played for sandbox people: same checks, no network."""

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

    from agents.inbound.media_store import Claimed
    from agents.llm.transcription import Recording
    from vouchers.models import Profile

OPUS_RATE = 48_000
# As fast as people speak: for how long a typed voice note is.
WORDS_A_SECOND = 2.5


@dataclass(frozen=True, slots=True)
class Said:
    """A transcriber for what was typed as speech: it hears exactly that."""

    words: str
    name: str = "sandbox"

    async def transcribe(
        self, recording: Recording, *, keywords: Sequence[str], timeout_s: float
    ) -> Transcript:
        return Transcript(self.words, model=self.name, cost=Decimal(0))


def keep(
    *, profile: Profile, content: bytes, mime_type: str, kind: str, words: str = ""
) -> SandboxMedia:
    """Keep what she sends; raise MediaError when WhatsApp would not take it."""
    if len(content) > LARGEST[kind]:
        raise MediaError("too_large")
    if not extension_of(content, kind):
        raise MediaError("other_kind")
    return SandboxMedia.objects.create(
        profile=profile, content=content, mime_type=mime_type[:80], words=words
    )


def keep_speech(*, profile: Profile, words: str) -> SandboxMedia:
    """Keep a voice note in which these words are spoken."""
    return keep(
        profile=profile,
        content=_silence(max(1.0, len(words.split()) / WORDS_A_SECOND)),
        mime_type="audio/ogg; codecs=opus",
        kind="audio",
        words=words,
    )


def fetch(claimed: Claimed) -> tuple[DownloadedMedia, Said | None]:
    """Return the bytes, and what is heard in them when that is known."""
    media_id = claimed.provider_media_id
    found = SandboxMedia.objects.filter(pk=int(media_id)).first()
    if found is None:
        raise MediaError("http_404")
    content = bytes(found.content)
    extension = extension_of(content, claimed.kind)
    if not extension:
        raise MediaError("other_kind")
    fetched = DownloadedMedia(content, hashlib.sha256(content).digest(), extension)
    return fetched, Said(found.words) if found.words else None


def _silence(seconds: float) -> bytes:
    """Return the page that ends an Opus recording of this length."""
    clock = round(seconds * OPUS_RATE).to_bytes(8, "little")
    return b"OggS\0\4" + clock + bytes(100)
