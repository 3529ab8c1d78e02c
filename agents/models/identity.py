from __future__ import annotations

from django.db import models
from django.db.models import Q


class Identity(models.Model):
    """A number or user id by which a channel names a person (a profile)."""

    class Kind(models.TextChoices):
        BSUID = "bsuid", "WhatsApp user id"
        WA_ID = "wa_id", "WhatsApp number"
        # Seen with the number of a profile with a role above customer: not used until
        # a colleague binds it.
        CLAIMED_BSUID = "claimed", "WhatsApp user id, not yet bound"
        # Shared by several businesses; stored, never used to find a person.
        PARENT_BSUID = "parent", "WhatsApp parent user id"
        # WhatsApp reported that the person gave this number up.
        LEFT_NUMBER = "left", "number given up"
        # All callers whose number is withheld or in dispute: one row, one profile.
        WITHHELD = "withheld", "number withheld"

    kind = models.CharField(max_length=8, choices=Kind)
    # A BSUID is opaque (case and dots matter); a number is "+" and digits.
    value = models.CharField(max_length=160)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="identities"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            # An identity belongs to one person at a time.
            models.UniqueConstraint(
                fields=["kind", "value"],
                condition=Q(superseded_at__isnull=True),
                name="identity_names_one_person",
            ),
            # A person has one WhatsApp user id at a time.
            models.UniqueConstraint(
                fields=["profile"],
                condition=Q(superseded_at__isnull=True, kind="bsuid"),
                name="identity_one_bsuid_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.profile_id}"


class IdentityClaim(models.Model):
    """An identity dispute: a colleague decides whose a number or user id is."""

    class Kind(models.TextChoices):
        FIRST_ID = "first_id", "first message of a colleague's device"
        OTHER_ID = "other_id", "known number with another user id"
        LEFT_NUMBER = "left_number", "a number that was given up"
        TWO_PEOPLE = "two_people", "number and user id of two people"
        NUMBER_CHANGED = "number", "WhatsApp reports a changed number"
        ID_CHANGED = "user_id", "WhatsApp reports a changed user id"
        DEVICE_CHANGED = "device", "WhatsApp reports a changed device"
        SHARED = "shared", "shared another person's number"

    class State(models.TextChoices):
        OPEN = "open"
        BOUND = "bound", "bound"
        APART = "apart", "kept apart"

    kind = models.CharField(max_length=12, choices=Kind)
    # The person known by one of the two identities.
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="identity_claims"
    )
    # The person who uses the other identity now, if any.
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
        permissions = [("decide_identity", "Can decide identity disputes")]
        constraints = [
            # A decided dispute is not opened again.
            models.UniqueConstraint(
                fields=["profile", "kind", "bsuid", "number"],
                name="identity_claim_asked_once",
            ),
            # A decision has a time, an actor and a reason.
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True)
                | (
                    ~Q(state="open")
                    & Q(decided_at__isnull=False)
                    & ~Q(decided_by="")
                    & ~Q(reason="")
                ),
                name="identity_claim_decided_by_somebody",
            ),
        ]
        indexes = [
            # All read by the list of disputes.
            models.Index(
                fields=["id"],
                condition=Q(state="open"),
                name="identity_claim_open_idx",
            ),
            models.Index(fields=["bsuid"], name="identity_claim_bsuid_idx"),
            models.Index(fields=["number"], name="identity_claim_number_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.profile_id})"


class Block(models.Model):
    """A blocked person: messages are stored and not answered."""

    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="blocks"
    )
    reason = models.CharField(max_length=500)
    blocked_by = models.CharField(max_length=150)
    # Empty: until a colleague lifts it.
    expires_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("block_person", "Can block people and lift blocks")]
        constraints = [
            # A person has one unlifted block; a new one replaces an expired one.
            models.UniqueConstraint(
                fields=["profile"],
                condition=Q(lifted_at__isnull=True),
                name="block_one_open_per_person",
            ),
            # A lifted block has an actor; another one has none.
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by="")
                | (Q(lifted_at__isnull=False) & ~Q(lifted_by="")),
                name="block_lifted_by_somebody",
            ),
        ]
        indexes = [
            # Read by the list of blocks in force.
            models.Index(
                fields=["id"],
                condition=Q(lifted_at__isnull=True),
                name="block_open_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Block of person {self.profile_id}"


class ConsentEvent(models.Model):
    """An opt-out or opt-in of a person; append-only by trigger."""

    class Kind(models.TextChoices):
        STOP = "stop", "opted out"
        START = "start", "opted in"

    class Source(models.TextChoices):
        WORDS = "words", "a message"
        PREFERENCES = "preferences", "the WhatsApp settings"
        REFUSED = "refused", "WhatsApp refused a message (131050)"

    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="consent_events"
    )
    kind = models.CharField(max_length=5, choices=Kind)
    source = models.CharField(max_length=11, choices=Source)
    # "message:<HMAC>", "outbound:7", ...: a repeated cause adds no row.
    cause = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read before an unrequested message: the newest event counts.
            models.Index(fields=["profile", "id"], name="consent_last_word_idx")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
