"""Bring the catalogues of texts in order: `make texts`; `--check` only compares.

The English text of a customers' catalogue is the one in `locale/en`. The other languages
show it as the text to translate. A changed English text marks its translations as fuzzy,
until a translator has removed the mark.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from marked_texts import marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
ENGLISH = "en"
ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)
# Rules of translators' tools: in Kinyarwanda and Swahili as in English.
PLURALS = {
    "en": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "rw": "nplurals=2; plural=(n != 1);",
    "sw": "nplurals=2; plural=(n != 1);",
}
HEADER = """\
# {title}. How to edit: docs/languages.md.
msgid ""
msgstr ""
"Project-Id-Version: easymo\\n"
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
# What a translator has to know, by the beginning of the key.
HINTS = {
    "button.": "A button: at most 20 characters.",
    "choice.": "A button: at most 20 characters, understood when it is typed.",
    "phone.": "Said on the phone: read it aloud.",
    "pin_page.": "On a web page.",
    "station.": "On the station's web page.",
}


def main() -> None:
    wanted = dict(catalogues())
    stale = [
        path
        for path, content in wanted.items()
        if not path.exists() or path.read_bytes() != content
    ]
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"Run `make texts`: {names} would change." if stale else 0)
    for path in stale:
        path.write_bytes(wanted[path])


def catalogues() -> Iterator[tuple[Path, bytes]]:
    """Return each file with what it should contain."""
    yield from customers()
    yield from back_office()


def customers() -> Iterator[tuple[Path, bytes]]:
    """Return what the catalogues of texts to customers should contain."""
    english = [m for m in read(customers_file(ENGLISH)) if m.context]
    keys = {str(message.context) for message in english}
    for language in PLURALS:
        own = read(customers_file(language)) if language != ENGLISH else english
        found = {str(message.context): message for message in own if message.context}
        for key in sorted(found.keys() - keys):
            sys.stderr.write(f"{language}: {key} is removed: English has it not.\n")
        catalog = new_catalog(language)
        for text in sorted(english, key=lambda message: str(message.context)):
            _add_customers_text(catalog, text, found.get(str(text.context)))
        title = f"Texts to customers ({language})"
        yield customers_file(language), written(catalog, language, title)


def back_office() -> Iterator[tuple[Path, bytes]]:
    """Return what the French catalogue of the back office should contain, and compiled."""
    path = back_office_file("fr")
    catalog = read(path) if path.exists() else Catalog(locale="fr", charset="utf-8")
    catalog.update(marked(), no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    content = written(catalog, "fr", "Texts of the back office (fr)")
    yield path, content
    compiled = io.BytesIO()
    final = read_po(io.BytesIO(content), locale="fr")
    # The file must not change with the time at which it was made.
    final.creation_date = final.revision_date = ALWAYS
    write_mo(compiled, final)
    yield path.with_suffix(".mo"), compiled.getvalue()


def back_office_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def _add_customers_text(
    catalog: Catalog, english: Message, own: Message | None
) -> None:
    """Add a text by its key, with the English text as the one to translate."""
    source = english.string if english.string and all(english.string) else english.id
    flags: set[str] = set()
    text: str | Sequence[str] = "" if isinstance(source, str) else [""] * len(source)
    if own is english:
        text = source
    elif own is not None and len(forms(own.string)) == len(forms(source)):
        text = own.string or ""
        is_changed = forms(source) not in {forms(own.id), forms(own.string)}
        flags = {"fuzzy"} if own.fuzzy or is_changed else set()
    key = str(english.context)
    catalog.add(
        source,
        text if isinstance(text, str) else tuple(text),
        flags=flags,
        auto_comments=[hint for start, hint in HINTS.items() if key.startswith(start)],
        user_comments=own.user_comments if own else (),
        context=key,
    )


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return singular and plural, or the only form."""
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


def customers_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "customers.po"


def new_catalog(language: str) -> Catalog:
    catalog = Catalog(charset="utf-8")
    catalog.mime_headers = [("Plural-Forms", PLURALS[language])]
    return catalog


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def written(catalog: Catalog, language: str, title: str) -> bytes:
    """Return the file: a header without dates, a line for each line of a text."""
    body = io.BytesIO()
    write_po(
        body,
        catalog,
        width=0,
        omit_header=True,
        ignore_obsolete=True,
        no_location=True,
        # Texts to customers stand in the order of their keys.
        sort_output="customers" not in title,
    )
    header = HEADER.format(title=title, language=language, plurals=PLURALS[language])
    return header.encode() + body.getvalue()


if __name__ == "__main__":
    main()
