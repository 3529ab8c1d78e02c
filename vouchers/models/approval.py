from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Approval(models.Model):
    """A person's word on a voucher above the approval limit."""

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
    # Filled by the database (``voucher_approval_people``), whatever the caller says.
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
            # Nobody approves what they asked for, under neither of their names.
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
