"""The fixed texts, one file per language; `render` returns a text."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date

from agents.language.texts import (
    en,
    fr,
    phone_en,
    phone_fr,
    phone_rw,
    phone_sw,
    rw,
    station_en,
    station_fr,
    station_rw,
    station_sw,
    sw,
)
from vouchers.names import quoted_name

if TYPE_CHECKING:
    from datetime import datetime

LANGUAGES = ("en", "fr", "rw", "sw")
TEXTS = {
    "en": en.TEXTS | phone_en.TEXTS | station_en.TEXTS,
    "fr": fr.TEXTS | phone_fr.TEXTS | station_fr.TEXTS,
    "rw": rw.TEXTS | phone_rw.TEXTS | station_rw.TEXTS,
    "sw": sw.TEXTS | phone_sw.TEXTS | station_sw.TEXTS,
}
_KIGALI = ZoneInfo("Africa/Kigali")
_LONGEST_VALUE = 200


class Placeholder(str):
    """Of a voucher code or a link, which is filled in when the text is sent."""

    __slots__ = ()


def code_placeholder(voucher_public_id: object) -> Placeholder:
    return Placeholder(f"{{code:{voucher_public_id}}}")


def link_placeholder(link_public_id: object) -> Placeholder:
    return Placeholder(f"{{pin_link:{link_public_id}}}")


def render(key: str, language: str, **values: object) -> str:
    """Return the text in the language, or in English for an unknown language.

    The value `name` is a person's name, whatever they call themselves: it is shown as
    letters and spaces, in quotes.
    """
    texts = TEXTS.get(language, TEXTS["en"])
    data = {field: _as_data(value) for field, value in values.items()}
    if "name" in values:
        data["name"] = quoted_name(str(values["name"])) or texts["name.unknown"]
    return texts[key].format(**data)


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
