from __future__ import annotations

from django.db import models

from rollout.core import clock
from rollout.models.cohort import Cohort
from rollout.models.flag import AgentFlag

# None of them a control character, not only blanks; the column bounds the length.
REASON = r"^(?=.*\S)[^\u0001-\u001f\u007f-\u009f]+$"


class FlagChange(models.Model):
    """Who changed which exposure, from what to what, and why. Append-only.

    The database refuses a change of a flag or a cohort's members that leaves no
    such row in the same transaction, and fills `epoch` and `transaction_id`.
    """

    class Kind(models.TextChoices):
        FLAG = "flag", "feature"
        MEMBER_ADDED = "member_added", "member added"
        MEMBER_REMOVED = "member_removed", "member removed"

    class Source(models.TextChoices):
        CLI = "cli", "command line"
        ADMIN = "admin", "admin"
        API = "api", "API"
        SYSTEM = "system", "system"
        ROLLBACK = "rollback", "rollback"
        DEMO = "demo", "demonstration"

    kind = models.CharField(max_length=20, choices=Kind, default=Kind.FLAG)
    flag = models.ForeignKey(
        AgentFlag, null=True, on_delete=models.PROTECT, related_name="changes"
    )
    cohort = models.ForeignKey(
        Cohort, null=True, on_delete=models.PROTECT, related_name="changes"
    )
    subject = models.CharField(max_length=100, blank=True, default="")

    actor = models.CharField(max_length=150)
    source = models.CharField(max_length=20, choices=Source)
    reason = models.CharField(max_length=500)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    override = models.BooleanField(default=False)

    epoch = models.BigIntegerField(db_default=0, editable=False)
    transaction_id = models.BigIntegerField(db_default=0, editable=False)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "change of exposure"
        verbose_name_plural = "changes of exposure"
        constraints = [
            # A change is about a feature, or about one member of one cohort.
            models.CheckConstraint(
                condition=models.Q(
                    kind="flag", flag__isnull=False, cohort__isnull=True, subject=""
                )
                | (
                    models.Q(
                        kind__in=["member_added", "member_removed"],
                        flag__isnull=True,
                        cohort__isnull=False,
                    )
                    & ~models.Q(subject="")
                ),
                name="flag_change_has_its_object",
            ),
            models.CheckConstraint(
                condition=models.Q(reason__regex=REASON),
                name="flag_change_says_why",
            ),
            # Nobody is not an actor.
            models.CheckConstraint(
                condition=models.Q(actor__regex=r"\S"), name="flag_change_says_who"
            ),
        ]
        indexes = [
            # Read by the trigger that demands this row, and by `flags`.
            models.Index(fields=["flag", "-id"], name="flag_change_flag_idx"),
            models.Index(
                fields=["cohort", "subject", "-id"], name="flag_change_member_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"change {self.pk}"
