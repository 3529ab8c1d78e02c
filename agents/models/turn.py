from __future__ import annotations

import uuid

from django.db import models


class Turn(models.Model):
    """One answer of the agent, from the messages it claimed to the reply."""

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        # The worker died and another one took the messages up again.
        ABANDONED = "abandoned"

    conversation = models.ForeignKey(
        "agents.Conversation", models.PROTECT, related_name="turns"
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.RUNNING)
    # Renewed every 5 seconds by the worker that holds `lease_token`.
    lease_token = models.UUIDField()
    lease_expires_at = models.DateTimeField()
    # How often a worker took this turn up; more than one means it was resumed.
    attempts = models.PositiveSmallIntegerField(default=1)
    correlation_id = models.UUIDField()
    # What rollout said was on for this person, and at which version of the flags.
    exposure = models.JSONField(default=dict)
    model = models.CharField(max_length=80, blank=True)
    model_calls = models.PositiveSmallIntegerField(default=0)
    # What the model was shown and answered after the history; codes taken out.
    items = models.JSONField(default=list)
    input_tokens = models.PositiveIntegerField(default=0)
    cached_input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    # US dollars; null when the model's price is not known (never zero by mistake).
    cost = models.DecimalField(max_digits=12, decimal_places=8, null=True, blank=True)
    price_version = models.CharField(max_length=40, blank=True)
    # reply, receipt, confirm, hand_off, capped, silent, apology
    outcome = models.CharField(max_length=16, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    # When the person was shown that we read and write: once, whoever resumes the turn.
    typing_shown_at = models.DateTimeField(null=True, blank=True)
    # The end of the quiet time: latency is counted from here.
    input_ended_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # It is counted in an observation, or found to have nothing to count.
    observed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            # A person is answered by one turn at a time.
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(status="running"),
                name="turn_one_running_per_conversation",
            ),
            # A turn that ended says when; a running one does not.
            models.CheckConstraint(
                condition=models.Q(status="running", finished_at__isnull=True)
                | (~models.Q(status="running") & models.Q(finished_at__isnull=False)),
                name="turn_finished_at_matches_status",
            ),
        ]
        indexes = [
            # Read by the sweep: running turns whose worker is gone.
            models.Index(
                fields=["lease_expires_at"],
                condition=models.Q(status="running"),
                name="turn_lease_idx",
            ),
            # Read by the budgets: what a person and everybody spent lately.
            models.Index(fields=["started_at"], name="turn_started_idx"),
            # Read by the observer: what is not counted yet, person by person.
            models.Index(
                fields=["conversation", "finished_at"],
                condition=models.Q(observed_at__isnull=True),
                name="turn_unobserved_idx",
            ),
            # Read by retention.
            models.Index(
                fields=["started_at"],
                condition=~models.Q(items=[]),
                name="turn_items_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Turn {self.pk}"


class ToolCall(models.Model):
    """One call of the model for a tool: the row comes first, the effect with it."""

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
    # What the model was told; never a voucher code in it.
    result = models.JSONField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["turn", "ordinal"], name="tool_call_once_per_ordinal"
            ),
            # At most one writing call succeeds in a turn.
            models.UniqueConstraint(
                fields=["turn"],
                condition=models.Q(is_write=True, status="succeeded"),
                name="tool_call_one_write_per_turn",
            ),
        ]
        indexes = [
            # Read by retention.
            models.Index(
                fields=["started_at"],
                condition=~models.Q(arguments={}) | models.Q(result__isnull=False),
                name="tool_call_kept_idx",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of turn {self.turn_id}"


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
