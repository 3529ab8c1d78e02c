from __future__ import annotations

from django.db import models
from django.db.models import Q


class ForwardedItem(models.Model):
    """One message or status to be forwarded to the previous workflow."""

    class Kind(models.TextChoices):
        MESSAGE = "message"
        STATUS = "status"
        OTHER = "other"

    class Reason(models.TextChoices):
        FEATURE_OFF = "feature_off", "the feature is off for this sender"
        SWITCHED_OFF = "switched_off", "switched off before it was answered"
        UNKNOWN_SENDER = "unknown_sender", "a sender that the agent does not serve"
        UNKNOWN_NUMBER = "unknown_number", "another of our numbers"
        UNKNOWN_OBJECT = "unknown_object", "another kind of account"
        UNKNOWN_FIELD = "unknown_field", "another field"
        NOT_OURS = "not_ours", "the status of a message that the agent did not send"
        UNREADABLE = "unreadable", "no message that the agent can read"

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        # The status turned out to be about our own message.
        OURS = "ours"
        # Not accepted by the previous workflow within the retention period.
        EXPIRED = "expired"

    # HMAC of the sender: the items of one sender are sent in order.
    lane = models.BinaryField(max_length=32)
    # Digest of the item: it is forwarded once, however often it arrives.
    key = models.BinaryField(max_length=32, unique=True)
    event = models.ForeignKey(
        "agents.WebhookEvent", models.PROTECT, related_name="forwarded"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=16, choices=Reason)
    # The item with the fields of its envelope; null after eight days.
    content = models.BinaryField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    # The provider id of a status. Until `held_until` it may prove to be about our own
    # message, whose id is not stored yet.
    status_hmac = models.BinaryField(max_length=32, null=True)
    held_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("resend_forwarded", "Can forward items again")]
        constraints = [
            # Exactly the sent items have a time of sending.
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="forwarded_sent_at_matches_state",
            ),
        ]
        indexes = [
            # Read by the sending of one lane, in order.
            models.Index(
                fields=["lane", "event", "id"],
                condition=Q(state="queued"),
                name="forwarded_queued_idx",
            ),
            # Read by metrics and the overview: queue length and age.
            models.Index(
                fields=["created_at"],
                condition=Q(state="queued"),
                name="forwarded_oldest_idx",
            ),
            # Read by retention.
            models.Index(
                fields=["created_at"],
                condition=Q(content__isnull=False),
                name="forwarded_kept_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Forwarded {self.kind} {self.pk}"


class ForwardLane(models.Model):
    """A sender with queued items: one request at a time keeps their order."""

    lane = models.BinaryField(max_length=32, primary_key=True)
    next_attempt_at = models.DateTimeField()
    # Held by the sending worker; after expiry another worker may take it.
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    # Consecutive failures.
    attempts = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # Read by the forwarding job: the lanes that are due.
            models.Index(fields=["next_attempt_at"], name="forward_lane_due_idx")
        ]

    def __str__(self) -> str:
        return f"Forward lane {bytes(self.lane).hex()[:12]}"


class ForwardTarget(models.Model):
    """The state of the previous workflow's endpoint: one row."""

    # Nothing is sent until then, after failures for several senders.
    held_until = models.DateTimeField(null=True, blank=True)
    # Consecutive failures of different senders.
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    failed_lane = models.BinaryField(max_length=32, null=True)
    error_code = models.CharField(max_length=40, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # Forwarded bodies that came back to us.
    loops = models.PositiveIntegerField(default=0)
    looped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # There is one endpoint, so one row.
            models.CheckConstraint(condition=Q(pk=1), name="forward_target_one")
        ]

    def __str__(self) -> str:
        return "The previous workflow"


class ForwardedBody(models.Model):
    """The digest of a forwarded body: when it comes back, it is dropped."""

    sha256 = models.BinaryField(max_length=32, primary_key=True)
    sent_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return bytes(self.sha256).hex()[:12]
