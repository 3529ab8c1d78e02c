from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from vouchers.money import THREE_DECIMALS, ZERO_DECIMALS

if TYPE_CHECKING:
    from datetime import datetime


class LastMomentInKigali(models.Func):
    """The last microsecond of the day in Kigali in which a moment lies."""

    template = (
        "((date_trunc('day', %(expressions)s AT TIME ZONE 'Africa/Kigali')"
        " + interval '1 day' - interval '1 microsecond') AT TIME ZONE 'Africa/Kigali')"
    )
    output_field = models.DateTimeField()


class Voucher(models.Model):
    """An amount that its owner may spend once.

    Only the functions in ``vouchers/sql`` change a row.
    """

    class Status(models.TextChoices):
        PENDING_APPROVAL = "pending_approval", "Pending approval"
        ISSUED = "issued", "Issued"
        REDEEMED = "redeemed", "Redeemed"
        VOID = "void", "Void"
        EXPIRED = "expired", "Expired"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # A name for people. It does not redeem the voucher.
    reference = models.CharField(max_length=16, unique=True)
    code_hmac = models.BinaryField(max_length=32, null=True, unique=True)
    code_key_id = models.CharField(max_length=32, blank=True)
    code_last4 = models.CharField(max_length=4, blank=True)

    owner = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="vouchers", db_index=False
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_by_kind = models.CharField(max_length=8)
    created_by_id = models.CharField(max_length=64)
    # The creator's profile and login, where both are known.
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
    # The station that redeemed the voucher.
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
            ("extend_voucher", "Can give vouchers a later last day"),
            ("print_card", "Can print a voucher's card with a new code"),
        ]
        # No index covers or filters on a column that an operation changes (status,
        # seq, station, redeemed_at, voided_at). So every redemption is a HOT update.
        indexes = [
            # Read by the runs that expire vouchers. All of a day end at the same moment.
            models.Index(fields=["expires_at", "id"], name="voucher_expiry_idx"),
            # Read by the vouchers of a person, the newest first.
            models.Index(fields=["owner", "id"], name="voucher_owner_idx"),
            # Both read by the list in the back office.
            models.Index(fields=["created_at"], name="voucher_created_idx"),
            models.Index(fields=["code_last4", "id"], name="voucher_last4_idx"),
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
            # The amount is at least one minor unit and at most a million major units.
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
            # A redeemed voucher has a time and a station; no other status has.
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
            # A request has no code and no issue time; an issued voucher has both.
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
            # A voucher is valid until the end of the day that customers are shown.
            models.CheckConstraint(
                condition=Q(expires_at=LastMomentInKigali("expires_at")),
                name="voucher_expires_at_the_end_of_a_day",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def status_at(self, moment: datetime) -> str:
        """Return the status; a voucher expires before its row says so."""
        is_over = self.status == self.Status.ISSUED and self.expires_at < moment
        return str(self.Status.EXPIRED if is_over else self.status)


# The allowed changes of status. The trigger ``voucher_guard`` refuses all others.
ALLOWED = {
    Voucher.Status.PENDING_APPROVAL: {
        Voucher.Status.ISSUED,  # a second person approved
        Voucher.Status.VOID,  # a person declined, or the time was over
    },
    Voucher.Status.ISSUED: {
        Voucher.Status.REDEEMED,  # redeemed at a station
        Voucher.Status.VOID,  # voided with a reason
        Voucher.Status.EXPIRED,  # expired
        Voucher.Status.ISSUED,  # code rotated, owner moved, extended
    },
    Voucher.Status.REDEEMED: {
        Voucher.Status.ISSUED,  # a reversal that names the redemption
    },
    Voucher.Status.VOID: set(),
    Voucher.Status.EXPIRED: set(),
}


class Approval(models.Model):
    """The decision of a second person on a voucher above the approval limit."""

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"

    voucher = models.OneToOneField(
        "vouchers.Voucher", models.PROTECT, related_name="approval"
    )
    decision = models.CharField(max_length=8, choices=Decision)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    # The trigger ``voucher_approval_people`` sets the next three columns.
    approver_profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, null=True, related_name="+"
    )
    creator_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    creator_profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        db_table = "voucher_approval"
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=["approved", "declined"]),
                name="approval_decision_is_known",
            ),
            # The creator must not approve, neither by login nor by profile.
            models.CheckConstraint(
                condition=Q(decision="declined")
                | (
                    (Q(creator_user__isnull=True) | ~Q(approver=F("creator_user")))
                    & (
                        Q(creator_profile__isnull=True)
                        | Q(approver_profile__isnull=True)
                        | ~Q(approver_profile=F("creator_profile"))
                    )
                ),
                name="approval_by_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} by user {self.approver_id}"


class ApprovalRequest(models.Model):
    """Until when a voucher above the approval limit can be approved."""

    voucher = models.OneToOneField(
        "vouchers.Voucher",
        models.PROTECT,
        primary_key=True,
        related_name="approval_request",
    )
    ends_at = models.DateTimeField()
    # When it was decided, or ended because no person decided it in time.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "voucher_approval_request"
        indexes = [
            # Read by the list of approvals and by the task that ends requests.
            models.Index(
                fields=["ends_at"],
                condition=Q(ended_at__isnull=True),
                name="approval_request_open_idx",
            ),
            # Read by the list of approvals: what was decided last.
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False),
                name="approval_request_ended_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Request of voucher {self.voucher_id}"


class Envelope(models.Model):
    """The encrypted code of a voucher, kept until delivery or for one day."""

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
