from __future__ import annotations

from django.db import models


class Identity(models.Model):
    """How a channel names a person. The person is the profile."""

    class Kind(models.TextChoices):
        BSUID = "bsuid", "WhatsApp user id"
        WA_ID = "wa_id", "WhatsApp number"
        # Seen with the number of somebody who may do more than a customer; a person
        # of ours binds it.
        CLAIMED_BSUID = "claimed", "WhatsApp user id, not yet bound"
        # The same person over several businesses; noted, and never looked up.
        PARENT_BSUID = "parent", "WhatsApp parent user id"
        # WhatsApp said that she gave this number up: it no longer names her.
        LEFT_NUMBER = "left", "number given up"

    kind = models.CharField(max_length=8, choices=Kind)
    # Opaque for a BSUID (case and dots kept); digits with "+" for a number.
    value = models.CharField(max_length=160)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="identities"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            # A name of a channel points at one person at a time.
            models.UniqueConstraint(
                fields=["kind", "value"],
                condition=models.Q(superseded_at__isnull=True),
                name="identity_names_one_person",
            ),
            # A person has one WhatsApp user id at a time.
            models.UniqueConstraint(
                fields=["profile"],
                condition=models.Q(superseded_at__isnull=True, kind="bsuid"),
                name="identity_one_bsuid_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.profile_id}"


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


class Block(models.Model):
    """A person whom the agent does not answer for a while; her messages are stored."""

    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="blocks"
    )
    reason = models.CharField(max_length=500)
    blocked_by = models.CharField(max_length=150)
    # Empty: until somebody lifts it.
    expires_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("block_person", "Can block people and lift blocks")]
        constraints = [
            # One block at a time; another one takes the place of one that ran out.
            models.UniqueConstraint(
                fields=["profile"],
                condition=models.Q(lifted_at__isnull=True),
                name="block_one_open_per_person",
            ),
            # Whoever lifts a block says so and why.
            models.CheckConstraint(
                condition=models.Q(lifted_at__isnull=True, lifted_by="")
                | (models.Q(lifted_at__isnull=False) & ~models.Q(lifted_by="")),
                name="block_lifted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Block of person {self.profile_id}"


class ConsentEvent(models.Model):
    """A person's word on whether we may write to her unasked; append-only."""

    class Kind(models.TextChoices):
        STOP = "stop", "no messages unasked"
        START = "start", "messages again"

    class Source(models.TextChoices):
        WORDS = "words", "her own words"
        PREFERENCES = "preferences", "her WhatsApp settings"
        REFUSED = "refused", "WhatsApp refused a message (131050)"

    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="consent_events"
    )
    kind = models.CharField(max_length=5, choices=Kind)
    source = models.CharField(max_length=11, choices=Source)
    # "message:<HMAC>", "outbound:7", ...: the same cause is written once.
    cause = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read before anything is sent unasked: the last word counts.
            models.Index(fields=["profile", "id"], name="consent_last_word_idx")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
