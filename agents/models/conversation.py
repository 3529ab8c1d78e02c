from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime


class Conversation(models.Model):
    """All that one person and one business number say to each other."""

    class Channel(models.TextChoices):
        WHATSAPP = "whatsapp", "WhatsApp"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="conversations"
    )
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.WHATSAPP)
    phone_number_id = models.CharField(max_length=32)
    is_synthetic = models.BooleanField(default=False)
    # The last language the person clearly wrote in; it comes before the profile's own.
    language = models.CharField(max_length=2, blank=True)
    # What the offline model asked for last, so that a bare answer is understood.
    memory = models.JSONField(default=dict, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    # Free text may be sent until then (24 hours after the person's last message).
    window_closes_at = models.DateTimeField(null=True, blank=True)
    # A colleague took over: the agent keeps silent, and goes on by itself after a while.
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    # The person said STOP: nothing unasked until she says START (see ConsentEvent).
    stopped_at = models.DateTimeField(null=True, blank=True)
    flood_notice_at = models.DateTimeField(null=True, blank=True)
    # She was told that we cannot read such a message.
    hint_at = models.DateTimeField(null=True, blank=True)
    # Her WhatsApp user name: for the eye only. It changes hands and proves nothing.
    username = models.CharField(max_length=64, blank=True)
    # She was told that today's budget is used up.
    budget_notice_at = models.DateTimeField(null=True, blank=True)
    # She was asked whether we could help.
    satisfaction_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # By the database's clock, which is the same for all workers: see `lock_conversation`.
    locked_at: datetime

    class Meta:
        permissions = [
            ("use_simulator", "Can write as sandbox people"),
            ("answer_person", "Can answer people, and pause the agent for them"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "channel", "phone_number_id"],
                name="conversation_once_per_person_and_number",
            ),
            # What does not rest has no end of its rest.
            models.CheckConstraint(
                condition=models.Q(paused_at__isnull=False)
                | models.Q(paused_until__isnull=True),
                name="conversation_paused_until_needs_pause",
            ),
        ]
        indexes = [
            # Read by the sweep: whose pause is over.
            models.Index(
                fields=["paused_until"],
                condition=models.Q(paused_until__isnull=False),
                name="conversation_paused_idx",
            )
        ]

    def __str__(self) -> str:
        return f"Conversation {self.pk}"

    def is_paused(self, now: datetime) -> bool:
        """Tell whether a colleague has the word."""
        if self.paused_at is None:
            return False
        return self.paused_until is None or self.paused_until > now


class HandOff(models.Model):
    """Something that waits for a person of ours."""

    class Kind(models.TextChoices):
        ASKED = "asked", "asked for a person"
        IDENTITY = "identity", "identity conflict"
        FAILED_TURN = "failed_turn", "the agent failed"
        KEY_REUSED = "key_reused", "an operation changed its arguments"
        LATE = "late", "message older than a day"
        UNDELIVERED = "undelivered", "a message did not reach her"
        CAPPED = "capped", "a conversation reached its cap of cost"

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
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)
    resolution = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [("close_handoff", "Can close what waits for a person")]
        constraints = [
            # The same trouble of one person is one entry in the list.
            models.UniqueConstraint(
                fields=["profile", "kind"],
                condition=models.Q(closed_at__isnull=True),
                name="hand_off_one_open_per_kind",
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class ColleagueAct(models.Model):
    """What one of us did in a conversation: who, when, why.

    Append-only; the reason may be forgotten with the person it is about, never
    reworded (`agents_act_fixed`).
    """

    class Kind(models.TextChoices):
        PAUSED = "paused", "took the conversation over"
        RESUMED = "resumed", "gave the conversation back to the agent"
        ANSWERED = "answered", "answered"
        SENT_AGAIN = "sent_again", "sent a message again"
        GAVE_UP = "gave_up", "gave a message up"

    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="acts"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    # A login's name, or "system" where a pause ended by itself.
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    # The message that was written, sent again or given up.
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
