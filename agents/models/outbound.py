from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from datetime import datetime


class SendingLine(models.Model):
    """The circuit breaker of a number or the account; no row: it never had an error.

    Slowed down: nothing is sent before `held_until`. Open: messages stay queued, and
    after `held_until` one message at a time is sent as a probe.
    """

    # The key of the row that holds every number of the account.
    ACCOUNT = "account"

    phone_number_id = models.CharField(max_length=32, primary_key=True)
    held_until = models.DateTimeField()
    # The provider's error code and the consecutive holds; zero: sending.
    error_code = models.CharField(max_length=40)
    holds = models.PositiveIntegerField(default=1)
    since = models.DateTimeField(auto_now_add=True)
    is_open = models.BooleanField(default=False)
    # The refusal came as a status, after the message was accepted: then only a status
    # can close the circuit.
    is_by_status = models.BooleanField(default=False)
    # The message that tests the number, and the lease of that test.
    probe_id = models.BigIntegerField(null=True, blank=True)
    probe_expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # A colleague's user name, or the successful probe.
    closed_by = models.CharField(max_length=150, blank=True)
    close_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [
            ("close_circuit", "Can close the circuit breaker of a number"),
        ]
        constraints = [
            # An open circuit has at least one hold.
            models.CheckConstraint(
                condition=Q(is_open=False) | Q(holds__gt=0),
                name="sending_line_open_has_holds",
            ),
            # A probe has an expiry, and only an open circuit has a probe.
            models.CheckConstraint(
                condition=Q(probe_id__isnull=True, probe_expires_at__isnull=True)
                | Q(
                    probe_id__isnull=False,
                    probe_expires_at__isnull=False,
                    is_open=True,
                ),
                name="sending_line_probe_of_open",
            ),
        ]

    def __str__(self) -> str:
        if self.phone_number_id == self.ACCOUNT:
            return "WhatsApp account"
        return f"Sending number {self.phone_number_id}"


class SendingRate(models.Model):
    """A token bucket shared by all workers: the time at which it is full again."""

    # "pair:<conversation>" or "line:<phone number id>".
    key = models.CharField(max_length=48, primary_key=True)
    # Not indexed: each message changes it (HOT), and retention deletes full buckets
    # each hour.
    full_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class CarriedCode(models.Model):
    """A voucher whose code an outbound message carries until it is delivered."""

    outbound = models.ForeignKey(
        "agents.OutboundMessage", models.CASCADE, related_name="carried_codes"
    )
    # The voucher's public id, as in the placeholder of the body.
    voucher_id = models.UUIDField()

    class Meta:
        constraints = [
            # A message carries a voucher's code once.
            models.UniqueConstraint(
                fields=["outbound", "voucher_id"], name="carried_code_once"
            )
        ]
        indexes = [
            # Read on delivery: does another message still need the code?
            models.Index(fields=["voucher_id"], name="carried_code_voucher_idx")
        ]

    def __str__(self) -> str:
        return f"Code in outbound message {self.outbound_id}"


class Announcement(models.Model):
    """A voucher event that was processed for notification, once."""

    class Outcome(models.TextChoices):
        TOLD = "told"
        # The window is closed and there is no template: the issuer was told.
        UNREACHABLE = "unreachable"
        NOT_NEEDED = "not_needed"

    # The voucher event's id; no foreign key into the other app's history.
    event_id = models.BigIntegerField(primary_key=True)
    outcome = models.CharField(max_length=11, choices=Outcome)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Announcement of event {self.event_id}"


