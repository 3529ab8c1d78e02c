"""Prices of speech: golden figures, and unknown is never nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.calls import prices
from agents.calls.prices import (
    SPEAKING_MODELS,
    TIMED_MODELS,
    TRANSCRIBING_MODELS,
    Usage,
    of_response,
    of_transcription,
    price_of_response,
    price_of_transcription,
)
from agents.realtime.provider import CallUsage, TranscriptionUsage

TALKED = Usage(
    text_input=1_500,
    cached_text_input=1_000,
    audio_input=600,
    cached_audio_input=200,
    text_output=50,
    audio_output=300,
)
# US dollars for a million: text, cached text, audio, cached audio; output text, audio.
RATES = {
    "gpt-realtime-2": ("4", "0.4", "32", "0.4", "24", "64"),
    "gpt-realtime-2.1": ("4", "0.4", "32", "0.4", "24", "64"),
    "gpt-realtime-2.1-mini": ("0.6", "0.06", "10", "0.3", "2.4", "20"),
}


@pytest.mark.parametrize("model", RATES)
def test_response__cached_tokens_are_part_of_the_input(model: str) -> None:
    text, cached_text, audio, cached_audio, out_text, out_audio = map(
        Decimal, RATES[model]
    )

    found = price_of_response(model, TALKED)

    expected = (
        500 * text
        + 1_000 * cached_text
        + 400 * audio
        + 200 * cached_audio
        + 50 * out_text
        + 300 * out_audio
    ) / 1_000_000
    assert found.cost == expected
    assert found.counted == expected


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("gpt-realtime-9", TALKED),
        ("", TALKED),
        # In the table, but without a price of tokens.
        ("gpt-live-1", TALKED),
        ("gpt-realtime-2.1", replace(TALKED, is_known=False)),
        ("gpt-realtime-2.1", Usage(is_known=False)),
    ],
)
def test_response__unknown__none_and_counted_at_the_dearest(
    model: str, usage: Usage
) -> None:
    found = price_of_response(model, usage)

    assert found.cost is None
    known = [price_of_response(one, TALKED).counted for one in SPEAKING_MODELS]
    assert found.counted >= max(known) > 0


def test_response__nothing_used__costs_nothing() -> None:
    assert price_of_response("gpt-realtime-2.1", Usage()).cost == 0


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        ("gpt-transcribe", Usage(seconds=Decimal(40)), "0.003"),
        ("whisper-1", Usage(seconds=Decimal(60)), "0.006"),
        ("gpt-4o-transcribe", Usage(audio_input=600, text_output=50), "0.0041"),
        # Billed by tokens; the table has no price for its seconds, and the reverse.
        ("gpt-4o-transcribe", Usage(seconds=Decimal(40)), None),
        ("gpt-transcribe", Usage(audio_input=600, text_output=50), None),
        ("gpt-transcribe", Usage(is_known=False), None),
        ("no-such-model", Usage(seconds=Decimal(40)), None),
    ],
)
def test_transcription__by_seconds_and_tokens(
    model: str, usage: Usage, expected: str | None
) -> None:
    found = price_of_transcription(model, usage)

    assert found.cost == (None if expected is None else Decimal(expected))
    assert found.counted > 0


@pytest.mark.parametrize(
    "model", [*SPEAKING_MODELS, *TRANSCRIBING_MODELS, *TIMED_MODELS]
)
def test_table__each_model_for_unknown_prices__has_one(model: str) -> None:
    usage = Usage(seconds=Decimal(60)) if model in TIMED_MODELS else TALKED

    assert prices._cost(model, usage) is not None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            CallUsage(10, 20, 3, 4, 5, 1, 6, 7),
            Usage(13, 5, 20, 5, 6, 7),
        ),
        (CallUsage(is_known=False), Usage(is_known=False)),
    ],
)
def test_figures__of_the_provider__all_are_taken(given: Any, expected: Usage) -> None:
    assert of_response(given) == expected


def test_figures__of_a_transcription__all_are_taken() -> None:
    given = TranscriptionUsage(1, 2, 3, 4.5)

    assert of_transcription(given) == Usage(
        text_input=1, audio_input=2, text_output=3, seconds=Decimal("4.5")
    )
