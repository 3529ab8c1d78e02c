from __future__ import annotations

from django.db import models
from django.db.models import Q


class LimitCounter(models.Model):
    """The sum that one issuer issued, or one customer received, on one Kigali day."""

    class Kind(models.TextChoices):
        ISSUER = "issuer", "Issuer"
        CUSTOMER = "customer", "Customer"

    kind = models.CharField(max_length=8, choices=Kind)
    subject = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    day = models.DateField()
    # A token's sum is divided among slots, each with a share of the limit: calls that
    # change different slots do not wait for each other.
    slot = models.SmallIntegerField(db_default=0)
    # The limit that the slots share.
    cap_minor = models.BigIntegerField(null=True)
    used_minor = models.BigIntegerField()

    class Meta:
        db_table = "voucher_limit_counter"
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "kind", "currency", "day", "slot"],
                name="limit_counter_one_per_day_and_slot",
            ),
            models.CheckConstraint(
                condition=Q(used_minor__gte=0), name="limit_counter_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} on {self.day}"


class GuessCounter(models.Model):
    """Wrong codes of a person, a station or a device."""

    scope = models.CharField(max_length=80, primary_key=True)
    failures = models.IntegerField()
    window_started_at = models.DateTimeField()
    # The number of recent locks. Each lock lasts twice as long as the one before.
    level = models.IntegerField()
    locked_until = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField()

    class Meta:
        db_table = "voucher_guess_counter"

    def __str__(self) -> str:
        return self.scope


class ExpiryMark(models.Model):
    """How far a run has come that expires vouchers, in the order of their ends.

    The frequent run settles each voucher once. The nightly run goes through all vouchers
    again and again, for those that became issued after the other had passed them.
    """

    class Run(models.TextChoices):
        FREQUENT = "frequent"
        NIGHTLY = "nightly"

    run = models.CharField(max_length=8, primary_key=True, choices=Run)
    expires_at = models.DateTimeField()
    voucher_id = models.BigIntegerField(default=0)

    class Meta:
        db_table = "voucher_expiry_mark"

    def __str__(self) -> str:
        return f"{self.run} until {self.expires_at}"
