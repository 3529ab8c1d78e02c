from __future__ import annotations

from django.db import models

from rollout.core import clock


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
        # Resolved, and written down what was learned.
        CLOSED = "closed", "closed"

    dedupe_key = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=10, choices=Severity)
    opened_by = models.CharField(max_length=150)

    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    # Who leads; empty while nobody took it on.
    commander = models.CharField(max_length=150, blank=True, default="")
    # The guide's lessons learned: what happened to whom, why, what was done, and
    # what keeps it from happening again. None may be empty when it is closed.
    customer_impact = models.TextField(blank=True, default="")
    root_cause = models.TextField(blank=True, default="")
    resolution = models.TextField(blank=True, default="")
    prevention = models.TextField(blank=True, default="")

    opened_at = models.DateTimeField(default=clock.now, editable=False)
    mitigated_at = models.DateTimeField(null=True, editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # The same trouble is one incident until it is resolved.
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=~models.Q(status__in=["resolved", "closed"]),
                name="incident_one_unresolved",
            ),
            # A resolved incident always says when; no other status may.
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["resolved", "closed"], resolved_at__isnull=False
                )
                | (
                    ~models.Q(status__in=["resolved", "closed"])
                    & models.Q(resolved_at__isnull=True)
                ),
                name="incident_resolved_at_matches_status",
            ),
            # What nobody learned from is not closed.
            models.CheckConstraint(
                condition=(
                    models.Q(status="closed", closed_at__isnull=False)
                    & models.Q(customer_impact__regex=r"\S")
                    & models.Q(root_cause__regex=r"\S")
                    & models.Q(resolution__regex=r"\S")
                    & models.Q(prevention__regex=r"\S")
                )
                | (~models.Q(status="closed") & models.Q(closed_at__isnull=True)),
                name="incident_closed_with_its_lessons",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"


# open → mitigated: the harm has stopped; → resolved: the cause is known and gone.
ALLOWED: dict[str, set[str]] = {
    Incident.Status.OPEN: {Incident.Status.MITIGATED, Incident.Status.RESOLVED},
    Incident.Status.MITIGATED: {Incident.Status.RESOLVED},
    Incident.Status.RESOLVED: {Incident.Status.CLOSED},
    Incident.Status.CLOSED: set(),
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


class RollbackEvent(models.Model):
    """One rollback or its end, also one that changed nothing. Append-only."""

    class Kind(models.TextChoices):
        PARTIAL = "partial", "partial"
        QUICK = "quick", "quick"
        FULL = "full", "full"
        RESTORE = "restore", "restore"

    kind = models.CharField(max_length=10, choices=Kind)
    features = models.JSONField(default=list)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="rollbacks"
    )

    actor = models.CharField(max_length=150)
    source = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    # The figures that caused it, when it was not a person: {guardrail, value, n, ...}.
    evidence = models.JSONField(default=dict, db_default={})
    # When the evidence was enough; null when a person decided.
    decided_at = models.DateTimeField(null=True)
    fence_proven = models.BooleanField()
    epoch = models.BigIntegerField()
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} rollback {self.pk}"


class ActionItem(models.Model):
    """Something that somebody will do so that it does not happen again."""

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="action_items"
    )
    text = models.CharField(max_length=500)
    owner = models.CharField(max_length=150)
    due = models.DateField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)
    done_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["done_at", "due", "id"]
        constraints = [
            # What is done says when and by whom.
            models.CheckConstraint(
                condition=models.Q(done_at__isnull=True, done_by="")
                | (models.Q(done_at__isnull=False) & models.Q(done_by__regex=r"\S")),
                name="action_item_done_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"action item {self.pk}"
