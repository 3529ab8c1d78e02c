"""What is kept how long. Vouchers' events are kept for ever, and are not ours.

Each class is a job of its own: bounded in one step, found by an index made for it, and
resumed by looking again, for what is forgotten is not found any more. One that fails
leaves the others alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from agents.forwarding import queue as forwarding
from agents.inbound import media_store
from agents.models import (
    Conversation,
    IdempotentCall,
    Message,
    MessageStatus,
    OutboundMessage,
    PendingAction,
    RealtimeEvent,
    SandboxMedia,
    SimulatedDelivery,
    ToolCall,
    Turn,
    WebhookEvent,
)
from agents.operations import erasure
from agents.outbound import statuses
from agents.tools import tool_rate
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
# Rows in one statement, and statements in one run; the next run goes on.
MOST = 2_000
MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """One class of data: which rows are too old, and what is left of them."""

    rows: Callable[[], QuerySet[Any]]
    # What the columns become; nothing: the rows go.
    blank: dict[str, Any] | None

    def step(self) -> int:
        """Forget a bounded number of rows; say how many."""
        found = self.rows()
        ids = list(found.values_list("pk", flat=True)[:MOST])
        if not ids:
            return 0
        # Asked again by the update itself: one that changed meanwhile stays.
        due = found.model._default_manager.filter(pk__in=ids) & found
        if self.blank is None:
            return int(due.delete()[0])
        return int(due.update(**self.blank))


def purge() -> int:
    """Forget what is old enough, class by class; raise the first error at the end."""
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


def _older(model: type[Model], column: str, age: timedelta) -> QuerySet[Any]:
    return model._default_manager.filter(**{f"{column}__lt": timezone.now() - age})


def _until_done(*classes: Kept) -> Callable[[], int]:
    def work() -> int:
        total = 0
        for kept in classes:
            for _ in range(MOST_STEPS):
                count = kept.step()
                total += count
                if count < MOST:
                    break
        return total

    return work


RAW_BODIES = (
    Kept(
        lambda: _older(WebhookEvent, "received_at", RAW).filter(body__isnull=False),
        {"body": None},
    ),
    Kept(
        lambda: _older(RealtimeEvent, "received_at", RAW).filter(body__isnull=False),
        {"body": None},
    ),
)
PROVIDER_IDS = (
    Kept(
        lambda: _older(Message, "received_at", RAW).filter(
            ~Q(provider_id="") | Q(codes_sealed__isnull=False)
        ),
        {"provider_id": "", "codes_sealed": None},
    ),
    Kept(
        lambda: _older(OutboundMessage, "created_at", RAW).filter(~Q(provider_id="")),
        {"provider_id": "", "recipient": {}},
    ),
    Kept(
        lambda: _older(MessageStatus, "received_at", RAW).filter(~Q(recipient={})),
        {"recipient": {}},
    ),
    Kept(
        lambda: _older(PendingAction, "expires_at", RAW).filter(
            code_sealed__isnull=False
        ),
        {"code_sealed": None},
    ),
)
TEXTS = (
    Kept(
        lambda: _older(Message, "received_at", TEXT).filter(
            ~Q(text="") | ~Q(button_id="")
        ),
        {"text": "", "button_id": ""},
    ),
    Kept(
        lambda: _older(Message, "received_at", TEXT).filter(~Q(detail={})),
        {"detail": {}},
    ),
    Kept(
        lambda: _older(OutboundMessage, "created_at", TEXT).filter(
            ~Q(body="") | ~Q(extra={})
        ),
        {"body": "", "extra": {}},
    ),
    Kept(lambda: _older(SimulatedDelivery, "delivered_at", TEXT), None),
    Kept(
        lambda: _older(Conversation, "last_inbound_at", TEXT).filter(~Q(memory={})),
        {"memory": {}},
    ),
)
TURNS = (
    Kept(lambda: _older(Turn, "started_at", TEXT).filter(~Q(items=[])), {"items": []}),
    Kept(
        lambda: _older(ToolCall, "started_at", TEXT).filter(
            ~Q(arguments={}) | Q(result__isnull=False)
        ),
        {"arguments": {}, "result": None},
    ),
    Kept(
        lambda: _older(PendingAction, "created_at", TEXT).filter(~Q(arguments={})),
        {"arguments": {}},
    ),
)
# Who signed in, from where: our own people, and nobody's for longer than texts.
SIGN_INS = (
    Kept(lambda: _older(Session, "expire_date", timedelta(0)), None),
    Kept(lambda: _older(AccessAttempt, "attempt_time", TEXT), None),
    Kept(lambda: _older(AccessLog, "attempt_time", TEXT), None),
)
IDEMPOTENCY = (Kept(lambda: _older(IdempotentCall, "created_at", ANSWERS), None),)

JOBS: dict[str, Callable[[], int]] = {
    "retention.raw_webhooks": _until_done(*RAW_BODIES),
    "retention.forwarded": lambda: forwarding.purge(older_than=timezone.now() - RAW),
    "retention.provider_ids": _until_done(*PROVIDER_IDS),
    "retention.message_texts": _until_done(*TEXTS),
    "retention.media": media_store.delete_expired,
    "retention.sandbox_media": _until_done(
        Kept(lambda: _older(SandboxMedia, "created_at", SANDBOX), None)
    ),
    "retention.turns": _until_done(*TURNS),
    "retention.idempotency": _until_done(*IDEMPOTENCY),
    "retention.sign_ins": _until_done(*SIGN_INS),
    "retention.processes": acknowledgements.purge_processes,
    "retention.rates": tool_rate.purge,
    "retention.outbox": statuses.purge,
    "retention.rollups": observations.purge,
    "retention.rounds": verdicts.purge,
    "retention.log_lines": lines.purge,
    "retention.scanned_lines": findings.fold,
    "retention.erased_people": erasure.sweep_erased,
}
upkeep.expect(*JOBS)
