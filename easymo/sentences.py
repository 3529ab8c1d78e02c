"""Sentences of services, rendered in the language of who reads them.

A service states a refusal as a text of the catalogue with its values. The string itself is
English: this is what is stored, sent as JSON and compared. `str()`, f-strings and templates
render it in the language of the page; outside the back office that is English too.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import formats, translation
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date


class Sentence(str):
    """A text that is English as data, and is rendered for each reader."""

    __slots__ = ("render",)
    render: Callable[[], str]

    def __new__(cls, as_data: str, render: Callable[[], str]) -> Sentence:
        made = super().__new__(cls, as_data)
        made.render = render
        return made

    def __str__(self) -> str:
        return self.render()

    def __format__(self, spec: str) -> str:
        return format(self.render(), spec)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Copy and pickle the data."""
        return str, (english(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> Sentence:
        return self


def translatable(text: str, /, **values: Any) -> Sentence:
    """Return a text of the catalogue with its values; `make texts` collects it."""
    return Sentence(
        text.format(**_as_data(values)), lambda: gettext(text).format(**values)
    )


def ntranslatable(one: str, many: str, number: int, /, **values: Any) -> Sentence:
    """Return the form of a text for the number, with its values."""
    return Sentence(
        (one if number == 1 else many).format(**_as_data(values)),
        lambda: ngettext(one, many, number).format(**values),
    )


def joined(separator: str, texts: Iterable[str]) -> Sentence:
    """Join texts, each rendered for the reader."""
    parts = list(texts)
    return Sentence(
        separator.join(parts),
        lambda: str(separator).join([str(each) for each in parts]),
    )


def shortened(text: str, most: int) -> Sentence:
    """Return the first characters of a text."""
    return Sentence(english(text)[:most], lambda: str(text)[:most])


def label(text: object) -> Sentence:
    """Return a name of a model, field or choice, or a stored text of the catalogue."""
    source = english(text)
    return Sentence(source, lambda: gettext(source))


def whole_number(value: int) -> Sentence:
    """Return a number with the separators of the language."""
    return Sentence(
        f"{value:,}", lambda: formats.number_format(value, force_grouping=True)
    )


def counted(number: int, one: str, many: str) -> Sentence:
    """Return a number with its noun: `1 call`, `9 calls`."""
    return ntranslatable(one, many, number, number=whole_number(number))


def decimal(text: str, unit: str) -> Sentence:
    """Return a plain decimal number and its unit, with the point of the language."""
    return Sentence(text + unit, lambda: formats.localize_input(Decimal(text)) + unit)


def amount(
    value: float | Decimal, places: int, currency: str, *, in_english: str
) -> Sentence:
    """Return money as pages show it: `10 000 RWF` in French."""
    return Sentence(
        in_english, lambda: _in_language(value, places, currency, in_english)
    )


def day(value: date) -> Sentence:
    """Return a day with the name of its month: `5 March 2026`."""
    return Sentence(
        f"{value.day} {value:%B %Y}", lambda: formats.date_format(value, "j F Y")
    )


def english(text: object) -> str:
    """Return the text, or that of an error, as it is stored and logged."""
    if isinstance(text, Sentence):
        return str.__str__(text)
    if isinstance(text, str):
        return text
    with translation.override(settings.LANGUAGE_CODE):
        return str(text)


def _as_data(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: english(value) if isinstance(value, Sentence | Promise) else value
        for name, value in values.items()
    }


def _in_language(
    value: float | Decimal, places: int, currency: str, in_english: str
) -> str:
    if translation.get_language() != "fr":
        return in_english
    text = formats.number_format(f"{value:.{places}f}", places, force_grouping=True)
    return f"{text}\N{NO-BREAK SPACE}{currency}"
