from __future__ import annotations

from django.db import models


class Erasure(models.Model):
    """That a person was forgotten: who did it, when and why. Append-only."""

    profile = models.OneToOneField(
        "vouchers.Profile", models.PROTECT, related_name="erasure"
    )
    actor = models.CharField(max_length=150)
    # Without anything that names the person: the service sees to it.
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Erasure of person {self.profile_id}"
