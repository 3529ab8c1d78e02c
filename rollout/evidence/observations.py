"""Record the figures of a finished conversation or call, once.

The row and the rollups are written in one transaction; a repeated source key writes
nothing. Synthetic conversations have a row but are in no rollup. Rows do not identify
the customer. Hours are kept for ever; minutes are purged after 90 days, rows after 800.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from psycopg.types.json import Jsonb

from easymo.observability.logs import get_logger
from rollout.core import clock
from rollout.models import MetricRollup, Observation, StageRun
from rollout.models.observation import COUNTS, NUMBERS
from rollout.policy import statistics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

logger = get_logger(__name__)

MINUTES_KEPT = timedelta(days=90)
MOST = 5_000
SLOW_MS = {"slow_3s": 3_000, "slow_5s": 5_000, "slow_10s": 10_000}


@dataclass(frozen=True, slots=True)
class FinishedConversation:
    """The figures of a finished conversation or call."""

    # "chat:<conversation>:<first turn>", "voice:<call>": counted once, for ever.
    source_key: str
    # A keyed digest, in hex.
    conversation_key: str
    channel: str
    started_at: datetime
    finished_at: datetime
    # Tool calls, and those that failed for a technical reason.
    calls: int
    failed: int
    turns: int
    # A turn that never reached the provider has no latency, or the time waited for it.
    latencies_ms: Sequence[int] = ()
    waits_ms: Sequence[int] = ()
    # None: the cost is not completely known.
    cost: Decimal | None = None
    price_version: str = ""
    errors: Mapping[str, int] = field(default_factory=dict)
    outcome: str = Observation.Outcome.DONE
    is_synthetic: bool = False


def record_observation(finished: FinishedConversation) -> Observation | None:
    """Store an observation and add it to the rollups; None when it is stored already."""
    row = _row(finished)
    with transaction.atomic():
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            if Observation.objects.filter(source_key=row.source_key).exists():
                return None
            raise
        if not row.is_synthetic:
            add(row.finished_at, row.channel, _sums_of(row))
    logger.info(
        "rollout.observation.recorded",
        observation_id=row.pk,
        channel=row.channel,
        outcome=row.outcome,
        calls=row.calls,
        failed=row.failed,
        synthetic=row.is_synthetic,
    )
    return row


def record_satisfaction(observation_id: int, *, satisfied: bool) -> bool:
    """Store the first answer of the customer; False when there is one already."""
    with transaction.atomic():
        known = Observation.objects.filter(pk=observation_id, satisfied__isnull=True)
        if not known.update(satisfied=satisfied):
            return False
        row = Observation.objects.get(pk=observation_id)
        if not row.is_synthetic:
            add(
                row.finished_at,
                row.channel,
                {"satisfied": int(satisfied), "dissatisfied": int(not satisfied)},
            )
    logger.info(
        "rollout.satisfaction.recorded",
        observation_id=observation_id,
        satisfied=satisfied,
    )
    return True


def purge() -> int:
    """Delete minutes that are older than 90 days; return their number."""
    oldest = clock.now() - MINUTES_KEPT
    total = 0
    while True:
        due = MetricRollup.objects.filter(minute__lt=oldest)
        found = list(due.order_by("minute").values_list("pk", flat=True)[:MOST])
        total += MetricRollup.objects.filter(pk__in=found).delete()[0]
        if len(found) < MOST:
            return total


def _row(finished: FinishedConversation) -> Observation:
    slow = {
        name: sum(ms > least for ms in finished.latencies_ms)
        for name, least in SLOW_MS.items()
    }
    return Observation(
        source_key=finished.source_key,
        conversation_key=finished.conversation_key,
        run_id=_run_at(finished.finished_at),
        channel=finished.channel,
        calls=finished.calls,
        failed=finished.failed,
        turns=finished.turns,
        **slow,
        latencies_ms=list(finished.latencies_ms),
        waits_ms=list(finished.waits_ms),
        cost=finished.cost,
        price_version=finished.price_version[:40],
        errors=dict(finished.errors),
        outcome=finished.outcome,
        is_synthetic=finished.is_synthetic,
        started_at=finished.started_at,
        finished_at=finished.finished_at,
        recorded_at=clock.now(),
    )


def _run_at(at: datetime) -> int | None:
    """Return the stage run in which it ended."""
    return (
        StageRun.objects.filter(entered_at__lte=at)
        .filter(Q(exited_at__isnull=True) | Q(exited_at__gt=at))
        .order_by(F("entered_at").desc())
        .values_list("pk", flat=True)
        .first()
    )


def _sums_of(row: Observation) -> dict[str, Any]:
    return {
        "conversations": 1,
        "failed_conversations": int(row.outcome == Observation.Outcome.FAILED),
        "calls": row.calls,
        "failed": row.failed,
        "turns": row.turns,
        **{name: getattr(row, name) for name in SLOW_MS},
        "latency_counts": statistics.counts(row.latencies_ms),
        "wait_counts": statistics.counts(row.waits_ms),
        "cost": row.cost or 0,
        "priced": int(row.cost is not None),
        "errors": row.errors,
    }


# Always in this order, so that concurrent writers cannot deadlock.
TABLES = (("rollout_metricrollup", "minute"), ("rollout_hourrollup", "hour"))

# Adds up two JSON objects key by key.
_MERGED = """
(SELECT coalesce(jsonb_object_agg(key, number), '{{}}'::jsonb) FROM (
    SELECT key, sum(value::bigint) AS number FROM (
        SELECT key, value FROM jsonb_each_text({table}.{column})
        UNION ALL
        SELECT key, value FROM jsonb_each_text(EXCLUDED.{column})
    ) AS each GROUP BY key
) AS added)
"""


def add(at: datetime, channel: str, numbers: Mapping[str, Any]) -> None:
    """Add to the rollups of the minute and the hour of ``at``, in a transaction."""
    values = [numbers.get(name, 0) for name in NUMBERS]
    values += [Jsonb(dict(numbers.get(name, {}))) for name in COUNTS]
    with connection.cursor() as cursor:
        for table, period in TABLES:
            cursor.execute(_STATEMENTS[table], [period, at, channel, *values])


def _statement(table: str, period: str) -> str:
    columns = [*NUMBERS, *COUNTS]
    changed = [f"{name} = {table}.{name} + EXCLUDED.{name}" for name in NUMBERS]
    changed += [
        f"{name} = {_MERGED.format(table=table, column=name)}" for name in COUNTS
    ]
    # Names of our own columns only.
    return f"""
        INSERT INTO {table} ({period}, channel, {", ".join(columns)})
        VALUES (date_trunc(%s, %s::timestamptz, 'UTC'), {", ".join(["%s"] * (len(columns) + 1))})
        ON CONFLICT ({period}, channel) DO UPDATE SET {", ".join(changed)}
    """  # noqa: S608


_STATEMENTS = {table: _statement(table, period) for table, period in TABLES}
