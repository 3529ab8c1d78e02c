from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchers.money import (
    InvalidAmount,
    InvalidCurrency,
    Money,
    format_money,
    parse_amount_strict,
    parse_currency_strict,
)


@given(st.integers(1, 1_000_000))
def test_parse__whole_number__returns_the_amount(amount: int) -> None:
    assert parse_amount_strict(amount) == Money(amount, "RWF")
    assert parse_amount_strict(str(amount)) == Money(amount, "RWF")
    assert parse_amount_strict(amount, currency="KES") == Money(amount * 100, "KES")


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none()))
def test_parse__anything__is_a_positive_amount_or_refused(value: object) -> None:
    try:
        money = parse_amount_strict(value)
    except InvalidAmount:
        return
    assert 1 <= money.minor <= 1_000_000
    assert type(value) in {int, str}
    assert str(value).isascii()


@pytest.mark.parametrize(
    "value",
    [
        "١٠٠٠", "１０００", "1_000", "1.000", "1000.0", 1000.0, " 1000 ", "1e3", "1e9",
        0, -1, 0.5, 1e9, 1e308, float("nan"), float("inf"), 10**20, 1_000_001,
        "9" * 1200, "10,000", "10.000", "10k", "0x10", "²", "Ⅷ", "", "+5", "-5", "0",
        "1000\n", "10\x0000", "10\ud800", True, False, None, [], {}, b"10",
    ],
)  # fmt: skip
def test_parse__invalid_text__is_refused(value: object) -> None:
    with pytest.raises(InvalidAmount):
        parse_amount_strict(value)


def test_parse__more_decimals_than_the_currency__is_refused() -> None:
    assert parse_amount_strict("10.5", currency="KES") == Money(1050, "KES")
    assert parse_amount_strict("10.55", currency="KES") == Money(1055, "KES")
    with pytest.raises(InvalidAmount):
        parse_amount_strict("10.555", currency="KES")


@pytest.mark.parametrize(
    ("money", "shown", "answered"),
    [
        (Money(10_000, "RWF"), "RWF 10,000", 10_000),
        (Money(1_000, "USD"), "USD 10.00", "10.00"),
        (Money(5, "USD"), "USD 0.05", "0.05"),
        (Money(1_000_000, "RWF"), "RWF 1,000,000", 1_000_000),
    ],
)
def test_format__amounts__show_the_currencys_decimals(
    money: Money, shown: str, answered: object
) -> None:
    assert format_money(money) == shown == str(money)
    assert money.major == answered


@pytest.mark.parametrize("value", ["rwf", "RWFX", "XXX", "", "KES", None, 1, "ＲＷＦ"])
def test_currency__not_offered__is_refused(value: object) -> None:
    with pytest.raises(InvalidCurrency):
        parse_currency_strict(value, allowed=["RWF", "XXX"])


def test_money__float_or_boolean__is_refused() -> None:
    for value in (1.0, True):
        with pytest.raises(InvalidAmount):
            Money(value, "RWF")  # type: ignore[arg-type]
