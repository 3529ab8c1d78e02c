from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from agents.language import texts
from agents.offline.grammar import asks_for_person
from vouchers.models import Profile

if TYPE_CHECKING:
    from pathlib import Path

ALL = texts.TEXTS
KEYS = sorted(ALL["en"])


def _messages(language: str) -> list:
    with texts.catalogue_file(language).open("rb") as file:
        return [message for message in read_po(file) if message.id]


def _forms(language: str, key: str) -> tuple[str, ...]:
    return texts.CATALOGUES[language].forms.get(key, (ALL[language][key],))


def _placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_catalogue__each_language__has_each_text_once_and_translated(
    language: str,
) -> None:
    messages = _messages(language)
    times = Counter(message.context for message in messages)
    unfinished = [
        message.context
        for message in messages
        if message.fuzzy
        or not all(
            [message.string] if isinstance(message.string, str) else message.string
        )
    ]

    assert unfinished == []
    assert {key for key, count in times.items() if count > 1} == set()
    assert sorted(times) == KEYS


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_texts__each_form__has_the_placeholders_of_english(language: str) -> None:
    other = {
        key
        for key in KEYS
        for form in _forms(language, key)
        if _placeholders(form) != _placeholders(ALL["en"][key])
    }

    assert other == set()


def test_texts__each_text_with_a_number__has_a_plural() -> None:
    # "Tries left: 1" is right for every number.
    with_number = {
        key for key in KEYS if set(_placeholders(ALL["en"][key])) & set(texts.COUNTED)
    } - {"phone.pin_wrong"}

    for language in texts.LANGUAGES:
        assert set(texts.CATALOGUES[language].forms) == with_number
    for key in with_number:
        assert len(set(_placeholders(ALL["en"][key])) & set(texts.COUNTED)) == 1


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_texts__each_text__fits_whatsapp_and_is_a_text(language: str) -> None:
    # Interactive bodies hold 1,024 characters, and values come on top.
    unfit = {
        key
        for key in KEYS
        for text in _forms(language, key)
        if text != text.strip()
        or "  " in text
        or len(text) > (20 if key.startswith(("button.", "choice.")) else 700)
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
    assert texts.render("apology", "de") == ALL["en"]["apology"]


def test_render__missing_value__is_an_error() -> None:
    with pytest.raises(KeyError):
        texts.render("list.more", "en")


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "1 minute and", "2 minutes and"),
        ("fr", "1 minute et", "2 minutes et"),
        ("rw", "umunota 1 ", "iminota 2 "),
        ("sw", "dakika 1 ", "dakika 2 "),
    ],
)
def test_render__number__has_its_form(language: str, one: str, two: str) -> None:
    assert one in texts.render("refused.locked", language, minutes=1)
    assert two in texts.render("refused.locked", language, minutes=2)


def test_catalogue__unfinished_translation__is_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "customers.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgctxt "one"\nmsgid "One"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgctxt "two"\nmsgid "Two"\nmsgstr "Trois"\n\n'
        'msgctxt "three"\nmsgid "Three"\nmsgstr "Trois"\n'
    )
    monkeypatch.setattr(texts, "LOCALE", tmp_path)

    found = texts.read_catalogue("fr").texts

    assert found == {"one": "One", "two": "Two", "three": "Trois"}


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
