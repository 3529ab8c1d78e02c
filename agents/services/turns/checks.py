"""Whether the model's own words may be sent: held against the rows of this turn."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from agents.runtime.claims import BACKED_BY_STATUS, Facts
from agents.runtime.review import Review, review
from agents.services.receipts import display_of
from agents.services.turns.requests import instructions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agents.models import ToolCall
    from agents.services.turns.work import Work


def reviewed(text: str, *, calls: Sequence[ToolCall], work: Work) -> Review:
    """Return the text as it would be sent, and why it may not be."""
    return review(text, facts_of(calls, work), instructions=instructions(work))


def facts_of(calls: Sequence[ToolCall], work: Work) -> Facts:
    """Read what this turn's tools showed; what they did has its receipt."""
    found = [pair for call in calls for pair in _pairs(call.result)]
    return Facts(
        statuses=frozenset(
            value for key, value in found if key == "status" and value in STATUSES
        ),
        amounts=frozenset(
            amount
            for key, value in found
            if key == "amount" and (amount := _decimal(value)) is not None
        ),
        references=frozenset(str(value) for key, value in found if key == "reference"),
        shown=tuple(filter(None, map(display_of, calls))),
        own_text="\n".join(work.said),
    )


STATUSES = frozenset(BACKED_BY_STATUS)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield key, entry
            yield from _pairs(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _pairs(entry)


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
