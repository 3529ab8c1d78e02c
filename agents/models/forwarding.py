from __future__ import annotations

from django.db import models


class ForwardedItem(models.Model):
    """One message or status that is not for the agent, on its way to the other side."""

    class Kind(models.TextChoices):
        MESSAGE = "message"
        STATUS = "status"
        OTHER = "other"

    class Reason(models.TextChoices):
        FEATURE_OFF = "feature_off", "the feature is off for this sender"
        SWITCHED_OFF = "switched_off", "switched off before it was answered"
        UNKNOWN_SENDER = "unknown_sender", "a sender whom the agent does not serve"
        UNKNOWN_NUMBER = "unknown_number", "another number of ours"
        UNKNOWN_OBJECT = "unknown_object", "another kind of account"
        UNKNOWN_FIELD = "unknown_field", "another field"
        NOT_OURS = "not_ours", "the status of a message that the agent did not send"
        UNREADABLE = "unreadable", "no message that the agent can read"

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        # A status that turned out to be about a message of ours.
        OURS = "ours"
        # The other side did not take it for as long as we may keep it.
        EXPIRED = "expired"

    # Whose it is: order is kept among the items of a lane.
    lane = models.BinaryField(max_length=32)
    # What it is: it is sent on once, however often it came.
    key = models.BinaryField(max_length=32, unique=True)
    event = models.ForeignKey(
        "agents.WebhookEvent", models.PROTECT, related_name="forwarded"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=16, choices=Reason)
    # The item with what its envelope says of it; null after eight days.
    content = models.BinaryField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    # The ids that a status of ours would be found by; it may yet be claimed until then.
    status_hmac = models.BinaryField(max_length=32, null=True)
    held_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("resend_forwarded", "Can send on again what was sent on")]
        constraints = [
            # What was sent says when; nothing else does.
            models.CheckConstraint(
                condition=models.Q(state="sent", sent_at__isnull=False)
                | (~models.Q(state="sent") & models.Q(sent_at__isnull=True)),
                name="forwarded_sent_at_matches_state",
            ),
        ]
        indexes = [
            # Read by the lane that sends its items in order.
            models.Index(
                fields=["lane", "event", "id"],
                condition=models.Q(state="queued"),
                name="forwarded_queued_idx",
            ),
            # Read by metrics and the overview: how many wait, and since when.
            models.Index(
                fields=["created_at"],
                condition=models.Q(state="queued"),
                name="forwarded_oldest_idx",
            ),
            # Read by the purge.
            models.Index(
                fields=["created_at"],
                condition=models.Q(content__isnull=False),
                name="forwarded_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk} sent on"


class ForwardLane(models.Model):
    """A sender with items to send on: one request at a time, so that order is kept."""

    lane = models.BinaryField(max_length=32, primary_key=True)
    next_attempt_at = models.DateTimeField()
    # While a worker sends for it; past it, another one takes it up.
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    # In a row, without success.
    attempts = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # Read by the forwarder: who is due, whoever has failed least first.
            models.Index(fields=["next_attempt_at"], name="forward_lane_due_idx")
        ]

    def __str__(self) -> str:
        return f"Forward lane {bytes(self.lane).hex()[:12]}"


class ForwardTarget(models.Model):
    """How the other side is doing: one row."""

    # Nothing is sent until then: it failed for one sender after the other.
    held_until = models.DateTimeField(null=True, blank=True)
    # In a row, of different senders.
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    failed_lane = models.BinaryField(max_length=32, null=True)
    error_code = models.CharField(max_length=40, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # Bodies of ours that came back to us.
    loops = models.PositiveIntegerField(default=0)
    looped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="forward_target_one")
        ]

    def __str__(self) -> str:
        return "The previous workflow"


class ForwardedBody(models.Model):
    """The digest of a body of ours: were it to come back, it is dropped."""

    sha256 = models.BinaryField(max_length=32, primary_key=True)
    sent_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return bytes(self.sha256).hex()[:12]
