from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.language import texts
from agents.language.texts import en
from agents.offline.grammar import asks_for_person
from vouchers.models import Profile

ALL = texts.TEXTS
KEYS = sorted(ALL["en"])


def _placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_texts__each_language__has_every_key_and_no_other(language: str) -> None:
    assert sorted(ALL[language]) == KEYS


@pytest.mark.parametrize("language", ["fr", "rw", "sw"])
def test_texts__each_key__has_the_same_placeholders(language: str) -> None:
    other = {
        key
        for key in KEYS
        if _placeholders(ALL[language][key]) != _placeholders(ALL["en"][key])
    }

    assert other == set()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_texts__each_text__fits_whatsapp_and_is_a_text(language: str) -> None:
    # Interactive bodies hold 1,024 characters, and values come on top.
    unfit = {
        key
        for key, text in ALL[language].items()
        if text != text.strip()
        or "  " in text
        or len(text) > (20 if key.startswith("button.") else 700)
    }

    assert unfit == set()


@pytest.mark.parametrize("language", ["fr", "rw", "sw"])
def test_texts__sentences__are_translated(language: str) -> None:
    same = {
        k for k in KEYS if ALL[language][k] == ALL["en"][k] and len(ALL["en"][k]) > 20
    }

    assert same == set()


AUTOMATED = {
    "en": "automated",
    "fr": "automatique",
    "rw": "wikoresha (si umuntu)",
    "sw": "kiotomatiki",
}


@pytest.mark.parametrize("role", Profile.Role.values)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_greeting__each_role__is_of_an_automated_assistant_and_names_the_way_to_a_person(
    language: str, role: str
) -> None:
    text = texts.render(f"greeting.{role}", language)

    words = re.findall(r"\*(.+?)\*", text)
    assert AUTOMATED[language] in text
    assert any(map(asks_for_person, words)), words


def test_render__language_we_do_not_speak__is_english() -> None:
    assert texts.render("apology", "de") == en.TEXTS["apology"]


def test_render__missing_value__is_an_error() -> None:
    with pytest.raises(KeyError):
        texts.render("list.more", "en")


@given(st.text(max_size=400))
def test_render__any_name__is_data_only(name: str) -> None:
    text = texts.render("lookup.found", "en", name=name, msisdn="+2507***001")

    assert "{" not in text
    assert text.count("\n") == 1
    assert len(text) < 300


def test_render__code_placeholder__is_kept() -> None:
    text = texts.render(
        "notice.approved",
        "rw",
        reference="V7-KQ3M-82",
        amount="RWF 1",
        code=texts.code_placeholder("abc"),
        expires="x",
    )

    assert "{code:abc}" in text


def test_format_date__evening_in_utc__is_the_day_in_kigali() -> None:
    at = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)

    assert texts.format_date(at, "en") == "23 Nov 2026"
    assert texts.format_date(at, "fr") == "23 nov. 2026"
    assert texts.format_date(at, "de") == "23 Nov 2026"
