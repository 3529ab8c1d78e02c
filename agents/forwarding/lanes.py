"""Lanes: the items of one sender, sent in order, one request at a time.

A failing lane pauses, longer each time. When several senders fail, the previous
workflow is down: all lanes pause, and then one request at a time is tried.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Min
from django.db.models.functions import Coalesce, Greatest

from agents.core.sealed_bodies import open_body
from agents.forwarding.envelope import build_body
from agents.models import (
    ForwardedBody,
    ForwardedItem,
    ForwardLane,
    ForwardTarget,
    OutboundMessage,
    WebhookEvent,
)
from easymo.database import clock
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

logger = get_logger(__name__)

State = ForwardedItem.State
# Longer than the longest exchange.
LEASE = timedelta(seconds=40)
LONGEST_PAUSE_S = 60.0
# Consecutive failures of different senders that mean an outage.
MOST_FAILURES = 5
LONGEST_HOLD_S = 30.0
MOST_TOGETHER = 50
# An older webhook that is still being processed may hold an item of this sender.
PROCESSING_PAUSE = timedelta(seconds=0.3)
PROCESSING_PATIENCE = timedelta(seconds=60)
# When a lane is neither pausing nor leased.
FREE_AT = Greatest("next_attempt_at", Coalesce("lease_expires_at", "next_attempt_at"))

QUEUED = """
SELECT l.lane, i.id, i.event_id, i.content, i.status_hmac, i.held_until
FROM unnest(%s::bytea[]) AS l (lane)
LEFT JOIN LATERAL (
    SELECT id, event_id, content, status_hmac, held_until
    FROM agents_forwardeditem
    WHERE lane = l.lane AND state = 'queued'
    ORDER BY event_id, id LIMIT %s
) AS i ON TRUE
ORDER BY l.lane, i.event_id, i.id
"""
EMPTY = """
DELETE FROM agents_forwardlane AS l
WHERE l.lane = ANY(%s) AND NOT EXISTS (
    SELECT FROM agents_forwardeditem AS i WHERE i.lane = l.lane AND i.state = 'queued'
)
"""


@dataclass(frozen=True, slots=True)
class ForwardRequest:
    """The items of a lane that are sent in one request."""

    lane: bytes
    token: UUID
    item_ids: tuple[int, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class ForwardResult:
    """The result of a request; no error means that it was accepted."""

    request: ForwardRequest
    error: str


@dataclass(frozen=True, slots=True)
class QueuedItem:
    """A queued item of a lane."""

    id: int
    event_id: int
    content: bytes
    status_hmac: bytes | None
    held_until: datetime | None


def record_results(results: Sequence[ForwardResult]) -> None:
    """Store the results of requests."""
    if not results:
        return
    now = clock.now()
    accepted = [r.request for r in results if not r.error]
    with transaction.atomic():
        leases = _locked([r.request.lane for r in results])
        ForwardedItem.objects.filter(
            pk__in=[pk for request in accepted for pk in request.item_ids],
            state=State.QUEUED,
        ).update(state=State.SENT, sent_at=now)
        leased = [r for r in results if leases.get(r.request.lane) == r.request.token]
        _free([r.request.lane for r in leased if not r.error], now)
        for result in leased:
            if result.error:
                _back_off(result.request.lane, result.error, now)
        _update_target(results, now)


def claim_lanes(room: int) -> list[ForwardRequest]:
    """Lease up to ``room`` due lanes, and return a request for each."""
    now = clock.now()
    with transaction.atomic():
        target = _target()
        if target.held_until is not None and target.held_until > now:
            return []
        is_trying = target.failures >= MOST_FAILURES
        due = ForwardLane.objects.annotate(free_at=FREE_AT).filter(
            next_attempt_at__lte=now, free_at__lte=now
        )
        order = ("attempts", "next_attempt_at") if is_trying else ("next_attempt_at",)
        rows = due.select_for_update(skip_locked=True).order_by(*order)
        found = [bytes(row.lane) for row in rows[: 1 if is_trying else room]]
        if is_trying:
            _hold(target, now)
        return _requests(found, now) if found else []


def seconds_until_due() -> float | None:
    """Return the seconds until a lane is due; None when no lane waits."""
    now = clock.now()
    first: datetime | None = ForwardLane.objects.aggregate(at=Min(FREE_AT))["at"]
    if first is None:
        return None
    first = max(first, _target().held_until or first)
    return max((first - now).total_seconds(), 0.0)


def release_lanes(requests: Sequence[ForwardRequest]) -> None:
    """End the leases, so that another worker can send at once."""
    for request in sorted(requests, key=lambda request: request.lane):
        ForwardLane.objects.filter(lane=request.lane, lease_token=request.token).update(
            lease_token=None, lease_expires_at=None
        )


def _target() -> ForwardTarget:
    """Return the only row, without a lock: an outdated value does no harm."""
    target = ForwardTarget.objects.filter(pk=1).first()
    return target or ForwardTarget.objects.get_or_create(pk=1)[0]


def _locked(lanes: Sequence[bytes]) -> dict[bytes, UUID | None]:
    rows = (
        ForwardLane.objects.select_for_update()
        .filter(lane__in=lanes)
        .order_by("lane")
        .values_list("lane", "lease_token")
    )
    return {bytes(lane): token for lane, token in rows}


def _free(lanes: Sequence[bytes], now: datetime) -> None:
    """End the lease of locked lanes, and delete those without items."""
    if not lanes:
        return
    ForwardLane.objects.filter(lane__in=lanes).update(
        next_attempt_at=now,
        lease_token=None,
        lease_expires_at=None,
        attempts=0,
        error_code="",
        failing_since=None,
    )
    with connection.cursor() as cursor:
        cursor.execute(EMPTY, [list(lanes)])


def _back_off(lane: bytes, error: str, now: datetime) -> None:
    row = ForwardLane.objects.get(lane=lane)
    row.attempts += 1
    seconds = min(2.0 ** min(row.attempts - 1, 10), LONGEST_PAUSE_S)
    # Jitter: spread the retries.
    spread = random.uniform(0.8, 1.0)  # noqa: S311 - no secret
    row.next_attempt_at = now + timedelta(seconds=seconds * spread)
    row.error_code = error[:40]
    row.failing_since = row.failing_since or now
    row.lease_token = row.lease_expires_at = None
    row.save()
    logger.warning("ai.whatsapp.forward.error", code=error, attempts=row.attempts)


def _update_target(results: Sequence[ForwardResult], now: datetime) -> None:
    """Update the state of the endpoint under its lock."""
    target = ForwardTarget.objects.select_for_update().filter(pk=1).first()
    if target is None:
        return
    for result in results:
        if not result.error:
            target.failures, target.failing_since, target.failed_lane = 0, None, None
            target.held_until, target.sent_at = None, now
            continue
        if (
            target.failed_lane is None
            or bytes(target.failed_lane) != result.request.lane
        ):
            target.failures += 1
        target.failed_lane = result.request.lane
        target.failing_since = target.failing_since or now
        target.error_code, target.failed_at = result.error[:40], now
    if target.failures >= MOST_FAILURES:
        _hold(target, now, save=False)
    target.save()


def _hold(target: ForwardTarget, now: datetime, *, save: bool = True) -> None:
    """Pause all lanes, in proportion to the time since the first failure."""
    failing = (now - (target.failing_since or now)).total_seconds()
    seconds = min(max(failing / 4, 1.0), LONGEST_HOLD_S)
    target.held_until = now + timedelta(seconds=seconds)
    if save:
        target.save(update_fields=["held_until"])
    else:
        logger.error("ai.whatsapp.forward.held", code=target.error_code)


def _requests(lanes: Sequence[bytes], now: datetime) -> list[ForwardRequest]:
    """Read the items of the claimed lanes, and lease the lanes that have some."""
    oldest = _oldest_unprocessed(now)
    waiting: dict[bytes, list[QueuedItem]] = {lane: [] for lane in lanes}
    with connection.cursor() as cursor:
        cursor.execute(QUEUED, [list(lanes), MOST_TOGETHER])
        for lane, pk, event_id, content, status_hmac, held_until in cursor.fetchall():
            if pk is not None:
                item = QueuedItem(
                    pk, event_id, open_body(content), status_hmac, held_until
                )
                waiting[bytes(lane)].append(item)
    empty = [lane for lane, items in waiting.items() if not items]
    if empty:
        _free(empty, now)
    requests = [
        request
        for lane, items in waiting.items()
        if items and (request := _request(lane, items, oldest, now))
    ]
    # Before sending: a body may come back before its response.
    digests = {hashlib.sha256(request.body).digest() for request in requests}
    ForwardedBody.objects.bulk_create(
        [ForwardedBody(sha256=digest) for digest in sorted(digests)],
        update_conflicts=True,
        unique_fields=["sha256"],
        update_fields=["sent_at"],
    )
    return requests


def _request(
    lane: bytes, items: Sequence[QueuedItem], oldest: int | None, now: datetime
) -> ForwardRequest | None:
    row = ForwardLane.objects.filter(lane=lane)
    first = items[0]
    if oldest is not None and first.event_id >= oldest:
        row.update(next_attempt_at=now + PROCESSING_PAUSE)
        return None
    if first.held_until is not None:
        if OutboundMessage.objects.filter(provider_id_hmac=first.status_hmac).exists():
            ForwardedItem.objects.filter(pk=first.id).update(state=State.OURS)
            return None
        if first.held_until > now:
            row.update(
                next_attempt_at=min(first.held_until, now + timedelta(seconds=2))
            )
            return None
    together = [item for item in items if item.event_id == first.event_id]
    count, body = build_body([item.content for item in together])
    token = uuid.uuid4()
    row.update(lease_token=token, lease_expires_at=now + LEASE)
    return ForwardRequest(
        lane, token, tuple(item.id for item in together[:count]), body
    )


def _oldest_unprocessed(now: datetime) -> int | None:
    """Return the oldest webhook event that is not processed yet."""
    first: int | None = WebhookEvent.objects.filter(
        state=WebhookEvent.State.RECEIVED, received_at__gt=now - PROCESSING_PATIENCE
    ).aggregate(first=Min("pk"))["first"]
    return first
