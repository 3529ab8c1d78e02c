"""Daily budgets of a person and the hourly budget of all.

A person over their day is told so once and answered again tomorrow; their messages are
kept. Over the hourly budget the offline model answers, which costs nothing.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.utils import timezone

from agents.core.jobs import enqueue_delivery
from agents.language import texts
from agents.language.choice import language_of
from agents.models import Conversation, Turn
from agents.outbound import outbox
from easymo.database import statements
from easymo.observability.logs import get_logger
from vouchers.models import Profile

if TYPE_CHECKING:
    from decimal import Decimal

logger = get_logger(__name__)

OVER = "over_budget"
# Staff work with the agent all day.
STAFF_FACTOR = 10
HOUR = timedelta(hours=1)
# How long a process uses the hour's sum before it reads it again.
CACHE_S = 5.0
HOUR_CACHE: dict[str, tuple[float, bool]] = {}

SUM = """
SELECT count(*) FILTER (WHERE turn.outcome <> 'silent'),
       coalesce(sum(turn.input_tokens + turn.output_tokens), 0),
       coalesce(sum(turn.cost), 0)
FROM agents_turn AS turn
"""
# Executed in every turn.
DAY = f"""{SUM}
JOIN agents_conversation AS conversation ON conversation.id = turn.conversation_id
WHERE conversation.profile_id = %s AND turn.started_at >= %s
"""
LAST_HOUR = f"{SUM} WHERE turn.started_at >= %s"


class UsageSum(NamedTuple):
    turns: int
    tokens: int
    cost: Decimal


def is_over_day(conversation: Conversation) -> bool:
    """Tell whether the person used up their day."""
    profile = conversation.profile
    factor = 1 if profile.role == Profile.Role.CUSTOMER else STAFF_FACTOR
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    used = _sum(DAY, [profile.pk, midnight])
    return (
        _is_over(used.turns, settings.PERSON_DAILY_TURNS * factor)
        or _is_over(used.tokens, settings.PERSON_DAILY_TOKENS * factor)
        or _is_over(used.cost, settings.PERSON_DAILY_COST_USD * factor)
    )


def is_over_hour() -> bool:
    """Tell whether all together used up the hour; at most 5 seconds old."""
    now = time.monotonic()
    database = str(Turn.objects.db)
    read_at, is_over = HOUR_CACHE.get(database, (-CACHE_S, False))
    if now - read_at < CACHE_S:
        return is_over
    used = _sum(LAST_HOUR, [timezone.now() - HOUR])
    is_over = _is_over(used.tokens, settings.HOURLY_TOKENS) or _is_over(
        used.cost, settings.HOURLY_COST_USD
    )
    HOUR_CACHE[database] = (now, is_over)
    if is_over:
        logger.error("ai.budget.hour_used_up", tokens=used.tokens)
    return is_over


def notify_once(conversation: Conversation) -> bool:
    """Say once a day that the day is used up. The caller holds the conversation."""
    now = timezone.now()
    notified_at: datetime | None = conversation.budget_notice_at
    if notified_at and timezone.localdate(notified_at) == timezone.localdate(now):
        return False
    conversation.budget_notice_at = now
    conversation.save(update_fields=["budget_notice_at"])
    outbox.enqueue(
        conversation=conversation,
        cause=f"budget:{conversation.pk}:{timezone.localdate(now)}",
        body=texts.render("budget", language_of(conversation)),
    )
    enqueue_delivery(conversation_id=conversation.pk)
    logger.warning("ai.budget.day_used_up", conversation_id=conversation.pk)
    return True


def _sum(statement: str, values: list[Any]) -> UsageSum:
    [found] = statements.rows(statement, values)
    return UsageSum(*found)


def _is_over(used: int | Decimal, limit: float) -> bool:
    return limit > 0 and used >= limit
