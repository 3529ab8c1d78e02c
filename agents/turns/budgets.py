"""What one person, and everybody together, may have a model do.

A person who used up her day hears so once, and is answered again tomorrow: her
messages are kept. Where everybody together used up the hour, the offline model
answers, which costs nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from agents.core.jobs import enqueue_delivery
from agents.language import texts
from agents.models import Conversation, Turn
from agents.outbound import outbox
from easymo.observability.logs import get_logger
from vouchers.models import Profile

if TYPE_CHECKING:
    from decimal import Decimal

logger = get_logger(__name__)

OVER = "over_budget"
# Whoever works with it all day.
STAFF_TIMES = 10
HOUR = timedelta(hours=1)
# The hour's sum is read so often at most by a process; a cap needs no more.
FRESH_S = 5.0
SUMMED: dict[str, tuple[float, bool]] = {}

SUM = """
SELECT count(*) FILTER (WHERE turn.outcome <> 'silent'),
       coalesce(sum(turn.input_tokens + turn.output_tokens), 0),
       coalesce(sum(turn.cost), 0)
FROM agents_turn AS turn
"""
# Asked in every turn.
DAY = f"""{SUM}
JOIN agents_conversation AS conversation ON conversation.id = turn.conversation_id
WHERE conversation.profile_id = %s AND turn.started_at >= %s
"""
HOURS = f"{SUM} WHERE turn.started_at >= %s"


@dataclass(frozen=True, slots=True)
class Spent:
    turns: int
    tokens: int
    cost: Decimal


def is_over_day(conversation: Conversation) -> bool:
    """Tell whether the person used up her day."""
    profile = conversation.profile
    times = 1 if profile.role == Profile.Role.CUSTOMER else STAFF_TIMES
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    spent = _sum(DAY, [profile.pk, midnight])
    return (
        _is_over(spent.turns, settings.PERSON_DAILY_TURNS * times)
        or _is_over(spent.tokens, settings.PERSON_DAILY_TOKENS * times)
        or _is_over(spent.cost, settings.PERSON_DAILY_COST_USD * times)
    )


def is_over_hour() -> bool:
    """Tell whether everybody together used up the hour; at most 5 seconds old."""
    now = time.monotonic()
    name = str(Turn.objects.db)
    read_at, is_over = SUMMED.get(name, (-FRESH_S, False))
    if now - read_at < FRESH_S:
        return is_over
    spent = _sum(HOURS, [timezone.now() - HOUR])
    is_over = _is_over(spent.tokens, settings.HOURLY_TOKENS) or _is_over(
        spent.cost, settings.HOURLY_COST_USD
    )
    SUMMED[name] = (now, is_over)
    if is_over:
        logger.error("ai.budget.hour_used_up", tokens=spent.tokens)
    return is_over


def tell_once(conversation: Conversation) -> bool:
    """Say once a day that the day is used up. The caller holds the conversation."""
    now = timezone.now()
    told_at: datetime | None = conversation.budget_notice_at
    if told_at and timezone.localdate(told_at) == timezone.localdate(now):
        return False
    conversation.budget_notice_at = now
    conversation.save(update_fields=["budget_notice_at"])
    language = conversation.profile.language or conversation.language or "en"
    outbox.enqueue(
        conversation=conversation,
        cause=f"budget:{conversation.pk}:{timezone.localdate(now)}",
        body=texts.render("budget", language),
    )
    enqueue_delivery(conversation_id=conversation.pk)
    logger.warning("ai.budget.day_used_up", conversation_id=conversation.pk)
    return True


def _sum(statement: str, values: list[Any]) -> Spent:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return Spent(*cursor.fetchone())


def _is_over(spent: int | Decimal, limit: float) -> bool:
    return limit > 0 and spent >= limit
