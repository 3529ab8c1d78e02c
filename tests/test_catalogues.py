"""The catalogues of texts, and the script that brings them in order."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
VALUES = re.compile(r"%\(\w+\)[sd]|(?<!\{)\{[^{}]*\}")
LANGUAGES = ("en", "fr", "rw", "sw")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import texts

    monkeypatch.delitem(sys.modules, "texts")
    return texts


def catalogues(script: ModuleType, folder: Path, **entries: str) -> dict[str, str]:
    """Write customers' catalogues; return what the script would make of them."""
    script.LOCALE = folder
    for language in LANGUAGES:
        file = script.customers_file(language)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HEADER + entries.get(language, ""), encoding="utf-8")
    return {path.parts[-3]: content.decode() for path, content in script.customers()}


def entry(key: str, english: str, text: str) -> str:
    return f'msgctxt "{key}"\nmsgid "{english}"\nmsgstr "{text}"\n\n'


def test_catalogues__as_committed__are_in_order(script: ModuleType) -> None:
    stale = [
        str(path)
        for path, content in script.catalogues()
        if path.read_bytes() != content
    ]

    assert stale == [], "Run `make texts`."


def test_back_office__each_text__has_french_with_the_same_values(
    script: ModuleType,
) -> None:
    wrong = []
    messages = [m for m in script.read(script.back_office_file("fr")) if m.id]
    for message in messages:
        sources, texts = script.forms(message.id), script.forms(message.string)
        values = {tuple(sorted(VALUES.findall(text))) for text in (sources[-1], *texts)}
        if message.fuzzy or not all(texts) or len(values) > 1:
            wrong.append(message.id)

    assert len(messages) > 1_000
    assert wrong == []


def test_customers__new_english_text__is_asked_of_each_language(
    script: ModuleType, tmp_path: Path
) -> None:
    made = catalogues(script, tmp_path, en=entry("a.b", "Hello", ""))

    assert entry("a.b", "Hello", "Hello").strip() in made["en"]
    for language in ("fr", "rw", "sw"):
        assert entry("a.b", "Hello", "").strip() in made[language]


def test_customers__changed_english_text__makes_translations_fuzzy(
    script: ModuleType, tmp_path: Path
) -> None:
    old = entry("a.b", "Hello", "Bonjour")

    made = catalogues(script, tmp_path, en=entry("a.b", "Hello", "Good day"), fr=old)

    assert "fuzzy" not in made["en"]
    assert '#, fuzzy\nmsgctxt "a.b"\nmsgid "Good day"\nmsgstr "Bonjour"' in made["fr"]


def test_customers__correct_translation__is_kept_as_it_is(
    script: ModuleType, tmp_path: Path
) -> None:
    made = catalogues(
        script,
        tmp_path,
        en=entry("a.b", "Hello", "Hello"),
        fr="# Said in the morning.\n" + entry("a.b", "Hello", "Bonjour"),
    )

    assert (
        "# Said in the morning.\n" + entry("a.b", "Hello", "Bonjour").strip()
        in (made["fr"])
    )


def test_customers__text_that_english_has_not__is_removed(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = catalogues(script, tmp_path, fr=entry("a.b", "Hello", "Bonjour"))

    assert "Bonjour" not in made["fr"]
    assert "fr: a.b is removed" in capsys.readouterr().err


def test_customers__number__has_two_forms_in_each_language(
    script: ModuleType, tmp_path: Path
) -> None:
    english = (
        'msgctxt "a.b"\nmsgid "{days} day"\nmsgid_plural "{days} days"\n'
        'msgstr[0] "{days} day"\nmsgstr[1] "{days} days"\n'
    )

    made = catalogues(script, tmp_path, en=english, fr=entry("a.b", "{days} days", "x"))

    assert 'msgid_plural "{days} days"\nmsgstr[0] ""\nmsgstr[1] ""' in made["fr"]


def test_check__stale_catalogue__says_what_to_run(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "locale", tmp_path / "locale")
    script.ROOT, script.LOCALE = tmp_path, tmp_path / "locale"
    file = script.customers_file("fr")
    file.write_text(file.read_text(encoding="utf-8") + "\n# Late.\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["texts.py", "--check"])

    with pytest.raises(SystemExit) as refused:
        script.main()

    assert "Run `make texts`" in str(refused.value)
    assert "fr/LC_MESSAGES/customers.po" in str(refused.value)
