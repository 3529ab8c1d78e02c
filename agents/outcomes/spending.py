"""What models cost: of one conversation, which has a cap, and of all together.

The cap is checked before each model call, over the earlier turns of the same part and
the present turn. One call may therefore exceed it by its own cost. Where a price is not
known the cap assumes an expensive one; no reported figure ever does.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from agents.llm.pricing import price_of
from agents.outcomes.outcome import CAPPED
from agents.outcomes.recording import earlier_turns
from easymo.observability.logs import get_logger
from rollout.core.ports import Spend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agents.llm.model import Usage
    from agents.models import Conversation, Turn

logger = get_logger(__name__)

# For the cap only: US dollars per token of a model whose price is not known.
ASSUMED_TOKEN_PRICE = Decimal("0.00006")

# Each row looks up its conversation: a join would read all conversations.
SINCE = """
SELECT sum(usd), sum(unpriced)::bigint FROM (
    SELECT coalesce(sum(turn.cost), 0) AS usd,
           count(*) FILTER (WHERE turn.cost IS NULL AND turn.model <> '') AS unpriced
    FROM agents_turn AS turn
    WHERE turn.started_at >= %(at)s AND NOT (
        SELECT is_synthetic FROM agents_conversation WHERE id = turn.conversation_id)
    UNION ALL
    SELECT coalesce(sum(usage.cost), 0), count(*) FILTER (WHERE usage.cost IS NULL)
    FROM agents_callusage AS usage
    WHERE usage.at >= %(at)s AND NOT (
        SELECT is_synthetic FROM agents_call WHERE id = usage.call_id)
) AS each
"""


@dataclass(frozen=True, slots=True)
class ConversationBudget:
    """What a conversation spent before this turn, and its cap."""

    spent: Decimal
    # None: no limit.
    cap: Decimal | None
    # An earlier turn reached the cap, and a handoff was opened.
    is_capped: bool = False

    def may_spend(self, model: str, usage: Usage) -> bool:
        """Tell whether the model may be asked once more."""
        if self.cap is None:
            return True
        spent = self.spent + _cost_so_far(model, usage)
        if spent < self.cap:
            return True
        logger.warning("ai.budget.conversation_used_up", usd=str(spent))
        return False


def _cost_so_far(model: str, usage: Usage) -> Decimal:
    """Return what the present turn cost; the price table is slow to read."""
    if not usage.total:
        return Decimal(0)
    price = price_of(model, usage).cost
    return ASSUMED_TOKEN_PRICE * usage.total if price is None else price


def budget_of(conversation: Conversation, turn: Turn) -> ConversationBudget:
    """Return the budget of the running turn's part; one that was capped stays so."""
    cap = Decimal(str(settings.CONVERSATION_COST_USD))
    if not cap:
        return ConversationBudget(Decimal(0), None)
    earlier = earlier_turns(conversation, turn)
    return ConversationBudget(
        spent=_sum(earlier),
        cap=cap,
        is_capped=any(each.error_code == CAPPED for each in earlier),
    )


def since(at: datetime) -> Spend:
    """Return what real turns and calls cost since then, and how many prices lack.

    A call is counted by its responses and transcriptions, also while it runs.
    """
    with connection.cursor() as cursor:
        cursor.execute(SINCE, {"at": at})
        usd, unpriced = cursor.fetchone()
    return Spend(usd=Decimal(usd), unpriced=unpriced)


def _sum(turns: Sequence[Turn]) -> Decimal:
    total = Decimal(0)
    for turn in turns:
        if turn.cost is not None:
            total += turn.cost
        elif turn.model:
            total += ASSUMED_TOKEN_PRICE * (turn.input_tokens + turn.output_tokens)
    return total
