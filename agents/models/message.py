from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime


class SeenMessage(models.Model):
    """A provider's message id that was handled: once, for ever."""

    # HMAC of the raw id, which decodes to the sender's number.
    id_hmac = models.BinaryField(max_length=32, primary_key=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return bytes(self.id_hmac).hex()[:12]


class Message(models.Model):
    """What a person sent us."""

    class State(models.TextChoices):
        WAITING = "waiting"
        CLAIMED = "claimed", "in a turn"
        DONE = "done"
        # The feature was off for this person.
        UNANSWERED = "unanswered"
        # A colleague has the word: it is hers or his to answer.
        HANDED = "handed", "for a colleague"
        # More than 30 were waiting; stored, not read.
        FLOODED = "flooded"
        # The person is blocked; stored, never answered.
        BLOCKED = "blocked"
        # Older than 24 hours on arrival.
        LATE = "late"
        # Reactions, stickers and the like: never a turn.
        SILENT = "silent"

    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="messages"
    )
    # HMAC of the provider's id; ties the message to its SeenMessage and its statuses.
    provider_id_hmac = models.BinaryField(max_length=32, unique=True)
    # Dropped after eight days: needed for read receipts and typing only.
    provider_id = models.CharField(max_length=256, blank=True)
    event = models.ForeignKey(
        "agents.WebhookEvent", models.PROTECT, null=True, related_name="messages"
    )
    # Meta's type: text, interactive, button, image, ...
    kind = models.CharField(max_length=24)
    # Sanitised; voucher codes replaced by "[code 1]", "[code 2]", ...
    text = models.TextField(blank=True)
    # Sealed JSON list of the codes taken out of the text; dropped with its turn.
    codes_sealed = models.BinaryField(null=True)
    # The pressed button's id, and its title in `text`.
    button_id = models.CharField(max_length=256, blank=True)
    # What else it says, bounded and clean: place, card, order, form, referral, ...
    detail = models.JSONField(default=dict, blank=True)
    # The words are what a transcriber heard: they are never the person's own text.
    is_spoken = models.BooleanField(default=False)
    # The provider's word on why something of it is missing (131000, 131051, 131052).
    error_code = models.CharField(max_length=40, blank=True)
    # The message that this one changes or takes back.
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
    # By the database's clock, where a turn looked whether she has finished.
    looked_at: datetime

    class Meta:
        indexes = [
            # Read by the turn that claims them, and by the sweep.
            models.Index(
                fields=["conversation", "sent_at", "id"],
                condition=models.Q(state="waiting"),
                name="message_waiting_idx",
            ),
            # Read by the conversation page and the model's history.
            models.Index(fields=["conversation", "id"], name="message_history_idx"),
            # Read by the message that its own edit or revoke overtook.
            models.Index(
                fields=["about_hmac"],
                condition=models.Q(about_hmac__isnull=False),
                name="message_about_idx",
            ),
            # All read by retention.
            models.Index(
                fields=["received_at"],
                condition=~models.Q(detail={}),
                name="message_detail_kept_idx",
            ),
            models.Index(
                fields=["received_at"],
                condition=~models.Q(provider_id="")
                | models.Q(codes_sealed__isnull=False),
                name="message_id_kept_idx",
            ),
            models.Index(
                fields=["received_at"],
                condition=~models.Q(text="") | ~models.Q(button_id=""),
                name="message_text_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"
