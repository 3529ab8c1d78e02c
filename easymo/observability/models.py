from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class LogLine(models.Model):
    """A scrubbed log line, kept for a day for the simulator."""

    correlation_id = models.UUIDField()
    at = models.DateTimeField()
    level = models.CharField(max_length=10)
    event = models.CharField(max_length=200)
    fields = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # Read by the simulator: the lines of one cause, in order.
            models.Index(fields=["correlation_id", "id"], name="logline_cause_idx"),
            # Read by the purge.
            models.Index(fields=["at"], name="logline_at_idx"),
        ]

    def __str__(self) -> str:
        return self.event


class UpkeepRun(models.Model):
    """The last runs of one periodic job: one row per job, written by `upkeep`."""

    name = models.CharField(max_length=60, primary_key=True)
    started_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    # The type of the last failure; never its text, which may quote rows.
    error = models.CharField(max_length=80, blank=True)
    # Rows processed by the last successful run, and by all of them.
    last_count = models.PositiveIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class TallyMark(models.Model):
    """The id up to which the rows of a table are in its sums."""

    name = models.CharField(max_length=40, primary_key=True)
    upto = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} up to {self.upto}"


class TallySum(models.Model):
    """The sums of one set of labels, for the metrics. Kept when the rows are deleted."""

    name = models.CharField(max_length=40)
    labels = ArrayField(models.TextField())
    numbers = ArrayField(models.FloatField())

    class Meta:
        default_permissions = ()
        constraints = [
            # Each set of labels has one row.
            models.UniqueConstraint(
                fields=["name", "labels"], name="tally_sum_once_per_labels"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.labels}"


class LeakFinding(models.Model):
    """Personal data that passed the masking. Append-only.

    Neither text nor value is stored; a keyed digest tells two findings apart.
    """

    class Level(models.TextChoices):
        # It looks personal.
        CANDIDATE = "candidate", "looks like it"
        # It is the number of a known person.
        CONFIRMED = "confirmed", "confirmed"

    kind = models.CharField(max_length=10)
    # The sink: log, stdout, stderr, sentry, span, metric, timeline.
    sink = models.CharField(max_length=10)
    digest = models.BinaryField(max_length=32)
    level = models.CharField(max_length=9, choices=Level)
    # Occurrences within the second.
    times = models.PositiveIntegerField(default=1)
    correlation_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            # Read by the evaluator, the gates and the metrics.
            models.Index(fields=["level", "at"], name="leak_level_idx"),
            # Read by the list of findings.
            models.Index(fields=["at"], name="leak_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.sink}: {self.level}"


class ScannedLines(models.Model):
    """The number of scanned lines: without it, "no leak" could mean "not scanned"."""

    # After two days the minutes of an hour become one row.
    minute = models.DateTimeField()
    sink = models.CharField(max_length=10)
    lines = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["minute", "sink"], name="scanned_once_per_minute"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lines} lines of {self.sink}"
