from __future__ import annotations

from django.db import models


class IdentityClaim(models.Model):
    """A name of the channel that may or may not be a person's: one of us decides."""

    class Kind(models.TextChoices):
        FIRST_ID = "first_id", "first user id of somebody who may do more"
        OTHER_ID = "other_id", "known number with another user id"
        LEFT_NUMBER = "left_number", "a number that she had given up"
        TWO_PEOPLE = "two_people", "number and user id of two people"
        NUMBER_CHANGED = "number", "WhatsApp says that her number changed"
        ID_CHANGED = "user_id", "WhatsApp says that her user id changed"
        DEVICE_CHANGED = "device", "WhatsApp says that her telephone changed"
        SHARED = "shared", "shared a number that is somebody else's"

    class State(models.TextChoices):
        OPEN = "open"
        BOUND = "bound", "hers"
        APART = "apart", "kept apart"

    kind = models.CharField(max_length=12, choices=Kind)
    # Who was known by one of the names.
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="identity_claims"
    )
    # Who goes by the other name now, where there is such a person.
    other = models.ForeignKey(
        "vouchers.Profile",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="claimed_by",
    )
    bsuid = models.CharField(max_length=160, blank=True)
    number = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=5, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [("decide_identity", "Can decide whose a WhatsApp name is")]
        constraints = [
            # What one of us has decided is not asked again.
            models.UniqueConstraint(
                fields=["profile", "kind", "bsuid", "number"],
                name="identity_claim_asked_once",
            ),
            # Whoever decides says so and why.
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at__isnull=True)
                | (
                    ~models.Q(state="open")
                    & models.Q(decided_at__isnull=False)
                    & ~models.Q(decided_by="")
                    & ~models.Q(reason="")
                ),
                name="identity_claim_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.profile_id})"
