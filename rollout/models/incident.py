from __future__ import annotations

from django.db import models

from rollout import clock


class Incident(models.Model):
    """Something went wrong; opened by a rollback or by a person."""

    class Severity(models.TextChoices):
        LOW = "low", "low"
        MEDIUM = "medium", "medium"
        HIGH = "high", "high"
        CRITICAL = "critical", "critical"

    class Status(models.TextChoices):
        OPEN = "open", "open"
        MITIGATED = "mitigated", "mitigated"
        RESOLVED = "resolved", "resolved"

    dedupe_key = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=10, choices=Severity)
    opened_by = models.CharField(max_length=150)

    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)

    opened_at = models.DateTimeField(default=clock.now, editable=False)
    mitigated_at = models.DateTimeField(null=True, editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # The same trouble is one incident until it is resolved.
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=~models.Q(status="resolved"),
                name="incident_one_unresolved",
            ),
            # A resolved incident always says when; no other status may.
            models.CheckConstraint(
                condition=models.Q(status="resolved", resolved_at__isnull=False)
                | (~models.Q(status="resolved") & models.Q(resolved_at__isnull=True)),
                name="incident_resolved_at_matches_status",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"


# open → mitigated: the harm has stopped; → resolved: the cause is known and gone.
ALLOWED: dict[str, set[str]] = {
    Incident.Status.OPEN: {Incident.Status.MITIGATED, Incident.Status.RESOLVED},
    Incident.Status.MITIGATED: {Incident.Status.RESOLVED},
    Incident.Status.RESOLVED: set(),
}


class TimelineEntry(models.Model):
    """One line of an incident's story. Append-only."""

    class Kind(models.TextChoices):
        AUTO = "auto", "automatic"
        NOTE = "note", "note"
        STATUS = "status", "status"
        ROLLBACK = "rollback", "rollback"

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="timeline"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    author = models.CharField(max_length=150)
    text = models.CharField(max_length=2000)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "timeline"

    def __str__(self) -> str:
        return f"entry {self.pk}"
