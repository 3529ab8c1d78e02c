from __future__ import annotations

from django.db import models


class Announcement(models.Model):
    """A voucher event that was read and told on, or needed no telling: once."""

    class Outcome(models.TextChoices):
        TOLD = "told"
        # Her window is closed and there is no template: the issuer was told.
        UNREACHABLE = "unreachable"
        # Nobody has to hear of it.
        NOBODY = "nobody"

    # The voucher event's id. No foreign key: news is read, never tied.
    event_id = models.BigIntegerField(primary_key=True)
    outcome = models.CharField(max_length=11, choices=Outcome)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Announcement of event {self.event_id}"
