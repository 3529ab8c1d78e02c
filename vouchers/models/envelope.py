from __future__ import annotations

from django.db import models


class Envelope(models.Model):
    """A code on its way to its owner, sealed; gone when delivered or after a day."""

    voucher = models.OneToOneField(
        "vouchers.Voucher", models.PROTECT, primary_key=True, related_name="envelope"
    )
    sealed = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "voucher_envelope"
        indexes = [
            # Read by the purge.
            models.Index(fields=["expires_at"], name="envelope_expires_at_idx"),
        ]

    def __str__(self) -> str:
        return f"Envelope of voucher {self.voucher_id}"
