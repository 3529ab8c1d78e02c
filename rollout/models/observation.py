from __future__ import annotations

from django.db import models

from rollout.core import clock
from rollout.models.plan import StageRun


class Channel(models.TextChoices):
    CHAT = "chat", "chat"
    VOICE = "voice", "voice"


class Observation(models.Model):
    """The figures of one finished conversation or call: the input of the detectors."""

    class Outcome(models.TextChoices):
        DONE = "done", "done"
        FAILED = "failed", "failed"
        HANDED_OVER = "handed_over", "handed over"
        # It reached the cost cap.
        CAPPED = "capped", "capped"

    # "chat:<conversation>:<first turn>": the same conversation counts once.
    source_key = models.CharField(max_length=100, unique=True)
    # A keyed digest, which does not identify the customer.
    conversation_key = models.CharField(max_length=64)
    run = models.ForeignKey(
        StageRun, null=True, on_delete=models.PROTECT, related_name="observations"
    )
    channel = models.CharField(max_length=5, choices=Channel)
    # Tool calls, and those that failed for a technical reason.
    calls = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    turns = models.PositiveIntegerField(default=0)
    slow_3s = models.PositiveIntegerField(default=0)
    slow_5s = models.PositiveIntegerField(default=0)
    slow_10s = models.PositiveIntegerField(default=0)
    # For each turn: the latency after the quiet time, and the wait before.
    latencies_ms = models.JSONField(default=list)
    waits_ms = models.JSONField(default=list)
    # US dollars; null when the price is unknown.
    cost = models.DecimalField(max_digits=12, decimal_places=8, null=True)
    price_version = models.CharField(max_length=40, blank=True, default="")
    # {code: number}
    errors = models.JSONField(default=dict)
    outcome = models.CharField(max_length=11, choices=Outcome, default=Outcome.DONE)
    # Sandbox people, smoke tests and probes: not in any rate.
    is_synthetic = models.BooleanField(default=False)
    # The answer of the customer; null without one.
    satisfied = models.BooleanField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now, editable=False)
    # The evaluation that scored it, once. Its id gives the order of scoring (a lower id
    # of an observation may become visible after a higher one) and remains when the
    # evaluation is purged, so there is no constraint.
    scored_in = models.ForeignKey(
        "rollout.Evaluation",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        db_index=False,
        editable=False,
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            # Parts are not larger than their whole.
            models.CheckConstraint(
                condition=models.Q(failed__lte=models.F("calls"))
                & models.Q(slow_3s__lte=models.F("turns"))
                & models.Q(slow_5s__lte=models.F("slow_3s"))
                & models.Q(slow_10s__lte=models.F("slow_5s")),
                name="observation_parts_within_the_whole",
            ),
            # A cost is not negative.
            models.CheckConstraint(
                condition=models.Q(cost__isnull=True) | models.Q(cost__gte=0),
                name="observation_cost_is_no_credit",
            ),
            # A conversation does not end before it started.
            models.CheckConstraint(
                condition=models.Q(finished_at__gte=models.F("started_at")),
                name="observation_ends_after_it_began",
            ),
        ]
        indexes = [
            # Read by the detectors (the newest of a channel), and at the end of a recovery.
            models.Index(
                fields=["run", "channel", "id"],
                condition=models.Q(is_synthetic=False),
                name="observation_channel_idx",
            ),
            # Read by the evaluator: observations not scored yet.
            models.Index(
                fields=["id"],
                condition=models.Q(scored_in__isnull=True, is_synthetic=False),
                name="observation_unscored_idx",
            ),
            # Read by replay.
            models.Index(fields=["finished_at", "id"], name="observation_finished_idx"),
        ]

    def __str__(self) -> str:
        return f"observation {self.pk}"


# The columns of a rollup that are numbers, and those that are counted by key.
NUMBERS = (
    "conversations",
    "failed_conversations",
    "calls",
    "failed",
    "turns",
    "slow_3s",
    "slow_5s",
    "slow_10s",
    "cost",
    "priced",
    "satisfied",
    "dissatisfied",
)
COUNTS = ("latency_counts", "wait_counts", "errors")


class Sums(models.Model):
    """The sums of a period and channel, of real conversations only."""

    channel = models.CharField(max_length=5, choices=Channel)
    conversations = models.PositiveIntegerField(default=0)
    failed_conversations = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    turns = models.PositiveIntegerField(default=0)
    slow_3s = models.PositiveIntegerField(default=0)
    slow_5s = models.PositiveIntegerField(default=0)
    slow_10s = models.PositiveIntegerField(default=0)
    # {upper bound in ms: turns}, for the percentiles of charts.
    latency_counts = models.JSONField(default=dict)
    wait_counts = models.JSONField(default=dict)
    # The cost of the conversations with a known price, and their number.
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    priced = models.PositiveIntegerField(default=0)
    satisfied = models.PositiveIntegerField(default=0)
    dissatisfied = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=dict)

    class Meta:
        abstract = True


class MetricRollup(Sums):
    """One minute and channel, for charts. Kept for 90 days."""

    minute = models.DateTimeField()

    class Meta:
        ordering = ["-minute"]
        constraints = [
            # One row for each minute and channel.
            models.UniqueConstraint(
                fields=["minute", "channel"], name="rollup_once_per_minute"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.minute:%Y-%m-%d %H:%M}"


class HourRollup(Sums):
    """One hour and channel, for longer periods. Kept for ever."""

    hour = models.DateTimeField()

    class Meta:
        ordering = ["-hour"]
        constraints = [
            # One row for each hour and channel.
            models.UniqueConstraint(
                fields=["hour", "channel"], name="rollup_once_per_hour"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.hour:%Y-%m-%d %H}:00"
