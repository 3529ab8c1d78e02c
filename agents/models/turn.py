from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext


class Turn(models.Model):
    """One answer of the agent, from the messages it claimed to the reply."""

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        # The worker died and another one claimed the messages again.
        ABANDONED = "abandoned"

    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="turns", db_index=False
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.RUNNING)
    # Renewed every 5 seconds by the worker with this token.
    lease_token = models.UUIDField()
    lease_expires_at = models.DateTimeField()
    # How many workers ran it; more than one means that it was resumed.
    attempts = models.PositiveSmallIntegerField(default=1)
    correlation_id = models.UUIDField()
    # The features that were on for this customer, and the epoch of the flags.
    exposure = models.JSONField(default=dict)
    # The version of the operator's content; null for the built-in one, and for a draft.
    # No foreign key: versions are never deleted, and each turn would lock their row.
    content_version = models.PositiveIntegerField(null=True, blank=True)
    # In the simulator: which edit of the draft was tried.
    content_draft = models.PositiveIntegerField(null=True, blank=True)
    model = models.CharField(max_length=80, blank=True)
    model_calls = models.PositiveSmallIntegerField(default=0)
    # The model's input and output after the history, with codes redacted.
    items = models.JSONField(default=list)
    input_tokens = models.PositiveIntegerField(default=0)
    cached_input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    # US dollars; null when the model's price is not known.
    cost = models.DecimalField(max_digits=12, decimal_places=8, null=True, blank=True)
    price_version = models.CharField(max_length=40, blank=True)
    # reply, receipt, confirm, hand_off, queued, capped, silent, apology
    outcome = models.CharField(max_length=16, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    # When the typing indicator was sent: once, also when the turn is resumed.
    typing_shown_at = models.DateTimeField(null=True, blank=True)
    # The end of the quiet time: latency is counted from here.
    input_ended_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # When it was counted in an observation, or found to have nothing to count.
    observed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            # A conversation has one running turn.
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status="running"),
                name="turn_one_running_per_conversation",
            ),
            # Exactly the ended turns have a time of their end.
            models.CheckConstraint(
                condition=Q(status="running", finished_at__isnull=True)
                | (~Q(status="running") & Q(finished_at__isnull=False)),
                name="turn_finished_at_matches_status",
            ),
            # A turn uses a published version or a draft.
            models.CheckConstraint(
                condition=Q(content_version__isnull=True)
                | Q(content_draft__isnull=True),
                name="turn_has_one_content",
            ),
        ]
        indexes = [
            # Read by the sweep: running turns. Without the lease's end, so that its
            # renewal changes no index (HOT).
            models.Index(
                fields=["id"],
                condition=Q(status="running"),
                name="turn_running_idx",
            ),
            # Read by the pages of conversations: the newest turns of each.
            models.Index(fields=["conversation", "id"], name="turn_page_idx"),
            # Read by the budgets: recent costs of one customer and of all.
            models.Index(fields=["started_at"], name="turn_started_idx"),
            # Read by the recording of outcomes: turns not yet counted.
            models.Index(
                fields=["conversation", "finished_at"],
                condition=Q(observed_at__isnull=True),
                name="turn_unobserved_idx",
            ),
            # Read by retention.
            models.Index(
                fields=["started_at"],
                condition=~Q(items=[]),
                name="turn_items_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Turn {self.pk}"

    @property
    def content_used(self) -> str:
        """Return which of the operators' texts the answer was made with."""
        if self.content_draft is not None:
            return gettext("draft, edit {number}").format(number=self.content_draft)
        if self.content_version is not None:
            return gettext("version {number}").format(number=self.content_version)
        return gettext("built-in")


class ToolCall(models.Model):
    """A tool call of the model: stored before its effect, completed with it."""

    class Status(models.TextChoices):
        STARTED = "started"
        SUCCEEDED = "succeeded"
        REFUSED = "refused"
        FAILED = "failed"

    turn = models.ForeignKey(Turn, models.PROTECT, related_name="tool_calls")
    # The key of a write is (turn, ordinal).
    ordinal = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=64)
    provider_call_id = models.CharField(max_length=120, blank=True)
    arguments = models.JSONField(default=dict)
    is_write = models.BooleanField(default=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.STARTED)
    # The refusal's code, when refused or failed.
    code = models.CharField(max_length=40, blank=True)
    # The result as the model reads it, without voucher codes.
    result = models.JSONField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # The idempotency key of a tool call is used once.
            models.UniqueConstraint(
                fields=["turn", "ordinal"], name="tool_call_once_per_ordinal"
            ),
            # At most one write succeeds in a turn.
            models.UniqueConstraint(
                fields=["turn"],
                condition=Q(is_write=True, status="succeeded"),
                name="tool_call_one_write_per_turn",
            ),
        ]
        indexes = [
            # Read by retention.
            models.Index(
                fields=["started_at"],
                condition=~Q(arguments={}) | Q(result__isnull=False),
                name="tool_call_kept_idx",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of turn {self.turn_id}"


class PendingAction(models.Model):
    """An exact operation that waits for the customer's button."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        CONFIRMED = "confirmed"
        DECLINED = "declined"
        EXPIRED = "expired"
        # Replaced by a newer question.
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
    # The tool and its exact, resolved arguments; a code only sealed.
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
            # With two open questions a "yes" would be ambiguous.
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status="waiting"),
                name="pending_action_one_waiting",
            ),
            # Exactly the decided actions have a time of decision.
            models.CheckConstraint(
                condition=Q(status="waiting", decided_at__isnull=True)
                | (~Q(status="waiting") & Q(decided_at__isnull=False)),
                name="pending_action_decided_at_matches_status",
            ),
        ]
        indexes = [
            # Both read by retention.
            models.Index(
                fields=["created_at"],
                condition=~Q(arguments={}),
                name="pending_action_kept_idx",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(code_sealed__isnull=False),
                name="pending_action_code_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} waiting for a button"
