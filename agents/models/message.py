from __future__ import annotations

import uuid
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


class OutboundMessage(models.Model):
    """What we send: written with its cause, sent by the job `deliver`."""

    class Kind(models.TextChoices):
        TEXT = "text"
        BUTTONS = "buttons"
        TEMPLATE = "template"

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        # The request left, its answer was lost: wait for a status, then try again.
        UNKNOWN = "unknown"
        SENT = "sent"
        DELIVERED = "delivered"
        READ = "read"
        FAILED = "failed"
        CANCELLED = "cancelled"

    # Travels as biz_opaque_callback_data and comes back on every status.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="outbound"
    )
    turn = models.ForeignKey(
        "agents.Turn", models.PROTECT, null=True, blank=True, related_name="replies"
    )
    # Idempotency: "turn:7", "told:voucher:3:issued", ...
    cause = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.TEXT)
    # Codes stand as "{code:<voucher public id>}" and are filled when sent.
    body = models.TextField(blank=True)
    # Buttons: [{"id", "title"}]; template: {"name", "language", "parameters"}.
    extra = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    provider_id = models.CharField(max_length=256, blank=True)
    provider_id_hmac = models.BinaryField(max_length=32, null=True, unique=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # While a worker is sending; past it, nobody knows whether the person has it.
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    # Its outcome tells whether our number, which was held, may send again.
    is_probe = models.BooleanField(default=False)
    # A try of it had no answer: nobody knows whether she has it already.
    was_in_doubt = models.BooleanField(default=False)
    # The colleague who wrote it; empty when it is the agent's.
    written_by = models.CharField(max_length=150, blank=True)
    # It failed, and somebody decided that it will not be sent again.
    given_up_at = models.DateTimeField(null=True, blank=True)
    pricing = models.JSONField(default=dict, blank=True)
    # The provider's errors as it told them: [{"code", "title"}].
    errors = models.JSONField(default=list, blank=True)
    # Whom the provider reached, by its own names; dropped after eight days.
    recipient = models.JSONField(default=dict, blank=True)
    correlation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    played_at = models.DateTimeField(null=True, blank=True)

    # By the database's clock, where a worker takes it.
    claimed_at: datetime

    class Meta:
        permissions = [
            ("resend_message", "Can send failed messages again, or give them up")
        ]
        indexes = [
            # Read by deliver and the sweep: first in, first out per conversation.
            models.Index(
                fields=["conversation", "id"],
                condition=models.Q(state__in=["queued", "sending", "unknown"]),
                name="outbound_open_idx",
            ),
            # Read by the sweep: what is due.
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state__in=["queued", "sending", "unknown"]),
                name="outbound_due_idx",
            ),
            # Read by the conversation page.
            models.Index(
                fields=["conversation", "created_at"], name="outbound_page_idx"
            ),
            # Both read by retention.
            models.Index(
                fields=["created_at"],
                condition=~models.Q(provider_id=""),
                name="outbound_id_kept_idx",
            ),
            models.Index(
                fields=["created_at"],
                condition=~models.Q(body="") | ~models.Q(extra={}),
                name="outbound_text_kept_idx",
            ),
            # Read by the list of what did not arrive, and by the overview.
            models.Index(
                fields=["created_at"],
                condition=models.Q(state="failed", given_up_at__isnull=True),
                name="outbound_failed_idx",
            ),
            # Read by retention: what was taken, and never arrived.
            models.Index(
                fields=["handed_over_at"],
                condition=models.Q(state="sent"),
                name="outbound_not_arrived_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Outbound message {self.pk}"


class MessageStatus(models.Model):
    """What the provider said about one outbound message; append-only."""

    outbound = models.ForeignKey(
        OutboundMessage, models.PROTECT, null=True, related_name="statuses"
    )
    provider_id_hmac = models.BinaryField(max_length=32)
    status = models.CharField(max_length=16)
    error_code = models.CharField(max_length=40, blank=True)
    pricing = models.JSONField(default=dict, blank=True)
    errors = models.JSONField(default=list, blank=True)
    recipient = models.JSONField(default=dict, blank=True)
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "message statuses"
        constraints = [
            # A repeated webhook adds nothing.
            models.UniqueConstraint(
                fields=["provider_id_hmac", "status"], name="message_status_once"
            )
        ]
        indexes = [
            # Read by retention: statuses of messages that are not ours.
            models.Index(
                fields=["received_at"],
                condition=models.Q(outbound__isnull=True),
                name="message_status_stray_idx",
            ),
            # Read by retention: those that name whom they reached.
            models.Index(
                fields=["received_at"],
                condition=~models.Q(recipient={}),
                name="message_status_named_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.status


class SimulatedDelivery(models.Model):
    """What a sandbox person's telephone shows; sealed, for it may hold a code."""

    outbound = models.OneToOneField(
        OutboundMessage, models.PROTECT, related_name="simulated"
    )
    body_sealed = models.BinaryField()
    delivered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "simulated deliveries"
        indexes = [
            # Read by retention.
            models.Index(fields=["delivered_at"], name="simulated_kept_idx")
        ]

    def __str__(self) -> str:
        return f"Simulated delivery {self.pk}"
