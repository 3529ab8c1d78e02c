"""Money in integer minor units, with strict parsing and currency-aware formatting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import list_currencies

from easymo.sentences import Sentence, amount, translatable, whole_number

# ISO 4217 exponents; every other currency has two decimals.
ZERO_DECIMALS = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
MAX_MAJOR = 1_000_000
_PLAIN = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,3})?")
# ISO 4217 codes for metals, tests and funds.
_NOT_MONEY = frozenset(
    [
        "XAG",
        "XAU",
        "XBA",
        "XBB",
        "XBC",
        "XBD",
        "XDR",
        "XPD",
        "XPT",
        "XSU",
        "XTS",
        "XUA",
        "XXX",
        "XCG",
    ]
)


class InvalidAmount(ValueError):
    """The amount is not written exactly."""


class InvalidCurrency(ValueError):
    """Vouchers are not issued in this currency."""


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise InvalidAmount(translatable("Money is counted in whole minor units."))

    @property
    def major(self) -> int | str:
        """Return the amount as the API shows it: an integer or a decimal string."""
        places = exponent(self.currency)
        if not places:
            return self.minor
        whole, part = divmod(self.minor, 10**places)
        return f"{whole}.{part:0{places}}"

    def __str__(self) -> str:
        return format_money(self)


def exponent(currency: str) -> int:
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def is_currency(value: str) -> bool:
    return value in list_currencies() and value not in _NOT_MONEY


def major_units(amount: int, currency: str) -> int:
    """Return ``amount`` major units in minor units."""
    return int(amount * 10 ** exponent(currency))


def format_money(money: Money) -> str:
    """Return ``RWF 10,000``: the currency, then the amount with its decimals."""
    places = exponent(money.currency)
    whole, part = divmod(abs(money.minor), 10**places)
    sign = "-" if money.minor < 0 else ""
    decimals = f".{part:0{places}}" if places else ""
    return f"{money.currency} {sign}{whole:,}{decimals}"


def shown_money(money: Money) -> Sentence:
    """Return the amount for pages: ``10 000 RWF`` in French, else as everywhere."""
    places = exponent(money.currency)
    value = Decimal(money.minor).scaleb(-places)
    return amount(value, places, money.currency, in_english=format_money(money))


def parse_currency_strict(value: object, *, allowed: list[str]) -> str:
    """Return the unchanged ISO code, or raise ``InvalidCurrency``."""
    if not isinstance(value, str) or value not in allowed or not is_currency(value):
        raise InvalidCurrency(
            translatable(
                "Vouchers are issued in {currencies}.", currencies=", ".join(allowed)
            )
        )
    return value


def parse_amount_strict(value: object, *, currency: str = "RWF") -> Money:
    """Parse major units: an integer, or a string of ASCII digits.

    Nothing is rounded or stripped. A string has at most the decimals of the currency.
    Floats are refused, because they are not exact.
    """
    places = exponent(currency)
    if type(value) is int:
        minor = value * 10**places if abs(value) <= MAX_MAJOR else -1
    elif isinstance(value, str) and _PLAIN.fullmatch(value):
        whole, _, part = value.partition(".")
        if len(part) > places:
            raise InvalidAmount(
                translatable(
                    "{currency} has {places} decimals.",
                    currency=currency,
                    places=places,
                )
                if places
                else translatable("{currency} has no decimals.", currency=currency)
            )
        minor = int(whole) * 10**places + int(part.ljust(places, "0") or "0")
    else:
        raise InvalidAmount(
            translatable("The amount must be a whole number in digits.")
        )
    if not 0 < minor <= MAX_MAJOR * 10**places:
        raise InvalidAmount(
            translatable(
                "The amount must be between 1 and {most}.",
                most=whole_number(MAX_MAJOR),
            )
        )
    return Money(minor, currency)
