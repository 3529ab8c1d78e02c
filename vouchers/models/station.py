from __future__ import annotations

from django.db import models
from django.db.models import Q


class Station(models.Model):
    """A place where vouchers are redeemed."""

    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            # A code is typed and spoken: one spelling, no look-alikes.
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9_-]*$"),
                name="station_code_is_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.name
