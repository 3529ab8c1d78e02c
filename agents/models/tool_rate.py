from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ToolRate(models.Model):
    """When a person's last tool calls were made; written by `tools.rates` only."""

    # The person's subject.
    subject = models.CharField(max_length=80, primary_key=True)
    # Oldest first; those older than a minute fall out with the next call.
    taken_at = ArrayField(models.DateTimeField())

    def __str__(self) -> str:
        return self.subject
