from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.claim_numbers import amounts_in, digit_words_in, values_in


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("RWF 10,000", 10_000),
        ("10 000 frw", 10_000),
        ("10.000 RWF", 10_000),
        ("10'000", 10_000),
        ("10k", 10_000),
        ("1e4", 10_000),
        ("1 0 0 0 0", 10_000),
        ("１０，０００", 10_000),
        ("١٠٠٠٠", 10_000),
        ("10\u200b000", 10_000),
        ("ten thousand", 10_000),
        ("10 thousand", 10_000),
        ("ten thousand five hundred", 10_500),
        ("two hundred and fifty", 250),
        ("one million", 1_000_000),
        ("dix mille", 10_000),
        ("10 mille", 10_000),
        ("vingt-cinq mille", 25_000),
        ("quatre-vingt mille", 80_000),
        ("soixante-dix mille", 70_000),
        ("cinq cents", 500),
        ("ibihumbi icumi", 10_000),
        ("ibihumbi 10", 10_000),
        ("ibihumbi bitanu", 5_000),
        ("magana atanu", 500),
        ("igihumbi", 1_000),
        ("elfu kumi", 10_000),
        ("elfu 10", 10_000),
        ("elfu kumi na tano", 15_000),
        ("elfu tano mia mbili", 5_200),
        ("laki moja", 100_000),
        ("mia tano", 500),
        ("RWF 50", 50),
        ("50 francs", 50),
    ],
)
def test_amounts_in__one_amount__is_read(text: str, value: int) -> None:
    assert amounts_in(text) == {Decimal(value)}


@pytest.mark.parametrize(
    "text", ["", "in 10 minutes", "two vouchers", "at 14:30", "1. Look up", "no amount"]
)
def test_amounts_in__small_counts__are_no_amounts(text: str) -> None:
    assert amounts_in(text) == set()


@given(st.integers(100, 99_999_999))
def test_amounts_in__any_grouping__reads_the_same(value: int) -> None:
    for mark in (",", " ", ".", "'", "\u00a0", "\u202f"):
        written = f"{value:,}".replace(",", mark)
        assert Decimal(value) in amounts_in(f"RWF {written} now")


@given(st.text(max_size=300))
def test_values_in__anything__does_not_break(text: str) -> None:
    values_in(text)
    amounts_in(text)
    digit_words_in(text)


def test_values_in__endless_exponent__is_bounded() -> None:
    assert values_in("1e" + "9" * 6_000) == {Decimal(10**12)}


@pytest.mark.parametrize(
    "text",
    [
        "one two three four five six seven",
        "un deux trois quatre cinq six sept",
        "moja mbili tatu nne tano sita saba",
        "1 2 3 4 5 6 7",
        "rimwe kabiri gatatu kane gatanu gatandatu karindwi",
    ],
)
def test_digit_words_in__code_said_aloud__is_counted(text: str) -> None:
    assert digit_words_in(text) == 7
