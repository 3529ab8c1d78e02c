from __future__ import annotations

from django.db import models


class EventSeal(models.Model):
    """The keyed MAC of an event, made by the process that wrote it. Append-only.

    The key is not in the database: a person who can change every row cannot make one.
    """

    event = models.OneToOneField(
        "vouchers.VoucherEvent",
        models.DO_NOTHING,
        primary_key=True,
        related_name="seal",
        db_constraint=False,
    )
    # Names the voucher when the event was removed.
    voucher_id = models.BigIntegerField()
    key_id = models.CharField(max_length=32)
    mac = models.BinaryField(max_length=16)
    # The number of the last checkpoint at that time; 0: none. The MAC covers it.
    checkpoint = models.IntegerField()

    class Meta:
        db_table = "voucher_event_seal"

    def __str__(self) -> str:
        return f"Seal of event {self.event_id}"


class Checkpoint(models.Model):
    """A signed statement about all vouchers at one time. Append-only."""

    number = models.IntegerField(primary_key=True)
    created_at = models.DateTimeField()
    # The signed bytes, as text: canonical JSON.
    document = models.TextField()
    # By key id, in hexadecimal: one Ed25519 signature for each key of the ring.
    signatures = models.JSONField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "voucher_checkpoint"

    def __str__(self) -> str:
        return f"Checkpoint {self.number}"


class CheckpointPage(models.Model):
    """What the last checkpoint says about the vouchers of one range of ids."""

    # The voucher's id divided by the page's size.
    number = models.BigIntegerField(primary_key=True)
    # The checkpoint that wrote this page.
    checkpoint = models.IntegerField()
    leaves = models.BinaryField()
    root = models.BinaryField(max_length=32)
    totals = models.JSONField()
    key_id = models.CharField(max_length=32)
    mac = models.BinaryField(max_length=32)

    class Meta:
        db_table = "voucher_checkpoint_page"

    def __str__(self) -> str:
        return f"Page {self.number}"


class Verification(models.Model):
    """One check of all vouchers by the worker. An interrupted one is continued."""

    started_at = models.DateTimeField()
    # The id of the last voucher that was checked.
    after = models.BigIntegerField(default=0)
    checked = models.BigIntegerField(default=0)
    broken = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "voucher_verification"
        indexes = [
            # Read by the worker: the last one.
            models.Index(fields=["started_at"], name="voucher_verification_at_idx"),
        ]

    def __str__(self) -> str:
        return f"Verification of {self.started_at:%d.%m.%Y %H:%M}"
