from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Batch(models.Model):
    """The lines of one spreadsheet; each becomes one voucher.

    The digest of the file is unique, and a line's idempotency key is made of it: the
    same file issues nothing twice.
    """

    class State(models.TextChoices):
        # Without errors; the person who uploaded it has not confirmed it.
        CHECKED = "checked", "Checked, not confirmed"
        # A second person must approve it.
        WAITING = "waiting", "Waits for approval"
        ISSUING = "issuing", "Being issued"
        DONE = "done", "Issued"
        # Nothing of it was issued.
        CANCELLED = "cancelled", "Cancelled"

    sha256 = models.BinaryField(max_length=32)
    file_name = models.CharField(max_length=200)
    # All lines: line, msisdn, minor, name, note. Null when the batch has ended.
    lines = models.JSONField(null=True)
    count = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    # Above the limit of a day, or a line above the limit of a voucher.
    needs_approval = models.BooleanField()
    reason = models.CharField(max_length=500)
    campaign = models.ForeignKey(
        "vouchers.Campaign", models.PROTECT, null=True, related_name="batches"
    )

    state = models.CharField(max_length=9, choices=State)
    issued = models.PositiveIntegerField(default=0)
    issued_minor = models.BigIntegerField(default=0)
    # Lines that were valid before and refused when they were issued: line and error.
    refused = models.JSONField(default=list)
    # The name of the account, also of one that the command line does not have.
    created_by_name = models.CharField(max_length=150)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decision_reason = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True)
    # When the last line was issued or the batch cancelled.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "voucher_batch"
        verbose_name_plural = "batches"
        permissions = [("issue_batch", "Can issue vouchers from a spreadsheet")]
        constraints = [
            models.UniqueConstraint(
                fields=["sha256"],
                condition=~Q(state="cancelled"),
                name="batch_file_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["checked", "waiting", "issuing"], ended_at__isnull=True
                )
                & Q(lines__isnull=False)
                | Q(state__in=["done", "cancelled"], ended_at__isnull=False)
                & Q(lines__isnull=True),
                name="batch_ended_without_lines",
            ),
            models.CheckConstraint(
                condition=Q(issued__lte=F("count"))
                & Q(issued_minor__lte=F("total_minor"))
                & Q(count__gte=1),
                name="batch_issues_at_most_its_lines",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["issuing", "done"]) | Q(issued=0),
                name="batch_unconfirmed_issued_nothing",
            ),
            models.CheckConstraint(
                condition=Q(created_by__isnull=True)
                | Q(decided_by__isnull=True)
                | Q(state="cancelled")
                | ~Q(created_by=F("decided_by")),
                name="batch_by_second_person",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
