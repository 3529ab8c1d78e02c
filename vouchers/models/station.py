from __future__ import annotations

from django.db import models


class Station(models.Model):
    """A place where vouchers are redeemed."""

    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name
