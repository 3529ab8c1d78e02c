"""What models cost us: of one conversation, which is capped, and of everybody.

The cap is asked before each call of the model, over the whole episode: what its
earlier turns cost, and what this one used so far. One call may therefore go beyond it,
by what one call can cost. Where a price is not known the cap assumes a dear one; no
figure ever does.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from agents.llm.pricing import price_of
from agents.outcomes.outcome import CAPPED
from agents.outcomes.recording import current
from easymo.observability.logs import get_logger
from rollout.core.ports import Spend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agents.llm.model import Usage
    from agents.models import Conversation, Turn

__all__ = ["CAPPED", "Purse", "purse_of", "since"]
logger = get_logger(__name__)

# For the cap only: US dollars a token of a model whose price is not known.
DEAR = Decimal("0.00006")

SINCE = """
SELECT coalesce(sum(turn.cost), 0),
       count(*) FILTER (WHERE turn.cost IS NULL AND turn.model <> '')
FROM agents_turn AS turn
JOIN agents_conversation AS conversation ON conversation.id = turn.conversation_id
WHERE turn.started_at >= %s AND NOT conversation.is_synthetic
"""


@dataclass(frozen=True, slots=True)
class Purse:
    """What one conversation spent before this turn, and what it may in all."""

    spent: Decimal
    # None: no limit.
    cap: Decimal | None
    # It was capped before: she was told, and a person of ours was.
    was_told: bool = False

    def may_spend(self, model: str, usage: Usage) -> bool:
        """Tell whether the model may be asked once more."""
        if self.cap is None:
            return True
        spent = self.spent + _cost(model, usage)
        if spent < self.cap:
            return True
        logger.warning("ai.budget.conversation_used_up", usd=str(spent))
        return False


def purse_of(conversation: Conversation, turn: Turn) -> Purse:
    """Return what the episode has left; one that was capped stays so."""
    cap = Decimal(str(settings.CONVERSATION_COST_USD))
    if not cap:
        return Purse(Decimal(0), None)
    before = current(conversation, turn)
    return Purse(
        spent=_sum(before),
        cap=cap,
        was_told=any(earlier.error_code == CAPPED for earlier in before),
    )


def since(at: datetime) -> Spend:
    """Return what real turns cost since then, and of how many nobody knows it."""
    with connection.cursor() as cursor:
        cursor.execute(SINCE, [at])
        usd, unpriced = cursor.fetchone()
    return Spend(usd=Decimal(usd), unpriced=unpriced)


def _sum(turns: Sequence[Turn]) -> Decimal:
    total = Decimal(0)
    for turn in turns:
        if turn.cost is not None:
            total += turn.cost
        elif turn.model:
            total += DEAR * (turn.input_tokens + turn.output_tokens)
    return total


def _cost(model: str, usage: Usage) -> Decimal:
    known = price_of(model, usage).cost
    return DEAR * usage.total if known is None else known
