"""The price of what a response or a transcription used.

An unknown price is None, never 0. Budgets then count the dearest known rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agents.llm.pricing import PRICE_VERSION, SMALLEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.realtime.provider import CallUsage, TranscriptionUsage

# Speech-to-speech models, and models that transcribe, with known prices.
SPEAKING_MODELS = (
    "gpt-4o-realtime-preview",
    "gpt-realtime",
    "gpt-realtime-2",
    "gpt-realtime-mini",
)
TRANSCRIBING_MODELS = ("gpt-4o-transcribe", "gpt-4o-mini-transcribe")
TIMED_MODELS = ("gpt-live-transcribe", "whisper-1", "gpt-transcribe")
# A usage without figures: a long answer with a long history.
ASSUMED_INPUT, ASSUMED_OUTPUT = 20_000, 1_600
ASSUMED_SECONDS = Decimal(60)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, cached ones being a part of the input; or seconds of audio."""

    text_input: int = 0
    cached_text_input: int = 0
    audio_input: int = 0
    cached_audio_input: int = 0
    text_output: int = 0
    audio_output: int = 0
    seconds: Decimal = Decimal(0)
    # False: the provider gave no figures, or they contradict each other.
    is_known: bool = True

    @property
    def tokens(self) -> int:
        return self.text_input + self.audio_input + self.text_output + self.audio_output


def of_response(usage: CallUsage) -> Usage:
    """Return the figures of a response; an image is priced as text, which is close."""
    return Usage(
        text_input=usage.input_text + usage.input_image,
        cached_text_input=usage.cached_text + usage.cached_image,
        audio_input=usage.input_audio,
        cached_audio_input=usage.cached_audio,
        text_output=usage.output_text,
        audio_output=usage.output_audio,
        is_known=usage.is_known,
    )


def of_transcription(usage: TranscriptionUsage) -> Usage:
    return Usage(
        text_input=usage.input_text,
        audio_input=usage.input_audio,
        text_output=usage.output_text,
        seconds=Decimal(str(round(usage.seconds, 3))),
        is_known=usage.is_known,
    )


@dataclass(frozen=True, slots=True)
class CallPrice:
    # US dollars; None when it is unknown.
    cost: Decimal | None
    counted: Decimal
    version: str = PRICE_VERSION


def price_of_response(model: str, usage: Usage) -> CallPrice:
    """Return the price of one response of the model that speaks."""
    assumed = Usage(audio_input=ASSUMED_INPUT, audio_output=ASSUMED_OUTPUT)
    return _price(model, usage, assumed, SPEAKING_MODELS)


def price_of_transcription(model: str, usage: Usage) -> CallPrice:
    """Return the price of one transcription."""
    if usage.is_known and usage.tokens:
        return _price(model, usage, usage, TRANSCRIBING_MODELS)
    return _price(model, usage, Usage(seconds=ASSUMED_SECONDS), TIMED_MODELS)


def _price(
    model: str, usage: Usage, assumed: Usage, known: tuple[str, ...]
) -> CallPrice:
    cost = _cost(model, usage) if usage.is_known else None
    if cost is not None:
        return CallPrice(cost, cost)
    counted = usage if usage.is_known else assumed
    return CallPrice(None, max(_cost(one, counted) or Decimal(0) for one in known))


def _cost(model: str, usage: Usage) -> Decimal | None:
    import genai_prices  # noqa: PLC0415 - slow to import, see openai_client.load

    if usage == replace(usage, **_NOTHING):
        return Decimal(0)
    figures = _timed(usage) if usage.seconds else _by_token(usage)
    calc: Callable[..., Any] = genai_prices.calc_price
    try:
        price = calc(genai_prices.Usage(**figures), model, provider_id="openai")
    except (LookupError, ValueError):
        return None
    cost: Decimal = price.total_price.quantize(SMALLEST)
    # The table knows the model, and no price of this kind of usage.
    return cost if cost > 0 else None


_NOTHING: dict[str, Any] = {
    "text_input": 0,
    "cached_text_input": 0,
    "audio_input": 0,
    "cached_audio_input": 0,
    "text_output": 0,
    "audio_output": 0,
    "seconds": Decimal(0),
}


def _by_token(usage: Usage) -> dict[str, Any]:
    """Return the figures as the table names them: totals, and the audio part."""
    cached_audio = min(usage.cached_audio_input, usage.audio_input)
    cached_text = min(usage.cached_text_input, usage.text_input)
    return {
        "input_tokens": usage.text_input + usage.audio_input,
        "cache_read_tokens": cached_text + cached_audio,
        "output_tokens": usage.text_output + usage.audio_output,
        "input_audio_tokens": usage.audio_input,
        "cache_audio_read_tokens": cached_audio,
        "output_audio_tokens": usage.audio_output,
    }


def _timed(usage: Usage) -> dict[str, Any]:
    return {"audio_seconds": usage.seconds, "input_audio_seconds": usage.seconds}
