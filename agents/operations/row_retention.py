"""Delete the rows of messages, turns and ids that are older than they are kept.

The rows of a table are read by primary key, oldest first, in bounded batches. A row
that is open, or that another row refers to, stays. Leaves come first, so that a turn
goes in the run in which its last message went.

Never deleted: voucher events and all other voucher records, consent, colleague acts,
openings of media, erasures, people, conversations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from agents.models import (
    Call,
    CallClaim,
    CallEvent,
    CallUsage,
    ColleagueAct,
    DeadLetter,
    ForwardedItem,
    HandOff,
    Media,
    MediaOpening,
    Message,
    MessageStatus,
    OutboundMessage,
    PendingAction,
    RealtimeEvent,
    SeenMessage,
    SendingLine,
    SimulatedDelivery,
    ToolCall,
    Turn,
    WebhookEvent,
)
from rollout.models import Observation

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

BATCH = 1_000
# Batches of one table in one run; the next run continues.
MOST_BATCHES = 200
OPEN = Q(state__in=["queued", "sending", "unknown", "sent"])


def rows_kept() -> timedelta:
    return timedelta(days=settings.MESSAGE_ROWS_DAYS)


def ids_kept() -> timedelta:
    """Meta delivers again for days; an id is kept longer than its message."""
    return max(timedelta(days=800), 2 * rows_kept())


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose old rows are deleted."""

    model: type[Model]
    # The column of a row's age.
    column: str
    # Rows in use.
    in_use: Q = field(default_factory=Q)
    # Foreign keys of other tables to this one: (model, column).
    referred_by: tuple[tuple[type[Model], str], ...] = ()
    # The path to the conversation: one with an open task keeps its rows.
    conversation: str = ""
    # Ids that refuse repeats are kept longer.
    is_id: bool = False
    # The keys have no order: the rows are read by the index of the column.
    by_age: bool = False

    def purge(self) -> int:
        before = timezone.now() - (ids_kept() if self.is_id else rows_kept())
        total, after = 0, None
        for _ in range(MOST_BATCHES):
            rows = self._next(after, before)
            old = [pk for pk, at in rows if at < before]
            if old:
                total += self._delete(old)
            if len(old) < BATCH:
                break
            after = rows[-1]
        return total

    def _next(self, after: Any, before: datetime) -> list[tuple[Any, datetime]]:
        rows = self.model._default_manager.values_list("pk", self.column)
        if self.by_age:
            rows = rows.filter(**{f"{self.column}__lt": before})
            if after is not None:
                rows = rows.filter(**{f"{self.column}__gte": after[1]})
            return list(rows.order_by(self.column)[:BATCH])
        if after is not None:
            rows = rows.filter(pk__gt=after[0])
        return list(rows.order_by("pk")[:BATCH])

    @transaction.atomic
    def _delete(self, ids: list[Any]) -> int:
        return int(self.deletable(ids).delete()[1].get(self.model._meta.label, 0))

    def deletable(self, ids: list[Any]) -> QuerySet[Any]:
        """Return the rows among these that nothing needs."""
        rows = self.model._default_manager.filter(pk__in=ids)
        if self.in_use:
            rows = rows.exclude(self.in_use)
        for model, column in self.referred_by:
            rows = rows.filter(
                ~Exists(model._default_manager.filter(**{column: OuterRef("pk")}))
            )
        if self.conversation:
            tasks = HandOff.objects.filter(
                conversation=OuterRef(self.conversation), closed_at=None
            )
            rows = rows.filter(~Exists(tasks))
        return rows


OPEN_CALL = {"call__state__in": ["ringing", "accepting", "accepted", "attached"]}
TABLES = (
    Rows(CallUsage, "at", Q(**OPEN_CALL), conversation="call__conversation_id"),
    Rows(CallEvent, "at", Q(**OPEN_CALL), conversation="call__conversation_id"),
    Rows(CallClaim, "claimed_at", Q(**OPEN_CALL), conversation="call__conversation_id"),
    Rows(
        Call,
        "received_at",
        Q(observed_at=None),
        ((CallUsage, "call"), (CallEvent, "call"), (CallClaim, "call")),
        "conversation_id",
    ),
    Rows(
        PendingAction, "created_at", Q(status="waiting"), conversation="conversation_id"
    ),
    Rows(
        ToolCall,
        "started_at",
        Q(turn__status="running"),
        ((PendingAction, "tool_call"),),
        "turn__conversation_id",
    ),
    Rows(
        MessageStatus,
        "received_at",
        Q(outbound__state__in=["queued", "sending", "unknown", "sent"]),
        conversation="outbound__conversation_id",
    ),
    Rows(
        OutboundMessage,
        "created_at",
        OPEN,
        (
            (MessageStatus, "outbound"),
            (ColleagueAct, "outbound"),
            (SimulatedDelivery, "outbound"),
            (SendingLine, "probe_id"),
        ),
        "conversation_id",
    ),
    Rows(
        Media,
        "created_at",
        Q(state__in=["waiting", "fetching"]),
        ((MediaOpening, "media"),),
        "message__conversation_id",
    ),
    Rows(
        Message,
        "received_at",
        Q(state__in=["waiting", "claimed"]),
        ((Media, "message"),),
        "conversation_id",
    ),
    Rows(
        Turn,
        "started_at",
        Q(status="running") | Q(observed_at=None),
        ((ToolCall, "turn"), (OutboundMessage, "turn"), (Message, "turn")),
        "conversation_id",
    ),
    Rows(DeadLetter, "created_at", Q(resolved_at=None)),
    # Its key refuses a second forwarding.
    Rows(ForwardedItem, "created_at", Q(state="queued"), is_id=True),
    Rows(
        WebhookEvent,
        "received_at",
        Q(state="received"),
        ((Message, "event"), (ForwardedItem, "event"), (DeadLetter, "event")),
    ),
    Rows(RealtimeEvent, "received_at", referred_by=((Call, "event"),), is_id=True),
    Rows(
        SeenMessage,
        "seen_at",
        referred_by=((Message, "provider_id_hmac"),),
        is_id=True,
        by_age=True,
    ),
    # Its key refuses a second count; the sums of each hour stay.
    Rows(Observation, "finished_at", is_id=True),
)


def purge() -> int:
    """Delete old rows of every table; return how many."""
    return sum(rows.purge() for rows in TABLES)
