"""Prometheus metrics of finished conversations; synthetic ones do not count."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from easymo.observability.metrics import (
    CounterMetricFamily,
    HistogramMetricFamily,
    histogram,
    register,
    rows,
)
from easymo.observability.tallies import Tally
from rollout.models import Channel, Observation, StageName, StageRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easymo.observability.metrics import Metric

USD = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_FROM = (
    "FROM rollout_observation AS o LEFT JOIN rollout_stagerun AS r ON r.id = o.run_id"
)
_WHERE = "WHERE o.id > %s AND o.id <= %s AND NOT o.is_synthetic"
_SETTLED = "recorded_at < now() - interval '10 minutes'"
OUTCOMES = Tally(
    table="rollout_observation",
    settled=_SETTLED,
    query=f"SELECT o.channel, r.stage, o.outcome, count(*) {_FROM} {_WHERE}"
    " GROUP BY 1, 2, 3",
)
COSTS = Tally(
    table="rollout_observation",
    settled=_SETTLED,
    query="SELECT o.channel,"  # noqa: S608 - constants
    f" width_bucket(o.cost::float8, ARRAY{list(USD)}::float8[])::text, count(*)"
    f" FROM rollout_observation AS o {_WHERE} AND o.cost IS NOT NULL GROUP BY 1, 2",
)
COST_SUMS = Tally(
    table="rollout_observation",
    settled=_SETTLED,
    query="SELECT o.channel, sum(o.cost)::float8"  # noqa: S608 - constants
    f" FROM rollout_observation AS o {_WHERE} AND o.cost IS NOT NULL GROUP BY 1",
)
ANSWERS = """
SELECT channel, sum(satisfied)::float8, sum(dissatisfied)::float8
FROM rollout_hourrollup GROUP BY 1
"""


@register
def conversations() -> Iterator[Metric]:
    """Count conversations; every outcome of the current stage starts at 0."""
    family = CounterMetricFamily(
        "agent_conversations",
        "Conversations and calls that are over.",
        labels=["channel", "stage", "outcome"],
    )
    counted: defaultdict[tuple[str, ...], float] = defaultdict(float)
    stays = StageRun.objects.filter(exited_at=None).values_list("stage", flat=True)
    stage = stays.first() or StageName.INFRASTRUCTURE
    for channel in Channel.values:
        for outcome in Observation.Outcome.values:
            counted[channel, str(stage), outcome] = 0.0
    for key, number in OUTCOMES.read().items():
        counted[key] += number
    for labels, number in sorted(counted.items()):
        family.add_metric(labels, number)
    yield family


@register
def costs() -> Iterator[Metric]:
    """Return the histogram of costs; conversations without a known price are left out."""
    family = HistogramMetricFamily(
        "agent_conversation_cost_usd",
        "What a conversation cost, where its price is known.",
        labels=["channel"],
    )
    counts = {channel: [0] * (len(USD) + 1) for channel in Channel.values}
    for (channel, bucket), number in COSTS.read().items():
        counts[channel][int(bucket)] += int(number)
    sums = COST_SUMS.read()
    for channel, found in counts.items():
        histogram(family, [channel], USD, found, sums.get((channel,), 0.0))
    yield family


@register
def satisfaction() -> Iterator[Metric]:
    """Count the answers of the satisfaction question."""
    family = CounterMetricFamily(
        "agent_satisfaction_answers",
        "Answers to whether we could help.",
        labels=["channel", "answer"],
    )
    found = {str(channel): (yes, no) for channel, yes, no in rows(ANSWERS)}
    for channel in Channel.values:
        yes, no = found.get(channel, (0.0, 0.0))
        family.add_metric([channel, "yes"], float(str(yes)))
        family.add_metric([channel, "no"], float(str(no)))
    yield family
