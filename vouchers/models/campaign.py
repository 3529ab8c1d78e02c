from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Campaign(models.Model):
    """A budget for batches of vouchers within some days, until it is stopped.

    The trigger ``batch_campaign`` refuses a batch beyond the budget, outside the days or
    after the stop.
    """

    name = models.CharField(max_length=100, unique=True)
    currency = models.CharField(max_length=3)
    budget_minor = models.BigIntegerField()
    # Days in Kigali, both included.
    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=500)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    stopped_at = models.DateTimeField(null=True)
    stop_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "voucher_campaign"
        constraints = [
            models.CheckConstraint(
                condition=Q(budget_minor__gte=1), name="campaign_has_a_budget"
            ),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="campaign_ends_after_it_begins",
            ),
            # A stop says who, when and why.
            models.CheckConstraint(
                condition=Q(
                    stopped_at__isnull=True, stopped_by__isnull=True, stop_reason=""
                )
                | Q(stopped_at__isnull=False, stopped_by__isnull=False)
                & ~Q(stop_reason=""),
                name="campaign_stop_says_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return self.name
