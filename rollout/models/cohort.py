from __future__ import annotations

from django.db import models

from rollout.core import clock


class Cohort(models.Model):
    """A named group of people for whom features can be on."""

    name = models.CharField(max_length=50, unique=True)
    description = models.CharField(max_length=200, blank=True, default="")

    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            # A name is typed on a command line and shown in the audit log.
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[a-z0-9][a-z0-9_-]{0,49}$"),
                name="cohort_name_is_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CohortMember(models.Model):
    """One subject in a cohort. A subject is a string; who she is, others know."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="members")
    subject = models.CharField(max_length=100)

    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "subject"], name="cohort_member_once"
            ),
            # A subject without a name would be a member nobody can remove.
            models.CheckConstraint(
                condition=models.Q(subject__regex=r"^[!-~]+$"),
                name="cohort_member_subject_is_visible",
            ),
        ]
        indexes = [
            # Read by the page that tells which cohorts a person is in.
            models.Index(fields=["subject"], name="cohort_member_subject_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} in cohort {self.cohort_id}"
