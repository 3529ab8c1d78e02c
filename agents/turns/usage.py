"""What the model was given and what it cost, on the turn's row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.llm.model import Usage
from agents.llm.pricing import price_of, price_of_offline
from vouchers.codes import blank_code_digits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from agents.llm.model import Item
    from agents.models import Turn

OFFLINE = "offline"
RECORDED = [
    "items",
    "model",
    "model_calls",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "cost",
    "price_version",
]


@dataclass(frozen=True, slots=True)
class ModelExchange:
    """What the model was given and returned, whether or not it is sent."""

    items: Sequence[Item] = ()
    usage: Usage = field(default_factory=Usage)
    model_calls: int = 0
    # Empty when no model was asked.
    model: str = ""


def record(turn: Turn, exchange: ModelExchange) -> None:
    """Put the exchange and its cost on the turn; the caller saves the row."""
    if not exchange.model:
        return
    turn.items = kept_items(exchange.items)
    turn.model = exchange.model[:80]
    turn.model_calls = exchange.model_calls
    turn.input_tokens = exchange.usage.input_tokens
    turn.cached_input_tokens = exchange.usage.cached_input_tokens
    turn.output_tokens = exchange.usage.output_tokens
    is_free = exchange.model == OFFLINE and not exchange.usage.total
    price = price_of_offline() if is_free else price_of(exchange.model, exchange.usage)
    turn.cost = price.cost
    turn.price_version = price.version[:40]


def kept_items(items: Sequence[Item]) -> list[Item]:
    """Return the items as they are stored. Reasoning is sealed by its provider."""
    return [
        item if item.get("type") == "reasoning" else cleaned(item) for item in items
    ]


def cleaned(value: Any) -> Any:
    """Remove codes, and characters that PostgreSQL's JSON cannot hold."""
    if isinstance(value, str):
        text = value.replace("\x00", "").encode("utf-8", "replace").decode()
        return blank_code_digits(text)
    if isinstance(value, list):
        return [cleaned(entry) for entry in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(entry) for key, entry in value.items()}
    return value
