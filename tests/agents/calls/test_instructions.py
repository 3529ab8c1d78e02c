"""The instructions of a call, with what operators added."""

from __future__ import annotations

import pytest

from agents.calls.database_services import spec_for
from agents.content.document import Content
from agents.language.texts import LANGUAGES
from agents.realtime.session import accept_payload, session_update

NUMBERS = [
    "Call +250 788 123 456 for help",
    "Our office: 0788-123-456",
    "Call (0)788 123 456",
    "From 2026-11-30 2026-12-31 the stations are closed",
    "250788123456",
    "Call 0788.123.456",
    "Call 0788.\n123.456.789",
]


@pytest.mark.parametrize("sentence", NUMBERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_spec__operators_wrote_a_number__its_sentence_is_left_out(
    language: str, sentence: str
) -> None:
    added = f"Stations open at 07:00. {sentence}! A card costs 1,500 francs."

    spec = spec_for(language, Content(instructions=added))

    # The call is accepted, and its settings can be changed.
    assert accept_payload(spec)
    assert session_update(spec)
    assert sentence not in spec.instructions


def test_spec__operators_wrote_no_number__all_is_kept() -> None:
    added = "Stations open at 07:00. A card costs 1,500 francs.\nBe brief; use v1.2."

    assert added in spec_for("en", Content(instructions=added)).instructions


def test_spec__beside_a_number__the_other_sentences_are_kept() -> None:
    added = "Stations open at 07:00. Call 0788123456. A card costs 1,500 francs."

    spec = spec_for("en", Content(instructions=added))

    assert "open at 07:00. A card costs 1,500 francs." in spec.instructions
