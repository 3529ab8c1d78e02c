from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext


class ReversalRequest(models.Model):
    """A request to take back a redemption above the limit, and the decision of a second
    person.

    Only the functions in ``vouchers/sql/schema/reverse.sql`` write it.
    """

    class Decision(models.TextChoices):
        WAITING = "waiting", "Waits for a second person"
        APPROVED = "approved", "Taken back"
        REFUSED = "refused", "Refused"

    voucher = models.ForeignKey(
        "vouchers.Voucher", models.PROTECT, related_name="reversal_requests"
    )
    redemption = models.ForeignKey(
        "vouchers.VoucherEvent", models.PROTECT, related_name="+", db_index=False
    )
    asked_by_kind = models.CharField(max_length=8)
    asked_by_id = models.CharField(max_length=64)
    # The profile and the login of the person, where both are known.
    asked_by_profile = models.ForeignKey(
        "vouchers.Profile",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    asked_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    channel = models.CharField(max_length=16)
    key = models.CharField(max_length=300, unique=True)
    fingerprint = models.BinaryField(max_length=32)
    # Blank after the erasure of the person.
    reason = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()

    decision = models.CharField(max_length=8, choices=Decision)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "voucher_reversal_request"
        verbose_name = "request for a reversal"
        verbose_name_plural = "requests for reversals"
        permissions = [("reverse_redemption", "Can take back a redemption")]
        constraints = [
            models.UniqueConstraint(
                fields=["voucher"],
                condition=Q(decision="waiting"),
                name="reversal_request_one_waits",
            ),
            models.CheckConstraint(
                condition=Q(
                    decision="waiting",
                    decided_by__isnull=True,
                    decided_at__isnull=True,
                    decision_reason="",
                )
                | Q(
                    decision__in=["approved", "refused"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="reversal_request_decision_says_who",
            ),
        ]

    def __str__(self) -> str:
        return gettext("Reversal of {voucher}").format(voucher=self.voucher)
