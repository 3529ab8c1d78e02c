"""A voice note, from the signed webhook through download and transcription to the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.core.openai_clients import close_clients
from agents.inbound import media, process_events
from agents.models import Media, Message
from agents.turns.quiet_time import Timing
from agents.turns.run import TurnDependencies, run_turn
from easymo.database import units
from tests import payloads
from tests.agents.channel import store
from tests.fakes import openai_answers as say
from tests.live import post, told_to, until
from vouchers.models import Voucher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.cast import Cast, Person
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI
    from tests.worker import Worker

# Three seconds, by the sample count of its last page.
OGG = b"OggS\0\4" + (48_000 * 3).to_bytes(8, "little") + b"\0" * 50
WISH = "create voucher 5000 for +250788100001"


def voice(person: Person, media_id: str) -> dict[str, object]:
    content = {"id": media_id, "mime_type": "audio/ogg; codecs=opus", "voice": True}
    return payloads.message("audio", content, sender=str(person.profile.msisdn))


def test_voice_note__signed_webhook__transcript_shown_and_change_only_by_button(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given: the model acts on the transcript
    openai.speak(WISH)
    openai.script(
        say.call(
            "create_voucher",
            amount=5000,
            currency=None,
            customer_msisdn="+250788100001",
        ),
        say.text("Done, it is created."),
    )
    media_id = graph.media.add(OGG, "audio/ogg; codecs=opus")

    # When
    post(client, payloads.webhook(voice(cast.diane, media_id)))
    graph.wait_for(1)

    # Then
    [asked] = graph.sent
    assert asked.text.startswith(f"I heard: “{WISH}”")
    assert Voucher.objects.count() == 0
    [heard] = openai.heard
    assert (heard.filename, heard.content) == ("voice.ogg", OGG)
    assert heard.fields["model"] == "gpt-transcribe"
    assert openai.rejected == []

    # When
    confirm = asked.buttons[0]
    press = payloads.button(confirm, sender=str(cast.diane.profile.msisdn))
    post(client, payloads.webhook(press))
    graph.wait_for(2)

    # Then
    until(lambda: len(told_to(graph, cast.diane)) == 2)
    assert Voucher.objects.get().reference in told_to(graph, cast.diane)[-1]
    assert graph.rejected == []


@pytest.fixture
async def chat(
    cast: Cast, graph: FakeGraph, openai: FakeOpenAI, settings: SettingsWrapper
) -> AsyncIterator[VoiceChat]:
    settings.WHATSAPP_API_URL, settings.WA_TOKEN = graph.url, graph.token
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = openai.base_url, openai.api_key
    yield VoiceChat(cast.diane, graph)
    await close_clients()


class VoiceChat:
    """The same flow without a worker, step by step."""

    def __init__(self, person: Person, graph: FakeGraph) -> None:
        self.person = person
        self.graph = graph

    async def speak(self, content: bytes = OGG) -> Media:
        """Send a voice note and return its rows."""
        media_id = self.graph.media.add(content, "audio/ogg")
        await units.run(store, voice(self.person, media_id))
        await units.run(process_events.process_stored_events)
        found = await units.run(Media.objects.get)
        await media.fetch(media_id=found.pk)
        await units.run(found.refresh_from_db)
        return found

    async def answer(self) -> str:
        timing = Timing(quiet_after_text=0.0, quiet_after_media=0.0)
        dependencies = TurnDependencies(model=None, timing=timing)
        await run_turn(conversation_id=self.person.chat.pk, dependencies=dependencies)
        [reply] = await units.run(lambda: self.person.replies)
        return str(reply.body)


@pytest.mark.parametrize(
    ("model", "language", "confidence"),
    [
        ("gpt-transcribe", "en", None),
        ("gpt-4o-mini-transcribe", "", pytest.approx(0.9)),
    ],
)
async def test_voice_note__transcribed__text_and_cost_stored(
    chat: VoiceChat,
    openai: FakeOpenAI,
    settings: SettingsWrapper,
    model: str,
    language: str,
    confidence: object,
) -> None:
    # Given
    settings.OPENAI_TRANSCRIPTION_MODEL = model
    openai.speak("hello")

    # When
    found = await chat.speak()

    # Then
    message = await units.run(Message.objects.get)
    assert (message.text, message.is_spoken) == ("hello", True)
    assert (found.transcriber, found.language) == (model, language)
    assert found.confidence == confidence
    assert found.cost
    assert (await chat.answer()).startswith("I heard: “hello”")


@pytest.mark.parametrize(
    ("spoken", "code"),
    [
        ("", "silence"),
        (" \n ", "silence"),
        (say.unauthorized(), "unauthorized"),
        (say.error(400, code="audio_too_short"), "invalid_request"),
        (say.html(), None),
    ],
)
async def test_voice_note__no_transcript__asked_to_write(
    chat: VoiceChat, openai: FakeOpenAI, spoken: str | say.Failure, code: str | None
) -> None:
    # Given
    openai.speak(spoken)

    # When
    found = await chat.speak()

    # Then
    assert found.state == Media.State.STORED
    assert found.error_code
    assert code is None or found.error_code == code
    assert "write" in (await chat.answer())
    message = await units.run(Message.objects.get)
    assert (message.text, message.is_spoken) == ("", False)


@pytest.mark.parametrize("way", [say.hang(), say.slow_bytes()])
async def test_voice_note__slow__given_up_in_time(
    chat: VoiceChat,
    openai: FakeOpenAI,
    monkeypatch: pytest.MonkeyPatch,
    way: say.Failure,
) -> None:
    # Given
    monkeypatch.setattr(media, "TRANSCRIBE_S", 0.4)
    openai.speak(way)

    # When
    found = await chat.speak()

    # Then
    assert found.error_code == "timeout"
    assert "write" in (await chat.answer())


async def test_voice_note__of_a_kind_that_openai_does_not_read__not_sent_there(
    chat: VoiceChat, openai: FakeOpenAI
) -> None:
    # When
    found = await chat.speak(b"#!AMR\n" + b"\0" * 200)

    # Then
    assert found.error_code == "other_format"
    assert openai.heard == []
    assert openai.rejected == []


async def test_voice_note__link_expired__asked_to_send_it_again(
    chat: VoiceChat,
    graph: FakeGraph,
    openai: FakeOpenAI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    add = graph.media.add

    def add_expired(content: bytes, mime_type: str) -> str:
        media_id = add(content, mime_type)
        graph.media.expired.add(media_id)
        return media_id

    monkeypatch.setattr(graph.media, "add", add_expired)

    # When
    found = await chat.speak()

    # Then
    assert (found.state, found.error_code) == (Media.State.FAILED, "http_404")
    assert openai.heard == []
    assert "again" in (await chat.answer())
