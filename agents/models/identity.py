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
