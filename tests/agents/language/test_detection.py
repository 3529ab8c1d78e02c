from __future__ import annotations

import pytest

from agents.language.detection import clear_language, detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hello, how are you", "en"),
        ("create voucher 10000 for +250788000000", "en"),
        ("I want to use my voucher", "en"),
        ("bonjour", "fr"),
        ("je voudrais utiliser mon bon à Kimironko", "fr"),
        ("combien de bons ai-je", "fr"),
        ("muraho, ndashaka voucher zanjye", "rw"),
        ("mwaramutse", "rw"),
        ("tanga voucher ya 10000 kuri 0788000000", "rw"),
        ("habari, nataka vocha zangu", "sw"),
        ("msaada tafadhali", "sw"),
        ("tengeneza vocha ya 10000 kwa 0788000000", "sw"),
        ("10000", None),
        ("", None),
        ("👍", None),
        ("V7-KQ3M-82", None),
    ],
)
def test_detect_language__everyday_text__is_found(
    text: str, language: str | None
) -> None:
    assert detect_language([text]) == language


@pytest.mark.parametrize(
    "text",
    ["0788000000", "V7-KQ3M-82", "Kimironko", "agent", "voucher", "ok", "la", "👍"],
)
def test_clear_language__word_of_no_language__is_none(text: str) -> None:
    assert clear_language([text]) is None
