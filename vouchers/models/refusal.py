from __future__ import annotations

from django.db import models


class Refusal(models.Model):
    """An operation that a rule refused; nothing else was written."""

    operation = models.CharField(max_length=16)
    reason = models.CharField(max_length=32)
    voucher = models.ForeignKey(
        "vouchers.Voucher", models.PROTECT, null=True, related_name="refusals"
    )
    actor_kind = models.CharField(max_length=8)
    actor_id = models.CharField(max_length=64)
    channel = models.CharField(max_length=16)
    correlation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "voucher_refusal"
        indexes = [
            # Read by the purge and by reports.
            models.Index(fields=["created_at"], name="refusal_created_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} refused: {self.reason}"
