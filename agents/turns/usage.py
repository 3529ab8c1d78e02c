"""What the model was shown and what it cost, on the turn's row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.core.code_redaction import blank_code_digits
from agents.llm.pricing import price_of, price_of_offline
from agents.turns.reply import OFFLINE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from agents.llm.model import Item
    from agents.models import Turn
    from agents.turns.reply import Spent

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


def record(turn: Turn, spent: Spent) -> None:
    """Put what the model was shown, and what it cost, on the turn."""
    if not spent.model:
        return
    turn.items = kept_items(spent.items)
    turn.model = spent.model[:80]
    turn.model_calls = spent.model_calls
    turn.input_tokens = spent.usage.input_tokens
    turn.cached_input_tokens = spent.usage.cached_input_tokens
    turn.output_tokens = spent.usage.output_tokens
    is_free = spent.model == OFFLINE and not spent.usage.total
    price = price_of_offline() if is_free else price_of(spent.model, spent.usage)
    turn.cost = price.cost
    turn.price_version = price.version[:40]


def kept_items(items: Sequence[Item]) -> list[Item]:
    """Return the items as they are kept. Reasoning is sealed by its provider."""
    return [
        item if item.get("type") == "reasoning" else cleaned(item) for item in items
    ]


def cleaned(value: Any) -> Any:
    """Take out codes, and what PostgreSQL's JSON does not hold."""
    if isinstance(value, str):
        text = value.replace("\x00", "").encode("utf-8", "replace").decode()
        return blank_code_digits(text)
    if isinstance(value, list):
        return [cleaned(entry) for entry in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(entry) for key, entry in value.items()}
    return value
