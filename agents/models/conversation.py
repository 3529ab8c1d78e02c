from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from vouchers.models import Profile

if TYPE_CHECKING:
    from datetime import datetime


class Conversation(models.Model):
    """The messages between one person and one business number, or one phone call."""

    class Channel(models.TextChoices):
        WHATSAPP = "whatsapp", "WhatsApp"
        # Each call has a conversation of its own.
        VOICE = "voice", "phone"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="conversations"
    )
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.WHATSAPP)
    phone_number_id = models.CharField(max_length=32)
    is_synthetic = models.BooleanField(default=False)
    # The language of their messages; it takes precedence over the profile's.
    language = models.CharField(max_length=2, choices=Profile.Language, blank=True)
    # What the offline model asked last, to understand a short answer.
    memory = models.JSONField(default=dict, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    # Free text is allowed until then: 24 hours after the last inbound message.
    window_closes_at = models.DateTimeField(null=True, blank=True)
    # A colleague took over: the agent is silent until `paused_until`.
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    # Opted out: no unrequested message until START (see ConsentEvent).
    stopped_at = models.DateTimeField(null=True, blank=True)
    flood_notice_at = models.DateTimeField(null=True, blank=True)
    # When the customer was last told that a message kind is not supported.
    hint_at = models.DateTimeField(null=True, blank=True)
    # The WhatsApp user name, for display only: it can change owner.
    username = models.CharField(max_length=64, blank=True)
    # When the customer was last told that the daily budget is used up.
    budget_notice_at = models.DateTimeField(null=True, blank=True)
    # When the customer was last told that they are in the queue for a colleague.
    queue_notice_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the customer was last asked whether we helped.
    satisfaction_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # Set by `lock_conversation` from the database's clock, the same for all workers.
    locked_at: datetime

    class Meta:
        permissions = [
            ("use_simulator", "Can write as sandbox customers"),
            ("answer_person", "Can answer customers and pause the agent for them"),
        ]
        constraints = [
            # One person has one conversation with each business number.
            models.UniqueConstraint(
                fields=["profile", "channel", "phone_number_id"],
                condition=~Q(channel="voice"),
                name="conversation_once_per_person_and_number",
            ),
            # Only a paused conversation has an end of its pause.
            models.CheckConstraint(
                condition=Q(paused_at__isnull=False) | Q(paused_until__isnull=True),
                name="conversation_paused_until_needs_pause",
            ),
        ]
        indexes = [
            # Read by the sweep, which ends pauses.
            models.Index(
                fields=["paused_until"],
                condition=Q(paused_until__isnull=False),
                name="conversation_paused_idx",
            ),
            # All read by the list of conversations.
            models.Index(
                fields=["id"],
                condition=Q(paused_at__isnull=False),
                name="conversation_colleague_idx",
            ),
            models.Index(
                fields=["id"],
                condition=Q(is_synthetic=True),
                name="conversation_synthetic_idx",
            ),
            models.Index(fields=["language", "id"], name="conversation_language_idx"),
        ]

    def __str__(self) -> str:
        return f"Conversation {self.pk}"

    def is_paused(self, now: datetime) -> bool:
        """Tell whether a colleague has taken the conversation over."""
        if self.paused_at is None:
            return False
        return self.paused_until is None or self.paused_until > now


class HandOff(models.Model):
    """A task that waits for a colleague."""

    class Kind(models.TextChoices):
        ASKED = "asked", "asked for a colleague"
        IDENTITY = "identity", "identity conflict"
        DEVICE = "device", "confirm a colleague's device"
        FAILED_TURN = "failed_turn", "the agent failed"
        KEY_REUSED = "key_reused", "an operation changed its arguments"
        LATE = "late", "message older than a day"
        UNDELIVERED = "undelivered", "a message was not delivered"
        CAPPED = "capped", "a conversation reached its cost limit"
        CALLBACK = "callback", "asked on the phone to be called back"

    kind = models.CharField(max_length=12, choices=Kind)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="hand_offs"
    )
    conversation = models.ForeignKey(
        Conversation, models.PROTECT, null=True, blank=True, related_name="hand_offs"
    )
    # One clear sentence, without personal data.
    reason = models.CharField(max_length=300)
    opened_at = models.DateTimeField(auto_now_add=True)
    # When a colleague took it, and first answered.
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    first_answer_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)
    resolution = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [("close_handoff", "Can close tasks that wait for a colleague")]
        constraints = [
            # One open task of each kind for one person.
            models.UniqueConstraint(
                fields=["profile", "kind"],
                condition=Q(closed_at__isnull=True),
                name="hand_off_one_open_per_kind",
            ),
            # A colleague who answers has taken the task.
            models.CheckConstraint(
                condition=Q(first_answer_at__isnull=True)
                | Q(claimed_at__isnull=False, first_answer_at__gte=F("claimed_at")),
                name="hand_off_answered_after_claim",
            ),
        ]
        indexes = [
            # Read by the list of what waits.
            models.Index(
                fields=["opened_at"],
                condition=Q(closed_at__isnull=True),
                name="hand_off_waiting_idx",
            ),
            # Read by the inbox, filtered by the reason.
            models.Index(
                fields=["kind", "conversation"],
                condition=Q(closed_at__isnull=True),
                name="hand_off_open_kind_idx",
            ),
            # Read by the report of answer times and by the metrics.
            models.Index(
                fields=["first_answer_at"],
                condition=Q(first_answer_at__isnull=False),
                name="hand_off_answered_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class ColleagueAct(models.Model):
    """What a colleague did in a conversation: who, when and why.

    Append-only by trigger; the reason can be blanked by an erasure, not reworded.
    """

    class Kind(models.TextChoices):
        PAUSED = "paused", "took the conversation over"
        RESUMED = "resumed", "gave the conversation back to the agent"
        ANSWERED = "answered", "answered"
        CLAIMED = "claimed", "claimed the conversation"
        RELEASED = "released", "released the conversation"
        NOTED = "noted", "noted"
        SENT_AGAIN = "sent_again", "sent a message again"
        GAVE_UP = "gave_up", "gave up on a message"

    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="acts"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    # A user name, or "system" when a pause ended by itself.
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    # The message that was written, resent or given up.
    outbound = models.ForeignKey(
        "agents.OutboundMessage", models.PROTECT, null=True, related_name="acts"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read by the conversation page.
            models.Index(fields=["conversation", "id"], name="colleague_act_page_idx")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
