from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class StationCode(models.Model):
    """A one-time code with which station staff sign in to the station page.

    The code itself is not stored: it is an HMAC of the id under EASYMO_KEYS.
    """

    MOST_ATTEMPTS = 5

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="station_codes"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # Read by retention.
            models.Index(fields=["created_at"], name="station_code_kept_idx"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(attempts__lte=5), name="station_code_few_attempts"
            ),
        ]

    def __str__(self) -> str:
        return f"Station code {self.pk}"
