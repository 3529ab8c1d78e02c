"""Record each finished part of a conversation as one observation, once.

The conversation is locked, its unrecorded turns are read and divided into parts, and
each part that is over is recorded; its turns are marked in the same transaction. A
crash in between leaves nothing, and a second worker finds nothing left.
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
from agents.outcomes.outcome import TurnEvidence
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

BATCH_SIZE = 500
# Turns of one conversation that are read at once; the next minute goes on.
MAX_TURNS = 1_000
NOT_READ = ("items", "exposure")
# Executed in every turn.
UNRECORDED = Prepared(
    lambda: (
        Turn.objects.filter(
            conversation_id=slot("conversation"),
            observed_at__isnull=True,
            pk__lte=slot("turn"),
        )
        .defer(*NOT_READ)
        .order_by("-id")[:MAX_TURNS]
    )
)

# In the order of the partial index, which holds the unrecorded turns.
DUE = """
SELECT turn.conversation_id FROM agents_turn AS turn
WHERE turn.observed_at IS NULL AND turn.finished_at IS NOT NULL
  AND turn.conversation_id > %(after)s
  -- The turns of a call are counted with the call.
  AND NOT EXISTS (
      SELECT FROM agents_call AS call
      WHERE call.conversation_id = turn.conversation_id
  )
GROUP BY turn.conversation_id
HAVING min(turn.finished_at) < %(idle_since)s OR EXISTS (
    SELECT FROM agents_handoff AS entry
    WHERE entry.conversation_id = turn.conversation_id
      AND entry.closed_at >= max(turn.finished_at)
)
ORDER BY turn.conversation_id LIMIT %(limit)s
"""


def record_finished(*, now: datetime | None = None, limit: int = BATCH_SIZE) -> int:
    """Record all parts that are over; return how many there were."""
    at = now or timezone.now()
    total, after = 0, 0
    while due := _due(after, at, limit):
        for conversation_id in due:
            try:
                total += record_conversation(conversation_id, now=at)
            except Exception:
                # The other conversations are still recorded.
                logger.exception("ai.episode.error", conversation_id=conversation_id)
        after = due[-1]
        if len(due) < limit:
            break
    return total


def earlier_turns(conversation: Conversation, turn: Turn) -> list[Turn]:
    """Return the earlier turns of the part that this running turn belongs to."""
    rows = UNRECORDED.all(conversation=conversation.pk, turn=turn.pk)
    if all(row.pk == turn.pk for row in rows):
        return []
    evidence = _evidence(rows[::-1], with_replies=False)
    *_, last = outcome.split_turns(evidence, closed_at=_closed_at(conversation))
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


def record_conversation(conversation_id: int, *, now: datetime) -> int:
    """Record the finished parts of one conversation; return how many there were."""
    recorded: list[Observation] = []
    with transaction.atomic():
        conversation = lock_idle_conversation(conversation_id)
        if conversation is None:
            # A turn is running: read it again in a minute.
            return 0
        turns = list(
            conversation.turns.filter(observed_at__isnull=True)
            .defer(*NOT_READ)
            .order_by("id")[:MAX_TURNS]
        )
        closed_at = _closed_at(conversation)
        parts = list(outcome.split_turns(_evidence(turns), closed_at=closed_at))
        received_next = [part[0].received_at for part in parts[1:]]
        for part, received_at in zip(
            parts, [*received_next, _waiting_since(conversation)], strict=True
        ):
            if outcome.is_over(
                part, now=now, next_received_at=received_at, closed_at=closed_at
            ):
                recorded += _record_part(conversation, part, now)
        if recorded:
            satisfaction.ask(conversation, recorded[-1], now=now)
    return len(recorded)


def _record_part(
    conversation: Conversation, part: Sequence[TurnEvidence], now: datetime
) -> list[Observation]:
    """Record the part's figures, and mark its turns as recorded."""
    finished = _finished(conversation, part, now)
    recorded = observations.record_observation(finished) if finished else None
    Turn.objects.filter(pk__in=[each.turn.pk for each in part]).update(observed_at=now)
    return [recorded] if recorded else []


def _finished(
    conversation: Conversation, part: Sequence[TurnEvidence], now: datetime
) -> FinishedConversation | None:
    figures = outcome.figures_of(part, now=now)
    if figures is None:
        return None
    return FinishedConversation(
        source_key=f"chat:{conversation.pk}:{part[0].turn.pk}",
        conversation_key=keys.digest(
            satisfaction.PURPOSE, conversation.public_id.bytes
        ).hex(),
        channel=Channel.CHAT,
        is_synthetic=conversation.is_synthetic or conversation.profile.is_sandbox,
        **vars(figures),
    )


def _evidence(
    turns: Sequence[Turn], *, with_replies: bool = True
) -> list[TurnEvidence]:
    """Read what belongs to each turn, in three queries at most."""
    ids = [turn.pk for turn in turns]
    received_at = dict(
        Message.objects.filter(turn__in=ids)
        .values_list("turn_id")
        .annotate(Min("received_at"))
    )
    calls: dict[int, list[ToolCall]] = defaultdict(list)
    replies: dict[int, OutboundMessage] = {}
    if with_replies:
        for call in ToolCall.objects.filter(turn__in=ids).defer("arguments", "result"):
            calls[call.turn_id].append(call)
        for reply in OutboundMessage.objects.filter(turn__in=ids).defer(
            "body", "extra"
        ):
            replies[reply.turn_id or 0] = reply
    return [
        TurnEvidence(
            turn,
            received_at=received_at.get(turn.pk, turn.started_at),
            calls=calls[turn.pk],
            reply=replies.get(turn.pk),
        )
        for turn in turns
    ]


def _closed_at(conversation: Conversation) -> list[datetime]:
    """Return when colleagues closed the conversation's handoffs."""
    closed = HandOff.objects.filter(
        conversation=conversation,
        closed_at__gte=timezone.now() - outcome.MAX_DURATION - timedelta(hours=1),
    )
    return [at for at in closed.values_list("closed_at", flat=True) if at is not None]


def _waiting_since(conversation: Conversation) -> datetime | None:
    waiting = conversation.messages.filter(state=Message.State.WAITING)
    since: datetime | None = waiting.aggregate(since=Min("received_at"))["since"]
    return since
