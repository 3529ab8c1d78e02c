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
