from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.language.detection import choose_language, detect_language


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


def test_choose_language__clear_words_then_last_then_profile_then_english() -> None:
    def choose(profile: str, text: str, last: str) -> str:
        return choose_language(profile_language=profile, texts=[text], last=last)

    assert choose("fr", "muraho", "sw") == "rw"
    assert choose("rw", "bonjour", "sw") == "fr"
    assert choose("rw", "habari, nataka vocha", "") == "sw"
    assert choose("rw", "lookup 0788000000", "") == "en"
    assert choose("fr", "10000", "sw") == "sw"
    assert choose("fr", "10000", "") == "fr"
    assert choose("", "10000", "") == "en"
    assert choose("", "shakisha 0788000000", "") == "rw"
    assert choose("en", "shakisha 0788000000", "") == "en"
    assert choose("de", "10000", "xx") == "en"


@pytest.mark.parametrize(
    "text",
    ["0788000000", "V7-KQ3M-82", "Kimironko", "agent", "voucher", "ok", "la", "👍"],
)
def test_choose_language__word_of_no_language__changes_nothing(text: str) -> None:
    assert choose_language(profile_language="en", texts=[text], last="rw") == "rw"


@given(st.lists(st.text(max_size=80), max_size=4))
def test_choose_language__any_text__is_one_of_four(texts: list[str]) -> None:
    found = choose_language(profile_language="", texts=texts)

    assert found in {"en", "fr", "rw", "sw"}
