from __future__ import annotations

from decimal import Decimal

from agents.llm.model import Usage
from agents.llm.pricing import price_of, price_of_offline


def test_price_of__known_model__counts_cached_tokens_once() -> None:
    # When
    price = price_of("gpt-5-mini", Usage(1_000, 500, 100))

    # Then
    # 500 at $0.25, 500 at $0.025 and 100 at $2.00 for a million.
    assert price.cost == Decimal("0.00033750")
    assert price.version.startswith("genai-prices ")
    assert len(price.version) <= 40


def test_price_of__dated_name_of_the_answer__is_the_same_model() -> None:
    usage = Usage(1_000, 0, 100)
    assert price_of("gpt-5-mini-2025-08-07", usage) == price_of("gpt-5-mini", usage)


def test_price_of__unknown_model__is_not_known_rather_than_free() -> None:
    assert price_of("gpt-99-imaginary", Usage(1_000, 0, 100)).cost is None


def test_price_of__more_cached_than_asked__does_not_break() -> None:
    assert price_of("gpt-5-mini", Usage(10, 500, 0)).cost is not None


def test_price_of_offline__is_known_to_be_nothing() -> None:
    assert price_of_offline().cost == Decimal(0)
