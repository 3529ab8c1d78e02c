from __future__ import annotations

from django.db import models


class CarriedCode(models.Model):
    """A voucher whose code a message brings; its envelope is kept until then."""

    outbound = models.ForeignKey(
        "agents.OutboundMessage", models.CASCADE, related_name="carried_codes"
    )
    # The voucher's public id, as it stands in the body.
    voucher_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outbound", "voucher_id"], name="carried_code_once"
            )
        ]
        indexes = [
            # Read when a message arrived: does another one still need the code?
            models.Index(fields=["voucher_id"], name="carried_code_voucher_idx")
        ]

    def __str__(self) -> str:
        return f"Code in outbound message {self.outbound_id}"
