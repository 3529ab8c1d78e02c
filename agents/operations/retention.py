"""Delete or blank data that is older than its class is kept.

Each class is a job with bounded batches and an index; a job that fails does not stop
the others. Voucher events are kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from agents.core import call_rate
from agents.forwarding import queue as forwarding
from agents.inbound import media_store
from agents.models import (
    CallerPinCount,
    CallEvent,
    Conversation,
    IdempotentCall,
    Message,
    MessageStatus,
    OutboundMessage,
    PendingAction,
    PinLink,
    RealtimeEvent,
    SandboxMedia,
    SimulatedDelivery,
    StationCode,
    ToolCall,
    Turn,
    WebhookEvent,
)
from agents.operations import erasure, row_retention
from agents.outbound import statuses
from easymo.backoffice import sessions, sign_in
from easymo.observability import findings, lines, upkeep
from easymo.observability.logs import get_logger
from rollout.evidence import observations, verdicts
from rollout.flags import acknowledgements

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model, QuerySet

logger = get_logger(__name__)

RAW = timedelta(days=8)
TEXT = timedelta(days=90)
ANSWERS = timedelta(days=400)
SANDBOX = timedelta(days=1)
# Rows in one statement, and statements in one run; the next run continues.
BATCH = 2_000
MOST_BATCHES = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """One class of data: when its rows are too old, and what is left of them."""

    model: type[Model]
    # The column of a row's age.
    column: str
    age: timedelta
    # The rows that still hold the data; the expression has an index.
    stored: Q = field(default_factory=Q)
    # The new values of columns; without any, the rows are deleted.
    blank: dict[str, Any] | None = None

    def due(self) -> QuerySet[Any]:
        too_old = {f"{self.column}__lt": timezone.now() - self.age}
        return self.model._default_manager.filter(self.stored, **too_old)

    def step(self) -> int:
        """Delete or blank one batch; return how many rows."""
        ids = list(self.due().values_list("pk", flat=True)[:BATCH])
        if not ids:
            return 0
        # The update checks again: a row that changed meanwhile is kept.
        due = self.due().filter(pk__in=ids)
        if self.blank is None:
            return int(due.delete()[0])
        return int(due.update(**self.blank))


def purge() -> int:
    """Run every job; raise the first error at the end."""
    total, failed = 0, None
    for name, job in JOBS.items():
        try:
            total += upkeep.run(name, job)
        except Exception as error:
            logger.exception("upkeep.failed", job=name)
            failed = failed or error
    if failed is not None:
        raise failed
    return total


def _apply(*rules: Rule) -> Callable[[], int]:
    def work() -> int:
        total = 0
        for rule in rules:
            for _ in range(MOST_BATCHES):
                count = rule.step()
                total += count
                if count < BATCH:
                    break
        return total

    return work


def _nonempty(**columns: Any) -> Q:
    """Match rows where one of the columns is not the given empty value."""
    found = Q()
    for name, empty in columns.items():
        found |= (
            Q(**{f"{name}__isnull": False}) if empty is None else ~Q(**{name: empty})
        )
    return found


def _blank(model: type[Model], column: str, age: timedelta, **columns: Any) -> Rule:
    """Return a rule that sets the columns to these empty values."""
    return Rule(model, column, age, _nonempty(**columns), columns)


RAW_BODIES = (
    _blank(WebhookEvent, "received_at", RAW, body=None),
    _blank(RealtimeEvent, "received_at", RAW, body=None),
)
PROVIDER_IDS = (
    _blank(Message, "received_at", RAW, provider_id="", codes_sealed=None),
    # The index knows the provider's id only; the recipient goes with it.
    Rule(
        OutboundMessage,
        "created_at",
        RAW,
        ~Q(provider_id=""),
        {"provider_id": "", "recipient": {}},
    ),
    _blank(MessageStatus, "received_at", RAW, recipient={}),
    _blank(PendingAction, "expires_at", RAW, code_sealed=None),
)
TEXTS = (
    _blank(Message, "received_at", TEXT, text="", button_id=""),
    _blank(Message, "received_at", TEXT, detail={}),
    _blank(OutboundMessage, "created_at", TEXT, body="", extra={}),
    Rule(SimulatedDelivery, "delivered_at", TEXT),
    _blank(Conversation, "last_inbound_at", TEXT, memory={}),
    _blank(CallEvent, "at", TEXT, text=""),
)
TURNS = (
    _blank(Turn, "started_at", TEXT, items=[]),
    _blank(ToolCall, "started_at", TEXT, arguments={}, result=None),
    _blank(PendingAction, "created_at", TEXT, arguments={}),
)
SIGN_INS = (
    Rule(Session, "expire_date", timedelta(0)),
    Rule(AccessAttempt, "attempt_time", TEXT),
    Rule(AccessLog, "attempt_time", TEXT),
)
ANSWERS_OF_API = (Rule(IdempotentCall, "created_at", ANSWERS),)

# Counters whose locks have ended, and links that are not valid any more.
PINS = (
    Rule(CallerPinCount, "changed_at", TEXT),
    Rule(PinLink, "created_at", TEXT),
    Rule(StationCode, "created_at", SANDBOX),
)
JOBS: dict[str, Callable[[], int]] = {
    "retention.raw_webhooks": _apply(*RAW_BODIES),
    "retention.forwarded": lambda: forwarding.purge(older_than=timezone.now() - RAW),
    "retention.provider_ids": _apply(*PROVIDER_IDS),
    "retention.message_texts": _apply(*TEXTS),
    "retention.media": media_store.delete_expired,
    "retention.sandbox_media": _apply(Rule(SandboxMedia, "created_at", SANDBOX)),
    "retention.turns": _apply(*TURNS),
    "retention.idempotency": _apply(*ANSWERS_OF_API),
    "retention.sign_ins": _apply(*SIGN_INS),
    "retention.processes": acknowledgements.purge_processes,
    "retention.rates": lambda: call_rate.purge() + sign_in.purge(),
    "retention.browser_sessions": sessions.purge,
    "retention.pins": _apply(*PINS),
    "retention.outbox": statuses.purge,
    "retention.rollups": observations.purge,
    "retention.rounds": verdicts.purge,
    "retention.log_lines": lines.purge,
    "retention.scanned_lines": findings.fold,
    "retention.erased_people": erasure.sweep_erased,
    "retention.rows": row_retention.purge,
}
