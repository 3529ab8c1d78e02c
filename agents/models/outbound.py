from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime


class SendingLine(models.Model):
    """A number of ours that was once kept from sending; no row: it never was.

    Slowed: nothing goes before `held_until`. Stopped: the circuit is open, the queue
    stays, and after `held_until` one message at a time goes out as a probe.
    """

    phone_number_id = models.CharField(max_length=32, primary_key=True)
    held_until = models.DateTimeField()
    # The provider's code, and how often in a row; zero: it sends.
    error_code = models.CharField(max_length=40)
    holds = models.PositiveIntegerField(default=1)
    since = models.DateTimeField(auto_now_add=True)
    is_open = models.BooleanField(default=False)
    # The refusal came as a status, after the message was taken: so must the all-clear.
    is_by_status = models.BooleanField(default=False)
    # The message that tries whether the number may send again, and until when it may.
    probe_id = models.BigIntegerField(null=True, blank=True)
    probe_expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # Who closed it: a colleague, or the probe that got through.
    closed_by = models.CharField(max_length=150, blank=True)
    close_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [
            ("close_circuit", "Can let a stopped number send again"),
        ]
        constraints = [
            # What sends is not stopped.
            models.CheckConstraint(
                condition=models.Q(is_open=False) | models.Q(holds__gt=0),
                name="sending_line_open_has_holds",
            ),
            # A probe has an end, and only a stopped number has a probe.
            models.CheckConstraint(
                condition=models.Q(probe_id__isnull=True, probe_expires_at__isnull=True)
                | models.Q(
                    probe_id__isnull=False,
                    probe_expires_at__isnull=False,
                    is_open=True,
                ),
                name="sending_line_probe_of_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Sending number {self.phone_number_id}"


class SendingRate(models.Model):
    """A token bucket, shared by all workers: the time at which it is full again."""

    # "pair:<conversation>" or "line:<phone number id>".
    key = models.CharField(max_length=48, primary_key=True)
    full_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Read by retention: a full bucket is as good as none.
            models.Index(fields=["full_at"], name="sending_rate_full_idx")
        ]

    def __str__(self) -> str:
        return self.key


class CarriedCode(models.Model):
    """A voucher whose code a message brings; its envelope is kept until then."""

    outbound = models.ForeignKey(
        "agents.OutboundMessage", models.CASCADE, related_name="carried_codes"
    )
    # The voucher's public id, as it stands in the body.
    voucher_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outbound", "voucher_id"], name="carried_code_once"
            )
        ]
        indexes = [
            # Read when a message arrived: does another one still need the code?
            models.Index(fields=["voucher_id"], name="carried_code_voucher_idx")
        ]

    def __str__(self) -> str:
        return f"Code in outbound message {self.outbound_id}"


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
