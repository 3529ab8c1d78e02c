from __future__ import annotations

from django.db import models
from django.db.models import Q


class LegacyRecord(models.Model):
    """A row of the earlier system that was taken, so that it is taken once. Append-only."""

    class Kind(models.TextChoices):
        PROFILE = "profile", "Profile"
        VOUCHER = "voucher", "Voucher"

    kind = models.CharField(max_length=8, choices=Kind)
    # The row's id there. A person may have two.
    legacy_id = models.CharField(max_length=64)
    # The keyed digest of what the row said. It shows that the row changed later.
    fingerprint = models.BinaryField(max_length=32)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, null=True, related_name="+", db_index=False
    )
    voucher = models.OneToOneField(
        "vouchers.Voucher", models.PROTECT, null=True, related_name="legacy_record"
    )
    imported_at = models.DateTimeField()

    class Meta:
        db_table = "legacy_record"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "legacy_id"], name="legacy_record_taken_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="profile", profile__isnull=False, voucher__isnull=True)
                | Q(kind="voucher", profile__isnull=True, voucher__isnull=False),
                name="legacy_record_names_what_it_became",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.legacy_id}"