class OutboundMessage(models.Model):
    """A message to a customer: stored with its cause, sent by the job `deliver`."""

    class Kind(models.TextChoices):
        TEXT = "text"
        BUTTONS = "buttons"
        TEMPLATE = "template"
        # A voucher's code as a QR image, with the text below it.
        IMAGE = "image"

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        # The request was sent and its answer lost: wait for a status, then try again.
        UNKNOWN = "unknown"
        SENT = "sent"
        DELIVERED = "delivered"
        READ = "read"
        FAILED = "failed"
        CANCELLED = "cancelled"

    # Sent as biz_opaque_callback_data and returned with every status.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="outbound"
    )
    turn = models.ForeignKey(
        "agents.Turn", models.PROTECT, null=True, blank=True, related_name="replies"
    )
    # Idempotency key: "turn:7", "told:voucher:3:issued", ...
    cause = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.TEXT)
    # Codes are placeholders "{code:<voucher public id>}", filled in when sent.
    body = models.TextField(blank=True)
    # Buttons: [{"id", "title"}]; template: {"name", "language", "parameters"}.
    extra = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    provider_id = models.CharField(max_length=256, blank=True)
    provider_id_hmac = models.BinaryField(max_length=32, null=True, unique=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # Held by the sending worker; after expiry the outcome is unknown.
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    # Its outcome decides whether the circuit of its sender closes.
    is_probe = models.BooleanField(default=False)
    # How often a refusal of this message held its sender.
    sender_holds = models.PositiveSmallIntegerField(default=0, db_default=0)
    # An attempt had no answer: the customer may have received it already.
    was_in_doubt = models.BooleanField(default=False)
    # The colleague who wrote it; empty for the agent.
    written_by = models.CharField(max_length=150, blank=True)
    # When a colleague decided not to send a failed message again.
    given_up_at = models.DateTimeField(null=True, blank=True)
    pricing = models.JSONField(default=dict, blank=True)
    # The provider's errors: [{"code", "title"}].
    errors = models.JSONField(default=list, blank=True)
    # The recipient's ids from the provider; dropped after eight days.
    recipient = models.JSONField(default=dict, blank=True)
    correlation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    played_at = models.DateTimeField(null=True, blank=True)

    # Set by the claiming statement from the database's clock.
    claimed_at: datetime
    # Set when the message becomes the probe: the error code of its sender.
    sender_trouble: str = ""

    class Meta:
        permissions = [
            ("resend_message", "Can resend failed messages or give up on them")
        ]
        indexes = [
            # Read by deliver and the sweep: in order within a conversation.
            models.Index(
                fields=["conversation", "id"],
                condition=Q(state__in=["queued", "sending", "unknown"]),
                name="outbound_open_idx",
            ),
            # Read by the sweep: messages that are due.
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["queued", "sending", "unknown"]),
                name="outbound_due_idx",
            ),
            # Read by the conversation page.
            models.Index(
                fields=["conversation", "created_at"], name="outbound_page_idx"
            ),
            # Both read by retention.
            models.Index(
                fields=["created_at"],
                condition=~Q(provider_id=""),
                name="outbound_id_kept_idx",
            ),
            models.Index(
                fields=["created_at"],
                condition=~Q(body="") | ~Q(extra={}),
                name="outbound_text_kept_idx",
            ),
            # Read by the list of messages with an error.
            models.Index(
                fields=["error_code", "id"],
                condition=~Q(error_code=""),
                name="outbound_error_idx",
            ),
            # Read by the list of undelivered messages and by the overview.
            models.Index(
                fields=["created_at"],
                condition=Q(state="failed", given_up_at__isnull=True),
                name="outbound_failed_idx",
            ),
            # Read by retention: accepted and never delivered.
            models.Index(
                fields=["handed_over_at"],
                condition=Q(state="sent"),
                name="outbound_not_arrived_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Outbound message {self.pk}"


class MessageStatus(models.Model):
    """A delivery status of an outbound message; append-only."""

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
            # A repeated webhook adds no row.
            models.UniqueConstraint(
                fields=["provider_id_hmac", "status"], name="message_status_once"
            )
        ]
        indexes = [
            # Read by retention: statuses of unknown messages.
            models.Index(
                fields=["received_at"],
                condition=Q(outbound__isnull=True),
                name="message_status_stray_idx",
            ),
            # Read by retention: statuses that name a recipient.
            models.Index(
                fields=["received_at"],
                condition=~Q(recipient={}),
                name="message_status_named_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.status


class SimulatedDelivery(models.Model):
    """A message as a sandbox customer reads it; sealed, for it may hold a code."""

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
