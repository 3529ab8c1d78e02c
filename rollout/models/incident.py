from __future__ import annotations

from django.db import models

from rollout.core import clock


class Incident(models.Model):
    """An incident, opened by a rollback, the evaluator or a person."""

    class Severity(models.TextChoices):
        LOW = "low", "low"
        MEDIUM = "medium", "medium"
        HIGH = "high", "high"
        CRITICAL = "critical", "critical"

    class Status(models.TextChoices):
        OPEN = "open", "open"
        MITIGATED = "mitigated", "mitigated"
        RESOLVED = "resolved", "resolved"
        # Resolved, with its lessons written.
        CLOSED = "closed", "closed"

    dedupe_key = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=10, choices=Severity)
    opened_by = models.CharField(max_length=150)

    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    # The person who leads; empty without one.
    commander = models.CharField(max_length=150, blank=True, default="")
    # The lessons learned of the guide; all four are needed to close the incident.
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
            # One unresolved incident for each key.
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=~models.Q(status__in=["resolved", "closed"]),
                name="incident_one_unresolved",
            ),
            # A resolved or closed incident has the time; no other has.
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
            # A closed incident has its four lessons and the time.
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
    """One rollback or restore, also one that changed nothing. Append-only."""

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
    # The figures of an automatic rollback: {guardrail, value, n, ...}.
    evidence = models.JSONField(default=dict, db_default={})
    # When the evaluator decided; null when a person did.
    decided_at = models.DateTimeField(null=True)
    fence_proven = models.BooleanField()
    epoch = models.BigIntegerField()
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} rollback {self.pk}"


class ActionItem(models.Model):
    """A task with an owner, so that the incident does not happen again."""

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
            # A finished item has its time and the person.
            models.CheckConstraint(
                condition=models.Q(done_at__isnull=True, done_by="")
                | (models.Q(done_at__isnull=False) & models.Q(done_by__regex=r"\S")),
                name="action_item_done_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"action item {self.pk}"
