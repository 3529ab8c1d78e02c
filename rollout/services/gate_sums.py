"""The sums behind the gates that count, from the rollups of this stay."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from django.conf import settings

from rollout.models import HourRollup, MetricRollup
from rollout.policy import histogram
from rollout.policy.facts import Costs, Figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollout.models import StageRun

HOUR = timedelta(hours=1)
NUMBERS = (
    "conversations",
    "failed_conversations",
    "calls",
    "failed",
    "turns",
    "slow_3s",
)
COLUMNS = ("channel", *NUMBERS, "cost", "priced", "latency_counts")


def figures(run: StageRun) -> Figures:
    """Sum the real conversations of this stay: two queries, a row an hour.

    The minutes of its first, broken hour are summed one by one.
    """
    since = run.entered_at.replace(second=0, microsecond=0)
    whole = since.replace(minute=0)
    if whole < since:
        whole += HOUR
    first = MetricRollup.objects.filter(minute__gte=since, minute__lt=whole)
    hours = HourRollup.objects.filter(hour__gte=whole)
    totals: Counter[str] = Counter()
    latencies: Counter[str] = Counter()
    costs: dict[str, Costs] = {}
    for row in chain(first.values(*COLUMNS), hours.values(*COLUMNS)):
        totals.update({name: row[name] for name in NUMBERS})
        latencies.update(row["latency_counts"])
        known = costs.get(row["channel"], Costs())
        costs[row["channel"]] = Costs(
            known.conversations + row["conversations"],
            known.priced + row["priced"],
            known.usd + row["cost"],
        )
    p95 = histogram.percentile(latencies, 0.95)
    return Figures(
        conversations=totals["conversations"],
        broken=totals["failed_conversations"],
        calls=totals["calls"],
        failed=totals["failed"],
        turns=totals["turns"],
        slow=totals["slow_3s"],
        p95_s=None if p95 is None else p95 / 1000,
        costs=costs,
    )


def cost_limits() -> Mapping[str, Decimal]:
    """Return what a conversation of each channel is planned to cost."""
    return {
        "chat": Decimal(str(settings.EXPECTED_COST_CHAT_USD)),
        "voice": Decimal(str(settings.EXPECTED_COST_CALL_USD)),
    }
