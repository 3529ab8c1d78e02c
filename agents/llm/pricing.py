from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from agents.llm.model import Usage

PRICE_VERSION = f"genai-prices {version('genai-prices')}"
# The precision of the database column.
SMALLEST = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Price:
    # US dollars; None when the price of the model is unknown.
    cost: Decimal | None
    version: str


def price_of(model: str, usage: Usage, *, at: datetime | None = None) -> Price:
    """Return the price of the usage, from the table of the package genai-prices."""
    import genai_prices  # noqa: PLC0415 - see openai_client.load

    # In the table too, cached tokens are part of the input.
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=min(usage.cached_input_tokens, usage.input_tokens),
        output_tokens=usage.output_tokens,
    )
    try:
        price = genai_prices.calc_price(
            tokens, model, provider_id="openai", genai_request_timestamp=at
        )
    except LookupError:
        return Price(cost=None, version=PRICE_VERSION)
    return Price(cost=price.total_price.quantize(SMALLEST), version=PRICE_VERSION)


def price_of_audio(model: str, seconds: float) -> Price:
    """Return the price of a transcription that is billed by its time."""
    import genai_prices  # noqa: PLC0415 - see openai_client.load

    length = Decimal(str(round(seconds, 3)))
    audio = genai_prices.Usage(audio_seconds=length, input_audio_seconds=length)
    try:
        price = genai_prices.calc_price(audio, model, provider_id="openai")
    except (LookupError, ValueError):
        return Price(cost=None, version=PRICE_VERSION)
    # 0: the table knows the model, and no price of its time.
    cost = price.total_price.quantize(SMALLEST) or None
    return Price(cost=cost, version=PRICE_VERSION)


def price_of_offline() -> Price:
    """Return the price of the offline model, which is zero."""
    return Price(cost=Decimal(0), version="offline")
