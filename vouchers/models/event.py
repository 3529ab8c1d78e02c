from __future__ import annotations

from django.db import models
from django.db.models import Q


class VoucherEvent(models.Model):
    """One change of one voucher. Append-only.

    Each row repeats the facts of the voucher after the change, so that the trail
    is complete without the voucher's row. The trigger ``voucher_event_chain`` sets
    ``previous_hash`` and ``hash``.
    """

    class Kind(models.TextChoices):
        REQUESTED = "requested", "Requested"
        ISSUED = "issued", "Issued"
        REDEEMED = "redeemed", "Redeemed"
        VOIDED = "voided", "Voided"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Expired"
        CODE_ROTATED = "code_rotated", "Code rotated"
        OWNER_MOVED = "owner_moved", "Owner moved"
        REVERSED = "reversed", "Reversed"
        EXTENDED = "extended", "Extended"

    voucher = models.ForeignKey(
        "vouchers.Voucher", models.PROTECT, related_name="events", db_index=False
    )
    seq = models.IntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    old_status = models.CharField(max_length=16, null=True)
    new_status = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # Compared with the voucher's row when the transaction commits.
    owner = models.ForeignKey(
        "vouchers.Profile",
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    expires_at = models.DateTimeField()
    # SHA-256 of the code's HMAC. It reveals a code that was replaced by hand.
    code_commit = models.BinaryField(max_length=32, null=True)

    actor_kind = models.CharField(max_length=8)
    actor_id = models.CharField(max_length=64)
    channel = models.CharField(max_length=16)
    station = models.ForeignKey(
        "vouchers.Station",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    # The idempotency key, built from the cause, for example ``turn:12:0``.
    key = models.CharField(max_length=300, unique=True)
    fingerprint = models.BinaryField(max_length=32)
    correlation_id = models.UUIDField(null=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reversed_by"
    )
    # SHA-256 of salt and text of the note. The note itself may be deleted.
    note_commit = models.BinaryField(max_length=32, null=True)
    created_at = models.DateTimeField()
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "voucher_event"
        indexes = [
            # Read by the back office start page: recent requests and changes.
            models.Index(fields=["kind", "created_at"], name="voucher_event_day_idx"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["voucher", "seq"], name="voucher_event_one_per_seq"
            ),
            # Each kind of event belongs to its own change of status.
            models.CheckConstraint(
                condition=Q(kind="requested", old_status__isnull=True)
                & Q(new_status="pending_approval")
                | Q(kind="issued", old_status__isnull=True, new_status="issued")
                | Q(kind="issued", old_status="pending_approval", new_status="issued")
                | Q(kind="redeemed", old_status="issued", new_status="redeemed")
                | Q(kind="voided", old_status="issued", new_status="void")
                | Q(kind="declined", old_status="pending_approval", new_status="void")
                | Q(kind="expired", old_status="issued", new_status="expired")
                | Q(kind="code_rotated", old_status="issued", new_status="issued")
                | Q(kind="owner_moved", old_status="issued", new_status="issued")
                | Q(kind="reversed", old_status="redeemed", new_status="issued")
                | Q(kind="extended", old_status="issued", new_status="issued"),
                name="voucher_event_kind_matches_step",
            ),
            # A reversal names the redemption that it reverses; no other kind does.
            models.CheckConstraint(
                condition=Q(kind="reversed", reverses__isnull=False)
                | (~Q(kind="reversed") & Q(reverses__isnull=True)),
                name="voucher_event_reversal_names_event",
            ),
            # A person extends a voucher, with a reason.
            models.CheckConstraint(
                condition=~Q(kind="extended")
                | Q(actor_kind="user", note_commit__isnull=False),
                name="voucher_event_extension_says_why",
            ),
            models.CheckConstraint(
                condition=Q(actor_kind__in=["profile", "user", "token", "system"])
                & ~Q(actor_id="")
                & ~Q(channel="")
                & ~Q(key=""),
                name="voucher_event_says_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} (step {self.seq})"


class VoucherNote(models.Model):
    """The reason for an event. Every chain stays valid when a note is deleted."""

    event = models.OneToOneField(VoucherEvent, models.PROTECT, related_name="note")
    salt = models.BinaryField(max_length=16)
    text = models.CharField(max_length=500)

    class Meta:
        db_table = "voucher_note"

    def __str__(self) -> str:
        return f"Note on event {self.event_id}"


class Refusal(models.Model):
    """The audit row of an operation that a rule refused."""

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
