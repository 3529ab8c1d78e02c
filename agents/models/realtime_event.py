from __future__ import annotations

from django.db import models


class RealtimeEvent(models.Model):
    """The bytes of one signed webhook of OpenAI's, taken in once."""

    # OpenAI's own id, the same when it delivers again.
    webhook_id = models.CharField(max_length=255, unique=True)
    # Null once the retention of eight days has passed.
    body = models.BinaryField(null=True)
    sha256 = models.BinaryField(max_length=32)
    correlation_id = models.UUIDField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read by the purge.
            models.Index(
                fields=["received_at"],
                condition=models.Q(body__isnull=False),
                name="realtime_event_body_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Realtime webhook {self.pk}"
