from __future__ import annotations

from django.db import models


class LogLine(models.Model):
    """A log line as it left, already scrubbed; kept a day, for the simulator."""

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
    """How one periodic job is doing: one row each, written by `upkeep`."""

    name = models.CharField(max_length=60, primary_key=True)
    started_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    # The kind of the last failure; never its text, which may quote rows.
    error = models.CharField(max_length=80, blank=True)
    # Rows dealt with by the last run that succeeded, and by all of them.
    last_count = models.PositiveIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
