from __future__ import annotations

from django.db import models


class SendingLine(models.Model):
    """A number of ours that may not send for a while; no row: all is well."""

    phone_number_id = models.CharField(max_length=32, primary_key=True)
    held_until = models.DateTimeField()
    # The provider's code, and how often in a row.
    error_code = models.CharField(max_length=40)
    holds = models.PositiveIntegerField(default=1)
    since = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Hold of a sending number ({self.error_code})"
