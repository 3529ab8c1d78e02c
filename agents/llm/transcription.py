"""Transcribe voice notes."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from agents.core.openai_clients import client_for
from agents.language.texts import LANGUAGES
from agents.llm.model import ModelError, Usage
from agents.llm.openai_errors import translated_errors
from agents.llm.pricing import price_of, price_of_audio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Recording:
    """One voice note; its format is checked, its words are untrusted."""

    content: bytes
    # ogg, mp3, m4a, ...
    extension: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of a voice note."""

    text: str
    # The language code of the provider, if it gives one.
    language: str = ""
    # 0 to 1, if the provider gives it.
    confidence: float | None = None
    model: str = ""
    # US dollars; None when the price is unknown.
    cost: Decimal | None = None


class Transcriber(Protocol):
    """Transcribes a recording, or raises ModelError."""

    @property
    def name(self) -> str: ...

    async def transcribe(
        self, recording: Recording, *, keywords: Sequence[str], timeout_s: float
    ) -> Transcript: ...


# These take expected words and languages, and give no probabilities.
# https://platform.openai.com/docs/api-reference/audio/createTranscription
GUIDED_MODELS = ("gpt-transcribe", "gpt-live-transcribe")
LONGEST_PROMPT = 400
LONGEST_TEXT = 4_096


@dataclass(frozen=True)
class OpenAITranscriber:
    name: str
    api_key: str = field(repr=False)
    base_url: str = "https://api.openai.com/v1"

    async def transcribe(
        self, recording: Recording, *, keywords: Sequence[str], timeout_s: float
    ) -> Transcript:
        transcriptions = client_for(self.base_url, self.api_key).audio.transcriptions
        with translated_errors():
            # The timeouts of the client are per read: slow bytes never exceed them.
            async with asyncio.timeout(timeout_s):
                answer = await transcriptions.create(
                    model=self.name,
                    # Not the name that the person gave: it could be anything.
                    file=(f"voice.{recording.extension}", recording.content),
                    response_format="json",
                    timeout=timeout_s,
                    **self._guidance(keywords),
                )
        return self._read(answer)

    def _guidance(self, keywords: Sequence[str]) -> dict[str, Any]:
        """Return the expected words as this model takes them."""
        if self.name.startswith(GUIDED_MODELS):
            return {"keywords": list(keywords), "languages": list(LANGUAGES)}
        prompt = ", ".join(keywords)[:LONGEST_PROMPT]
        return {"prompt": prompt, "include": ["logprobs"]}

    def _read(self, answer: Any) -> Transcript:
        text = getattr(answer, "text", None)
        if not isinstance(text, str):
            raise ModelError("no_text")
        languages = getattr(answer, "languages", None) or [None]
        return Transcript(
            text=text[:LONGEST_TEXT],
            language=str(getattr(languages[0], "code", ""))[:8],
            confidence=_confidence(getattr(answer, "logprobs", None)),
            model=self.name,
            cost=self._cost(getattr(answer, "usage", None)),
        )

    def _cost(self, usage: Any) -> Any:
        seconds = getattr(usage, "seconds", None)
        if isinstance(seconds, int | float):
            return price_of_audio(self.name, seconds).cost
        tokens = getattr(usage, "input_tokens", None)
        if not isinstance(tokens, int):
            return None
        used = Usage(tokens, 0, int(getattr(usage, "output_tokens", 0) or 0))
        return price_of(self.name, used).cost


def configured() -> OpenAITranscriber | None:
    """Return the transcriber of the settings, or None without a key."""
    if not settings.OPENAI_API_KEY:
        return None
    return OpenAITranscriber(
        name=settings.OPENAI_TRANSCRIPTION_MODEL,
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_BASE_URL,
    )


def _confidence(logprobs: Any) -> float | None:
    """Return the mean probability of the words."""
    values = [
        entry.logprob
        for entry in logprobs or ()
        if isinstance(getattr(entry, "logprob", None), int | float)
    ]
    return math.exp(sum(values) / len(values)) if values else None
