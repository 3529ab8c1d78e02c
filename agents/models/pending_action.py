from __future__ import annotations

import uuid

from django.db import models


class PendingAction(models.Model):
    """An exact operation that waits for its person's button."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        CONFIRMED = "confirmed"
        DECLINED = "declined"
        EXPIRED = "expired"
        # A newer question took its place.
        REPLACED = "replaced"

    # The button's id is "confirm:<public id>" or "decline:<public id>".
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="pending_actions"
    )
    profile = models.ForeignKey("vouchers.Profile", models.PROTECT)
    tool_call = models.OneToOneField(
        "agents.ToolCall", models.PROTECT, related_name="pending_action"
    )
    # The tool's name and its exact, resolved arguments (a code only sealed).
    operation = models.CharField(max_length=64)
    arguments = models.JSONField()
    arguments_sha256 = models.BinaryField(max_length=32)
    code_sealed = models.BinaryField(null=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Who was asked two things at once cannot know which "yes" is meant.
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(status="waiting"),
                name="pending_action_one_waiting",
            ),
            # A decided action says when.
            models.CheckConstraint(
                condition=models.Q(status="waiting", decided_at__isnull=True)
                | (~models.Q(status="waiting") & models.Q(decided_at__isnull=False)),
                name="pending_action_decided_at_matches_status",
            ),
        ]
        indexes = [
            # Both read by retention.
            models.Index(
                fields=["created_at"],
                condition=~models.Q(arguments={}),
                name="pending_action_kept_idx",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(code_sealed__isnull=False),
                name="pending_action_code_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} waiting for a button"
