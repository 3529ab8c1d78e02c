from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from datetime import datetime


class SeenMessage(models.Model):
    """The id of a processed message, to refuse repeats; kept longer than the message."""

    # HMAC: the raw id decodes to the sender's number.
    id_hmac = models.BinaryField(max_length=32, primary_key=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read by retention; the keys have no order.
            models.Index(fields=["seen_at"], name="seen_message_age_idx")
        ]

    def __str__(self) -> str:
        return bytes(self.id_hmac).hex()[:12]


class Message(models.Model):
    """A message from a customer."""

    class State(models.TextChoices):
        WAITING = "waiting"
        CLAIMED = "claimed", "in a turn"
        DONE = "done"
        # The feature was off for the customer.
        UNANSWERED = "unanswered"
        # A colleague has taken the conversation over and answers it.
        HANDED = "handed", "for a colleague"
        # More than 30 were waiting; stored, not answered.
        FLOODED = "flooded"
        # The customer is blocked; stored, never answered.
        BLOCKED = "blocked"
        # Older than 24 hours on arrival.
        LATE = "late"
        # Reactions, stickers and the like: never a turn.
        SILENT = "silent"

    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="messages"
    )
    # Equal to the key of its SeenMessage.
    provider_id_hmac = models.BinaryField(max_length=32, unique=True)
    # For read receipts and typing indicators; dropped after eight days.
    provider_id = models.CharField(max_length=256, blank=True)
    event = models.ForeignKey(
        "agents.WebhookEvent", models.PROTECT, null=True, related_name="messages"
    )
    # Meta's type: text, interactive, button, image, ...
    kind = models.CharField(max_length=24)
    # Sanitised; voucher codes replaced by "[code 1]", "[code 2]", ...
    text = models.TextField(blank=True)
    # Sealed JSON list of the redacted codes; dropped when its turn ends.
    codes_sealed = models.BinaryField(null=True)
    # The pressed button's id, and its title in `text`.
    button_id = models.CharField(max_length=256, blank=True)
    # Other content, bounded and sanitised: location, contacts, order, referral, ...
    detail = models.JSONField(default=dict, blank=True)
    # The text is a transcript; it never counts as a typed request.
    is_spoken = models.BooleanField(default=False)
    # The provider's reason for missing content (131000, 131051, 131052).
    error_code = models.CharField(max_length=40, blank=True)
    # The message that this one edits or revokes.
    about_hmac = models.BinaryField(max_length=32, null=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    turn = models.ForeignKey(
        "agents.Turn", models.PROTECT, null=True, blank=True, related_name="messages"
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # The provider's clock, never later than ours.
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    # Set by the turn's query from the database's clock.
    looked_at: datetime

    class Meta:
        indexes = [
            # Read by the turn that claims them, and by the sweep.
            models.Index(
                fields=["conversation", "sent_at", "id"],
                condition=Q(state="waiting"),
                name="message_waiting_idx",
            ),
            # Read by the conversation page and the model's history.
            models.Index(fields=["conversation", "id"], name="message_history_idx"),
            # Read when a message arrives after its own edit or revocation.
            models.Index(
                fields=["about_hmac"],
                condition=Q(about_hmac__isnull=False),
                name="message_about_idx",
            ),
            # All read by retention.
            models.Index(
                fields=["received_at"],
                condition=~Q(detail={}),
                name="message_detail_kept_idx",
            ),
            models.Index(
                fields=["received_at"],
                condition=~Q(provider_id="") | Q(codes_sealed__isnull=False),
                name="message_id_kept_idx",
            ),
            models.Index(
                fields=["received_at"],
                condition=~Q(text="") | ~Q(button_id=""),
                name="message_text_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"
