from __future__ import annotations

from django.db import models

from rollout.core import clock
from rollout.models.incident import Incident


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
