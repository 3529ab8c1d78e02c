"""Finished conversations become observations, each once.

A conversation is locked, its turns that nobody has counted are read and cut into
episodes, and each that is over is recorded; in the same transaction its turns are
marked as counted. Whoever dies in between has done nothing, and whoever comes second
finds nothing left.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from agents.core.locks import lock_idle_conversation
from agents.models import HandOff, Message, OutboundMessage, ToolCall, Turn
from agents.outcomes import outcome, satisfaction
from agents.outcomes.outcome import Seen, Sums
from easymo import keys
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger
from rollout.evidence import observations
from rollout.evidence.observations import FinishedConversation
from rollout.models import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Conversation
    from rollout.models import Observation

logger = get_logger(__name__)

MOST = 500
# Turns of one conversation that are read at once; the next minute goes on.
MOST_TURNS = 1_000
PURPOSE = "observation"
NOT_COPIED = ("items", "exposure")
# Asked in every turn.
UNOBSERVED = Prepared(
    lambda: (
        Turn.objects.filter(
            conversation_id=slot("conversation"),
            observed_at__isnull=True,
            pk__lte=slot("turn"),
        )
        .defer(*NOT_COPIED)
        .order_by("-id")[:MOST_TURNS]
    )
)

# In the order of the partial index, which holds the turns not counted yet.
DUE = """
SELECT turn.conversation_id FROM agents_turn AS turn
WHERE turn.observed_at IS NULL AND turn.finished_at IS NOT NULL
  AND turn.conversation_id > %(after)s
GROUP BY turn.conversation_id
HAVING min(turn.finished_at) < %(idle_since)s OR EXISTS (
    SELECT FROM agents_handoff AS entry
    WHERE entry.conversation_id = turn.conversation_id
      AND entry.closed_at >= max(turn.finished_at)
)
ORDER BY turn.conversation_id LIMIT %(limit)s
"""


def observe(*, now: datetime | None = None, limit: int = MOST) -> int:
    """Record all that is over; return how many episodes that were."""
    at = now or timezone.now()
    total, after = 0, 0
    while due := _due(after, at, limit):
        for conversation_id in due:
            total += _observe_safely(conversation_id, at)
        after = due[-1]
        if len(due) < limit:
            break
    return total


def current(conversation: Conversation, turn: Turn) -> list[Turn]:
    """Return the earlier turns of the episode that this turn belongs to."""
    rows = UNOBSERVED.all(conversation=conversation.pk, turn=turn.pk)
    if all(row.pk == turn.pk for row in rows):
        # It is the first one, or all before it were counted.
        return []
    seen = _seen(rows[::-1], with_replies=False)
    closed = _closed_at(conversation)
    *_, last = outcome.episodes(seen, closed_at=closed) if seen else [[]]
    return [each.turn for each in last if each.turn.pk != turn.pk]


def _due(after: int, now: datetime, limit: int) -> list[int]:
    values: dict[str, Any] = {
        "after": after,
        "idle_since": now - outcome.IDLE,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(DUE, values)
        return [row[0] for row in cursor.fetchall()]


def _observe_safely(conversation_id: int, now: datetime) -> int:
    """Count one conversation; what is odd about it holds up nobody else's."""
    try:
        return observe_conversation(conversation_id, now=now)
    except Exception:
        logger.exception("ai.episode.error", conversation_id=conversation_id)
        return 0


def observe_conversation(conversation_id: int, *, now: datetime) -> int:
    """Record what is over of one conversation; return how many episodes it was."""
    recorded: list[Observation] = []
    with transaction.atomic():
        conversation = lock_idle_conversation(conversation_id)
        if conversation is None:
            # A turn is at it: not idle, or looked at again in a minute.
            return 0
        turns = list(
            conversation.turns.filter(observed_at__isnull=True)
            .defer(*NOT_COPIED)
            .order_by("id")[:MOST_TURNS]
        )
        closed_at = _closed_at(conversation)
        parts = list(outcome.episodes(_seen(turns), closed_at=closed_at))
        heard_next = [part[0].heard_at for part in parts[1:]]
        for part, heard_at in zip(
            parts, [*heard_next, _waiting_since(conversation)], strict=True
        ):
            if outcome.is_over(
                part, now=now, next_heard_at=heard_at, closed_at=closed_at
            ):
                recorded += _close(conversation, part, now)
        if recorded:
            satisfaction.ask(conversation, recorded[-1], now=now)
    return len(recorded)


def _close(
    conversation: Conversation, part: Sequence[Seen], now: datetime
) -> list[Observation]:
    """Mark the turns as counted, and record what they come to."""
    sums = outcome.sums_of(part, now=now)
    found = None
    if sums is not None:
        first = part[0].turn.pk
        found = observations.record_observation(_finished(conversation, first, sums))
    Turn.objects.filter(pk__in=[seen.turn.pk for seen in part]).update(observed_at=now)
    return [found] if found else []


def _finished(
    conversation: Conversation, first: int, sums: Sums
) -> FinishedConversation:
    key = keys.digest(PURPOSE, conversation.public_id.bytes)
    return FinishedConversation(
        source_key=f"chat:{conversation.pk}:{first}",
        conversation_key=key.hex(),
        channel=Channel.CHAT,
        started_at=sums.started_at,
        finished_at=sums.finished_at,
        calls=sums.calls,
        failed=sums.failed,
        turns=sums.turns,
        latencies_ms=sums.latencies_ms,
        waits_ms=sums.waits_ms,
        cost=sums.cost,
        price_version=sums.price_version,
        errors=sums.errors,
        outcome=sums.outcome,
        is_synthetic=conversation.is_synthetic or conversation.profile.is_sandbox,
    )


def _seen(turns: Sequence[Turn], *, with_replies: bool = True) -> list[Seen]:
    """Put to each turn what belongs to it; four queries at most."""
    found = [turn.pk for turn in turns]
    heard = dict(
        Message.objects.filter(turn__in=found)
        .values_list("turn_id")
        .annotate(Min("received_at"))
    )
    calls: dict[int, list[ToolCall]] = defaultdict(list)
    replies: dict[int, OutboundMessage] = {}
    if with_replies:
        for call in ToolCall.objects.filter(turn__in=found).defer(
            "arguments", "result"
        ):
            calls[call.turn_id].append(call)
        for reply in OutboundMessage.objects.filter(turn__in=found).defer(
            "body", "extra"
        ):
            replies[reply.turn_id or 0] = reply
    return [
        Seen(
            turn,
            heard_at=heard.get(turn.pk, turn.started_at),
            calls=calls[turn.pk],
            reply=replies.get(turn.pk),
        )
        for turn in turns
    ]


def _closed_at(conversation: Conversation) -> list[datetime]:
    """Return when colleagues closed what waited for one of us."""
    closed = HandOff.objects.filter(
        conversation=conversation,
        closed_at__gte=timezone.now() - outcome.LONGEST - timedelta(hours=1),
    )
    return [at for at in closed.values_list("closed_at", flat=True) if at is not None]


def _waiting_since(conversation: Conversation) -> datetime | None:
    waiting = conversation.messages.filter(state=Message.State.WAITING)
    since: datetime | None = waiting.aggregate(since=Min("received_at"))["since"]
    return since
