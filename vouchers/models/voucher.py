from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from vouchers.money import THREE_DECIMALS, ZERO_DECIMALS


class Voucher(models.Model):
    """Value that one person may spend once. Changed by ``vouchers/sql`` only."""

    class Status(models.TextChoices):
        PENDING_APPROVAL = "pending_approval", "Pending approval"
        ISSUED = "issued", "Issued"
        REDEEMED = "redeemed", "Redeemed"
        VOID = "void", "Void"
        EXPIRED = "expired", "Expired"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # For people and support; useless at a pump.
    reference = models.CharField(max_length=16, unique=True)
    code_hmac = models.BinaryField(max_length=32, null=True, unique=True)
    code_key_id = models.CharField(max_length=32, blank=True)
    code_last4 = models.CharField(max_length=4, blank=True)

    owner = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="vouchers"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_by_kind = models.CharField(max_length=8)
    created_by_id = models.CharField(max_length=64)
    # The same person under both names, where they are linked.
    created_by_profile = models.ForeignKey(
        "vouchers.Profile",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    created_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )

    status = models.CharField(max_length=16, choices=Status)
    seq = models.IntegerField()
    # Where it was redeemed.
    station = models.ForeignKey(
        "vouchers.Station",
        models.PROTECT,
        null=True,
        related_name="vouchers",
        db_index=False,
    )

    created_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    redeemed_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "vouchers"
        permissions = [
            ("void_voucher", "Can void vouchers"),
            ("rotate_code", "Can replace a voucher's code"),
            ("approve_voucher", "Can approve vouchers of others"),
        ]
        # No index may hold or filter on what a transition changes (status, seq,
        # station, redeemed_at, voided_at): every redemption stays a HOT update.
        indexes = [
            # Read by expire.
            models.Index(fields=["expires_at"], name="voucher_expires_at_idx"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "pending_approval",
                        "issued",
                        "redeemed",
                        "void",
                        "expired",
                    ]
                ),
                name="voucher_status_is_known",
            ),
            # A voucher is worth something, and never more than a million.
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1)
                & (
                    Q(currency__in=ZERO_DECIMALS, amount_minor__lte=1_000_000)
                    | Q(currency__in=THREE_DECIMALS, amount_minor__lte=1_000_000_000)
                    | (
                        ~Q(currency__in=[*ZERO_DECIMALS, *THREE_DECIMALS])
                        & Q(amount_minor__lte=100_000_000)
                    )
                ),
                name="voucher_amount_within_cap",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                name="voucher_currency_is_iso",
            ),
            # A redeemed voucher always says when and where; no other status may.
            models.CheckConstraint(
                condition=Q(
                    status="redeemed", redeemed_at__isnull=False, station__isnull=False
                )
                | (
                    ~Q(status="redeemed")
                    & Q(redeemed_at__isnull=True, station__isnull=True)
                ),
                name="voucher_redeemed_at_matches_status",
            ),
            models.CheckConstraint(
                condition=Q(status="void", voided_at__isnull=False)
                | (~Q(status="void") & Q(voided_at__isnull=True)),
                name="voucher_voided_at_matches_status",
            ),
            # A request has neither code nor issue date; whatever was issued has both.
            models.CheckConstraint(
                condition=Q(
                    status="pending_approval",
                    issued_at__isnull=True,
                    code_hmac__isnull=True,
                )
                | Q(
                    status__in=["issued", "redeemed", "expired"],
                    issued_at__isnull=False,
                    code_hmac__isnull=False,
                )
                | Q(status="void"),
                name="voucher_code_matches_status",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gte=F("created_at")),
                name="voucher_expires_after_creation",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


# Every way a voucher may go. The trigger ``voucher_guard`` refuses the others.
ALLOWED = {
    Voucher.Status.PENDING_APPROVAL: {
        Voucher.Status.ISSUED,  # a second person approved
        Voucher.Status.VOID,  # a person declined
    },
    Voucher.Status.ISSUED: {
        Voucher.Status.REDEEMED,  # spent at a station
        Voucher.Status.VOID,  # taken back with a reason
        Voucher.Status.EXPIRED,  # its time is over
        Voucher.Status.ISSUED,  # code rotated, owner moved
    },
    Voucher.Status.REDEEMED: {
        Voucher.Status.ISSUED,  # a reversal that names the redemption
    },
    Voucher.Status.VOID: set(),
    Voucher.Status.EXPIRED: set(),
}
