from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.inbound import media, media_store
from agents.llm.model import ModelError
from agents.llm.transcription import Transcript
from agents.models import Media, MediaOpening, Message
from agents.turns.quiet_time import is_transcript_pending, transcripts_settled_at
from agents.whatsapp.media_download import DownloadedMedia, MediaError
from easymo.database import units
from tests.agents.cast import make_cast
from vouchers.codes import new_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.llm.transcription import Recording
    from tests.agents.cast import Cast

OGG = b"OggS\0\4" + (48_000 * 7).to_bytes(8, "little") + b"\0" * 13
LONG = b"OggS\0\4" + (48_000 * 200).to_bytes(8, "little") + b"\0" * 13


@dataclass
class Ear:
    """A transcriber that returns what the test sets."""

    text: str = "hello"
    error: ModelError | None = None
    name: str = "ear"
    heard: list[Recording] = field(default_factory=list)

    async def transcribe(
        self, recording: Recording, *, keywords: Sequence[str], timeout_s: float
    ) -> Transcript:
        self.heard.append(recording)
        if self.error:
            raise self.error
        return Transcript(self.text, "en", 0.9, "ear")


@pytest.fixture
def cast(committed_db: str) -> Cast:
    return make_cast()


@pytest.fixture
def note(cast: Cast) -> Media:
    message = cast.diane.writes("", kind="audio")
    return Media.objects.create(
        message=message, kind="audio", provider_media_id="42", is_voice=True
    )


async def fetched(
    note: Media,
    ear: Ear | None,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | MediaError = OGG,
) -> tuple[Media, Message]:
    async def fetch(**_: object) -> DownloadedMedia:
        if isinstance(content, MediaError):
            raise content
        return DownloadedMedia(content, b"h" * 32, "ogg")

    monkeypatch.setattr(media.media_download, "download", fetch)
    await media.fetch(media_id=note.pk, transcriber=ear)
    stored = await units.run(lambda: Media.objects.get(pk=note.pk))
    message = await units.run(lambda: Message.objects.get(pk=note.message_id))
    return stored, message


async def test_fetch__voice_note__transcript_stored_with_codes_redacted(
    note: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    ear = Ear(f"redeem {new_code().digits}")

    # When
    stored, message = await fetched(note, ear, monkeypatch)

    # Then
    assert (message.text, message.is_spoken) == ("redeem [code 1]", True)
    assert (stored.state, stored.seconds, stored.error_code) == ("stored", 7.0, "")
    assert (stored.transcriber, stored.confidence) == ("ear", 0.9)


async def test_fetch__twice__transcribed_once(
    note: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear()
    for _ in range(2):
        await fetched(note, ear, monkeypatch)
    assert len(ear.heard) == 1


@pytest.mark.parametrize(
    ("ear", "content", "code"),
    [
        (None, OGG, "no_transcriber"),
        (Ear(), LONG, "too_long"),
        (Ear(""), OGG, "silence"),
        (Ear(error=ModelError("timeout")), OGG, "timeout"),
        (Ear(), MediaError("too_large"), "too_large"),
    ],
)
async def test_fetch__no_transcript__reason_stored_and_turn_enqueued(
    note: Media,
    monkeypatch: pytest.MonkeyPatch,
    ear: Ear | None,
    content: bytes | MediaError,
    code: str,
) -> None:
    # When
    stored, message = await fetched(note, ear, monkeypatch, content)

    # Then
    assert (stored.error_code, message.text) == (code, "")
    assert stored.settled_at is not None


async def test_fetch__turn_is_over__no_model_call(
    note: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    ear = Ear()
    await units.run(lambda: Message.objects.update(state=Message.State.DONE))

    # When
    stored, message = await fetched(note, ear, monkeypatch)

    # Then
    assert (stored.error_code, ear.heard, message.text) == ("too_late", [], "")


def test_is_transcript_pending__until_finished_or_twenty_seconds(note: Media) -> None:
    # Given
    def waiting() -> list[Message]:
        return list(Message.objects.filter(pk=note.message_id).select_related("media"))

    now = timezone.now()

    # Then
    assert is_transcript_pending(waiting(), now)
    assert not is_transcript_pending(waiting(), now + timedelta(seconds=21))
    media_store.fail(note.pk, "http_404")
    assert not is_transcript_pending(waiting(), now)
    assert transcripts_settled_at(waiting())[0] < timezone.now()


def test_read_content__each_time__recorded_and_in_order(note: Media) -> None:
    # Given
    media_store.store(
        note.pk, DownloadedMedia(b"a" * 2_500_000, b"h" * 32, "ogg"), None
    )

    # When
    parts = list(media_store.read_content(note, by="eve"))

    # Then
    assert [len(part) for part in parts] == [1_000_000, 1_000_000, 500_000]
    assert MediaOpening.objects.get().opened_by == "eve"


def test_delete_expired__content_deleted_and_row_kept(note: Media) -> None:
    # Given
    media_store.store(note.pk, DownloadedMedia(b"a", b"h" * 32, "ogg"), None)
    Media.objects.update(created_at=timezone.now() - timedelta(days=91))

    # When
    media_store.delete_expired()

    # Then
    stored = Media.objects.get()
    assert (stored.state, stored.parts.count()) == (Media.State.FORGOTTEN, 0)
