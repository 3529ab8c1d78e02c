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
from easymo.observability.tallies import Tally, total
from rollout.models import Channel, Observation, StageName, StageRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easymo.observability.metrics import Metric

USD = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
# Channel, stage, outcome, bucket of the cost: their number and their cost.
CHANNEL, STAGE, OUTCOME, BUCKET = range(4)
OBSERVATIONS = Tally(
    name="observations",
    table="rollout_observation",
    settled="recorded_at < now() - interval '2 minutes'",
    source="rollout_observation AS o LEFT JOIN rollout_stagerun AS r ON r.id = o.run_id",
    key="o.id",
    condition="NOT o.is_synthetic",
    labels=(
        "o.channel",
        "r.stage",
        "o.outcome",
        f"width_bucket(o.cost::float8, ARRAY{list(USD)}::float8[])",
    ),
    numbers=("count(*)", "sum(o.cost)"),
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
    found = OBSERVATIONS.read()
    by = (CHANNEL, STAGE, OUTCOME)
    for key, number in total(found, by=by, number=0).items():
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
    found = OBSERVATIONS.read()
    for (channel, bucket), number in total(
        found, by=(CHANNEL, BUCKET), number=0
    ).items():
        # Without a bucket the cost is not known.
        if bucket:
            counts[channel][int(bucket)] += int(number)
    sums = total(found, by=(CHANNEL,), number=1)
    for channel, counted in counts.items():
        histogram(family, [channel], USD, counted, sums.get((channel,), 0.0))
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
