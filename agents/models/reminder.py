from __future__ import annotations

from django.db import models


class ReminderRun(models.Model):
    """How far the reminders of the vouchers of one last day have come."""

    # The number of days before the last day.
    days = models.PositiveSmallIntegerField()
    last_day = models.DateField()
    # All vouchers up to this one were read.
    voucher_id = models.BigIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["days", "last_day"], name="reminder_run_once_for_each_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.days} days before {self.last_day}"
