from __future__ import annotations

from collections import Counter

from django.db import models

from rollout.core import clock
from rollout.models.observation import Channel
from rollout.models.plan import StageRun


class DetectorState(models.Model):
    """The state of one detector in one stage run."""

    run = models.ForeignKey(
        StageRun, on_delete=models.PROTECT, related_name="detectors"
    )
    guardrail = models.CharField(max_length=10)
    channel = models.CharField(max_length=5, choices=Channel)
    # warn, rollback; for latency also very_slow.
    level = models.CharField(max_length=12)
    # One logarithm for each bet; null is minus infinity.
    state = models.JSONField(default=list)
    log_threshold = models.FloatField()
    n = models.PositiveIntegerField(default=0)
    bad = models.FloatField(default=0)
    last_observation = models.BigIntegerField(default=0)
    # When the detector fired, and at which conversation.
    fired_at = models.DateTimeField(null=True)
    fired_n = models.PositiveIntegerField(default=0, db_default=0)
    # Since when the evidence of a fired detector has been low.
    calm_since = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            # A misspelt name is refused.
            models.CheckConstraint(
                condition=models.Q(guardrail__in=["success", "latency", "cost"])
                & models.Q(level__in=["warn", "rollback", "very_slow"]),
                name="detector_is_known",
            ),
            # One row for each detector and stage run.
            models.UniqueConstraint(
                fields=["run", "guardrail", "channel", "level"],
                name="detector_once_per_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guardrail} {self.channel} {self.level}"


class Evaluation(models.Model):
    """One run of the evaluator, with or without an action. Append-only."""

    at = models.DateTimeField(default=clock.now, editable=False)
    run = models.ForeignKey(
        StageRun, null=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    verdicts = models.JSONField(default=list)
    action = models.CharField(max_length=10)
    severity = models.CharField(max_length=10)
    because = models.CharField(max_length=500)
    # The key of the verdict: "success:chat".
    key = models.CharField(max_length=40, blank=True, default="", db_default="")
    # False: no action was needed, or an override was in force.
    acted = models.BooleanField(default=False)
    rollback = models.ForeignKey(
        "rollout.RollbackEvent", null=True, on_delete=models.PROTECT, related_name="+"
    )
    duration_ms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the actions of the last day, and by the purge.
            models.Index(fields=["-at"], name="evaluation_at_idx")
        ]

    def __str__(self) -> str:
        return f"evaluation {self.pk}"


class EvaluatorLease(models.Model):
    """One row: which process evaluates, and until when."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    holder = models.UUIDField(null=True)
    expires_at = models.DateTimeField(null=True)
    # The time of the last evaluation, by the clock of the database.
    ticked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # There is one lease.
            models.CheckConstraint(
                condition=models.Q(id=1), name="evaluator_lease_is_one_row"
            )
        ]

    def __str__(self) -> str:
        return f"held until {self.expires_at}"


class CheckRun(models.Model):
    """One run of the pre-flight checks, the smoke tests or the probe. Append-only."""

    class Kind(models.TextChoices):
        PREFLIGHT = "preflight", "pre-flight"
        SMOKE = "smoke", "smoke test"
        PROBE = "probe", "probe"

    kind = models.CharField(max_length=9, choices=Kind)
    passed = models.BooleanField()
    # [{name, title, status, detail, remedy, duration_ms}]
    results = models.JSONField(default=list)
    # The release that was checked.
    release = models.CharField(max_length=80)
    is_live = models.BooleanField(default=False)
    actor = models.CharField(max_length=150)
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the gates: the newest run of a kind.
            models.Index(fields=["kind", "-id"], name="check_run_latest_idx"),
            # Read by the list of runs.
            models.Index(fields=["finished_at"], name="check_run_finished_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of lines by status, the most severe first."""
        found = Counter(each["status"] for each in self.results)
        return {word: found[word] for word in ("failed", "warning", "skipped", "ok")}


class CheckRequest(models.Model):
    """A run of the pre-flight or the smoke tests that a person asked for: its progress.

    The result is a ``CheckRun``; this row tells what is done until then.
    """

    kind = models.CharField(max_length=9, choices=CheckRun.Kind)
    is_live = models.BooleanField(default=False)
    actor = models.CharField(max_length=150)
    # Continues with the next step of a restore when it has passed.
    continues = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True, default="")
    # The newest rollback when it was asked for: a later one ends the continuation.
    rollback_seen = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField(default=clock.now)
    began_at = models.DateTimeField(null=True)
    # When the last line was stored.
    seen_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    # The line that runs now, the number of lines, and the results so far.
    current = models.CharField(max_length=200, blank=True, default="")
    total = models.IntegerField(default=0)
    results = models.JSONField(default=list)
    passed = models.BooleanField(null=True)
    # Why it ended without a result, or why the restore did not continue.
    failure = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            # One of a kind runs at a time.
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(ended_at__isnull=True),
                name="check_request_one_open",
            ),
            # An ended one has a result or the reason why there is none.
            models.CheckConstraint(
                condition=models.Q(
                    ended_at__isnull=True, passed__isnull=True, failure=""
                )
                | models.Q(ended_at__isnull=False, passed__isnull=False)
                | (
                    models.Q(ended_at__isnull=False, passed__isnull=True)
                    & ~models.Q(failure="")
                ),
                name="check_request_ends_with_a_result",
            ),
            # Only what a person asks for: probes ask for themselves.
            models.CheckConstraint(
                condition=models.Q(kind__in=["preflight", "smoke"]),
                name="check_request_of_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} request {self.pk}"
