"""The texts to customers, from the catalogues in locale/; `render` returns a text.

Each catalogue is read once, when the process starts, as translators wrote it. A text is
found by its key (`msgctxt`). See docs/languages.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from gettext import c2py
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date
from babel.messages.pofile import read_po

from easymo import paths
from vouchers.names import quoted_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

LANGUAGES = ("en", "fr", "rw", "sw")
LOCALE = paths.BASE_DIR / "locale"
# The values that decide between singular and plural; a text has at most one of them.
COUNTED = ("count", "days", "left", "minutes", "seconds")
_KIGALI = ZoneInfo("Africa/Kigali")
_LONGEST_VALUE = 200


class Placeholder(str):
    """Of a voucher code or a link, which is filled in when the text is sent."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language; `forms` has all forms of those with a plural."""

    texts: Mapping[str, str]
    forms: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]

    def text(self, key: str, values: Mapping[str, object]) -> str:
        """Return the text, in the form that its number needs."""
        if key in self.forms:
            number = next((values[name] for name in COUNTED if name in values), None)
            if isinstance(number, int):
                return self.forms[key][self.form_of(number)]
        return self.texts[key]


def catalogue_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "customers.po"


def read_catalogue(language: str) -> Catalogue:
    """Read a catalogue. What is not translated, or marked as fuzzy, is English."""
    with catalogue_file(language).open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    texts, forms = {}, {}
    for message in catalogue:
        if not message.context:
            continue
        is_ready = not message.fuzzy and all(_forms(message.string))
        found = _forms(message.string if is_ready else message.id)
        # The plural stands for the text where no number is given.
        texts[message.context] = found[-1]
        if message.pluralizable:
            forms[message.context] = found
    return Catalogue(texts, forms, c2py(catalogue.plural_expr))


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


CATALOGUES = {language: read_catalogue(language) for language in LANGUAGES}
TEXTS = {language: CATALOGUES[language].texts for language in LANGUAGES}


def code_placeholder(voucher_public_id: object) -> Placeholder:
    return Placeholder(f"{{code:{voucher_public_id}}}")


def link_placeholder(link_public_id: object) -> Placeholder:
    return Placeholder(f"{{pin_link:{link_public_id}}}")


def render(key: str, language: str, **values: object) -> str:
    """Return the text in the language, or in English for an unknown language.

    The value `name` is a person's name, whatever they call themselves: it is shown as
    letters and spaces, in quotes.
    """
    catalogue = CATALOGUES.get(language, CATALOGUES["en"])
    data = {field: _as_data(value) for field, value in values.items()}
    if "name" in values:
        data["name"] = (
            quoted_name(str(values["name"])) or catalogue.texts["name.unknown"]
        )
    return catalogue.text(key, values).format(**data)


def has(key: str) -> bool:
    return key in TEXTS["en"]


def format_date(at: datetime, language: str) -> str:
    locale = language if language in LANGUAGES else "en"
    return babel_date(at.astimezone(_KIGALI).date(), "d MMM y", locale=locale)


def _as_data(value: object) -> str:
    """Return a value (a name, a reason) without placeholders and newlines."""
    if isinstance(value, Placeholder):
        return str(value)
    text = str(value).replace("{", "(").replace("}", ")")
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:_LONGEST_VALUE]
