from __future__ import annotations

from django.db import models
from django.db.models import Q


class WebhookEvent(models.Model):
    """The exact bytes of one signed webhook."""

    class State(models.TextChoices):
        RECEIVED = "received"
        DONE = "done"
        FAILED = "failed"

    # Null after eight days.
    body = models.BinaryField(null=True)
    sha256 = models.BinaryField(max_length=32)
    # Posted with our synthetic mark: serves sandbox customers only.
    is_synthetic = models.BooleanField(default=False)
    correlation_id = models.UUIDField()
    state = models.CharField(max_length=8, choices=State, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField(auto_now_add=True)
    # When it was processed, or last tried alone.
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # Read by the processing of events, oldest first.
            models.Index(
                fields=["id"],
                condition=Q(state="received"),
                name="webhook_received_idx",
            ),
            # Read by the list of webhooks.
            models.Index(
                fields=["id"], condition=Q(state="failed"), name="webhook_failed_idx"
            ),
            # Read by retention.
            models.Index(
                fields=["received_at"],
                condition=Q(body__isnull=False),
                name="webhook_body_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Webhook {self.pk}"


class DeadLetter(models.Model):
    """One item of a webhook that could not be processed; the others were."""

    event = models.ForeignKey(WebhookEvent, models.PROTECT, related_name="dead_letters")
    # Its JSON pointer: "/entry/0/changes/0/value/messages/3".
    path = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # An item fails once, however often its event is processed.
            models.UniqueConstraint(
                fields=["event", "path"], name="dead_letter_once_per_item"
            )
        ]

    def __str__(self) -> str:
        return f"{self.path} of webhook {self.event_id}"


class RealtimeEvent(models.Model):
    """The exact bytes of one signed webhook from OpenAI, stored once."""

    # OpenAI's id, the same when it delivers again.
    webhook_id = models.CharField(max_length=255, unique=True)
    # Null after eight days.
    body = models.BinaryField(null=True)
    sha256 = models.BinaryField(max_length=32)
    # Posted with our synthetic mark: serves sandbox people only.
    is_synthetic = models.BooleanField(default=False)
    correlation_id = models.UUIDField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read by retention.
            models.Index(
                fields=["received_at"],
                condition=Q(body__isnull=False),
                name="realtime_event_body_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Realtime webhook {self.pk}"
