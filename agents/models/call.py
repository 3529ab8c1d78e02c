from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class Call(models.Model):
    """One phone call, from its webhook to its end."""

    class State(models.TextChoices):
        # The webhook is stored; nothing is decided.
        RINGING = "ringing"
        # One worker has the lease and asks the provider for it.
        ACCEPTING = "accepting"
        REJECTING = "rejecting"
        # The provider accepted; the sideband is not attached yet.
        ACCEPTED = "accepted"
        ATTACHED = "attached"
        REJECTED = "rejected"
        ENDED = "ended"

    class Outcome(models.TextChoices):
        DONE = "done"
        FAILED = "failed"
        HANDED_OVER = "handed_over", "handed over"
        # It reached the cost limit.
        CAPPED = "capped"

    # Names the call in buttons and addresses.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The provider's id ("rtc_..."), used unchanged.
    call_id = models.CharField(max_length=255, unique=True)
    event = models.OneToOneField(
        "agents.RealtimeEvent", models.PROTECT, related_name="call"
    )
    correlation_id = models.UUIDField()
    # Came with our synthetic mark: serves sandbox people only.
    is_synthetic = models.BooleanField(default=False)
    # The number that the trunk reported proves nothing. Stored as a keyed digest (null
    # when it is withheld) and masked.
    caller_hmac = models.BinaryField(max_length=32, null=True)
    caller_masked = models.CharField(max_length=20, blank=True)
    # The person whose number is calling; null until the decision.
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, null=True, related_name="calls"
    )
    # Its turns and tool calls.
    conversation = models.OneToOneField(
        "agents.Conversation", models.PROTECT, null=True, related_name="call"
    )
    # The language that is spoken now.
    language = models.CharField(max_length=2, blank=True)

    state = models.CharField(max_length=9, choices=State, default=State.RINGING)
    # Why it was rejected or how it ended: one code of `agents.calls.reasons`.
    reason = models.CharField(max_length=40, blank=True)
    # 503: the trunk tries its second destination; 603: it does not.
    reject_status = models.PositiveSmallIntegerField(null=True)
    # Renewed by the worker with this token.
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    # When and how the caller proved who they are, in this call.
    verified_at = models.DateTimeField(null=True)
    verified_by = models.CharField(max_length=8, blank=True)
    # The model that speaks.
    model = models.CharField(max_length=80, blank=True)
    # US dollars; null while it runs, and where a price is not known.
    cost = models.DecimalField(max_digits=12, decimal_places=8, null=True)
    # For budgets only: an unknown price counts at the dearest known rate.
    counted_cost = models.DecimalField(max_digits=12, decimal_places=8, default=0)
    price_version = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=11, choices=Outcome, blank=True)

    # The webhook was stored.
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    # From the stored webhook to the accepted call, and the provider's part of it.
    accept_ms = models.PositiveIntegerField(null=True)
    accept_provider_ms = models.PositiveIntegerField(null=True)
    # The sideband was attached for the first time.
    attached_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # When it was counted in an observation, or found to have nothing to count.
    observed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        permissions = [("end_call", "Can end running calls")]
        constraints = [
            # Exactly the states in which a worker acts have a lease: no call is attached
            # without one, and none ends with one.
            models.CheckConstraint(
                condition=Q(
                    state__in=["accepting", "rejecting", "accepted", "attached"],
                    lease_token__isnull=False,
                    lease_expires_at__isnull=False,
                )
                | Q(
                    state__in=["ringing", "rejected", "ended"],
                    lease_token__isnull=True,
                    lease_expires_at__isnull=True,
                ),
                name="call_lease_matches_state",
            ),
            # A rejected or ended call says why; a call that may go on does not.
            models.CheckConstraint(
                condition=(Q(state__in=["rejecting", "rejected", "ended"]))
                & ~Q(reason="")
                | Q(state__in=["ringing", "accepting", "accepted", "attached"])
                & Q(reason=""),
                name="call_reason_matches_state",
            ),
            # Only rejected calls have a SIP status, and it is one that we send.
            models.CheckConstraint(
                condition=Q(
                    state__in=["rejecting", "rejected"],
                    # Without this, SQL takes a missing status for one that fits.
                    reject_status__isnull=False,
                    reject_status__in=[503, 603],
                )
                | ~Q(state__in=["rejecting", "rejected"])
                & Q(reject_status__isnull=True),
                name="call_reject_status_matches_state",
            ),
            # Exactly the finished calls have a time of their end and, where they were
            # accepted, an outcome.
            models.CheckConstraint(
                condition=Q(state__in=["rejected", "ended"], ended_at__isnull=False)
                | ~Q(state__in=["rejected", "ended"]) & Q(ended_at__isnull=True),
                name="call_ended_at_matches_state",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", accepted_at__isnull=False) & ~Q(outcome="")
                | (~Q(state="ended") | Q(accepted_at__isnull=True)) & Q(outcome=""),
                name="call_outcome_matches_state",
            ),
            # Every call that a worker has was decided.
            models.CheckConstraint(
                condition=Q(state="ringing", decided_at__isnull=True)
                | Q(state="ended", accepted_at__isnull=True)
                | ~Q(state="ringing") & Q(decided_at__isnull=False),
                name="call_decided_at_matches_state",
            ),
            # Only an accepted call speaks, and it has a person and a conversation.
            models.CheckConstraint(
                condition=~Q(state__in=["accepting", "accepted", "attached"])
                | Q(profile__isnull=False, conversation__isnull=False),
                name="call_has_person_when_accepted",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["accepted", "attached"], accepted_at__isnull=False
                )
                | Q(state="ended")
                | Q(
                    state__in=["ringing", "accepting", "rejecting", "rejected"],
                    accepted_at__isnull=True,
                ),
                name="call_accepted_at_matches_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="attached") | Q(attached_at__isnull=False),
                name="call_attached_says_when",
            ),
            models.CheckConstraint(
                condition=Q(attached_at__isnull=True) | Q(accepted_at__isnull=False),
                name="call_attached_after_accept",
            ),
            # A verified caller has a way of it, and only an accepted call has one.
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, verified_by="")
                | Q(
                    verified_at__isnull=False,
                    verified_by__in=["pin", "whatsapp"],
                    accepted_at__isnull=False,
                ),
                name="call_verified_says_how",
            ),
            # A cost is not negative.
            models.CheckConstraint(
                condition=(Q(cost__isnull=True) | Q(cost__gte=0))
                & Q(counted_cost__gte=0),
                name="call_cost_is_no_credit",
            ),
        ]
        indexes = [
            # Read by the limit of calls, by the sweep and by the metrics: open calls.
            # Without the lease's end, so that its renewal changes no index (HOT).
            models.Index(
                fields=["id"],
                condition=~Q(state__in=["rejected", "ended"]),
                name="call_open_idx",
            ),
            # Read by the metrics and by retention.
            models.Index(fields=["received_at"], name="call_received_idx"),
            # Read by the recording of outcomes: calls not yet counted.
            models.Index(
                fields=["id"],
                condition=Q(state__in=["rejected", "ended"], observed_at__isnull=True),
                name="call_unobserved_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Call {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state not in {self.State.REJECTED, self.State.ENDED}


# Where a call may go from each state; a trigger refuses everything else.
State = Call.State
ALLOWED: dict[State, frozenset[State]] = {
    # Decided by one worker; or too old to be decided.
    State.RINGING: frozenset({State.ACCEPTING, State.REJECTING, State.ENDED}),
    # The provider accepted, could not, or the caller was gone.
    State.ACCEPTING: frozenset({State.ACCEPTED, State.REJECTING, State.ENDED}),
    # The provider was told.
    State.REJECTING: frozenset({State.REJECTED}),
    State.ACCEPTED: frozenset({State.ATTACHED, State.ENDED}),
    State.ATTACHED: frozenset({State.ENDED}),
    State.REJECTED: frozenset(),
    State.ENDED: frozenset(),
}


class CallClaim(models.Model):
    """A worker took the call: inserted once for each cause, never changed.

    The insert decides: of several workers one succeeds.
    """

    class Cause(models.TextChoices):
        # The first worker: it decides, and accepts or rejects.
        WEBHOOK = "webhook"
        # The lease of the worker before ended: it died.
        LOST = "lost"
        # The worker before stopped and handed the call over.
        HANDED_OVER = "handed"

    call = models.ForeignKey(Call, models.PROTECT, related_name="claims")
    # 1, 2, ...: the claim after a hand-over is the next one.
    ordinal = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=7, choices=Cause)
    token = models.UUIDField(unique=True)
    claimed_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Each claim follows the one before: of two workers one gets it.
            models.UniqueConstraint(
                fields=["call", "ordinal"], name="call_claim_once_per_ordinal"
            ),
            # A call is decided once, and taken over from a dead worker once.
            models.UniqueConstraint(
                fields=["call", "cause"],
                condition=Q(cause__in=["webhook", "lost"]),
                name="call_claim_once_per_cause",
            ),
            # The first claim, and no other, is for the webhook.
            models.CheckConstraint(
                condition=Q(ordinal=1, cause="webhook")
                | Q(ordinal__gt=1) & ~Q(cause="webhook"),
                name="call_claim_begins_with_webhook",
            ),
        ]

    def __str__(self) -> str:
        return f"Claim {self.ordinal} of call {self.call_id}"


class CallEvent(models.Model):
    """One entry of a call's timeline; append-only by trigger, its text can be blanked."""

    class Kind(models.TextChoices):
        RANG = "rang"
        DECIDED = "decided"
        ACCEPTED = "accepted"
        ATTACHED = "attached"
        GREETED = "greeted"
        # What the caller said, and what the agent said: `text`.
        HEARD = "heard"
        SAID = "said"
        INTERRUPTED = "interrupted"
        TOOL = "tool"
        # That a key was pressed, never which.
        KEY = "key"
        PIN = "pin"
        CONFIRMATION = "confirmation", "confirmation"
        LANGUAGE = "language"
        SILENCE = "silence"
        CORRECTED = "corrected"
        ORDER = "order"
        TRANSFER = "transfer"
        CALLBACK = "callback"
        ERROR = "error"
        LOST = "lost"
        ENDED = "ended"

    call = models.ForeignKey(Call, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    # Scrubbed: no codes, numbers masked. Blanked after 90 days.
    text = models.TextField(blank=True)
    # The words were not heard or not spoken to their end.
    is_partial = models.BooleanField(default=False)
    # Codes, ids and counts; no personal data.
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            # Only speech has text.
            models.CheckConstraint(
                condition=Q(kind__in=["heard", "said"]) | Q(text="", is_partial=False),
                name="call_event_text_is_speech",
            ),
        ]
        indexes = [
            # Read by the call's page.
            models.Index(fields=["call", "id"], name="call_event_page_idx"),
            # Read by retention.
            models.Index(
                fields=["at"], condition=~Q(text=""), name="call_event_text_kept_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of call {self.call_id}"


class CallUsage(models.Model):
    """What one response or transcription used, and its price; counted once."""

    class Kind(models.TextChoices):
        RESPONSE = "response"
        TRANSCRIPTION = "transcript", "transcription"

    call = models.ForeignKey(Call, models.PROTECT, related_name="usage")
    kind = models.CharField(max_length=10, choices=Kind)
    # The id of the response or of the transcribed item.
    provider_id = models.CharField(max_length=120)
    model = models.CharField(max_length=80)
    # Cached tokens are a part of the input tokens of their kind.
    text_input = models.PositiveIntegerField(default=0)
    cached_text_input = models.PositiveIntegerField(default=0)
    audio_input = models.PositiveIntegerField(default=0)
    cached_audio_input = models.PositiveIntegerField(default=0)
    text_output = models.PositiveIntegerField(default=0)
    audio_output = models.PositiveIntegerField(default=0)
    # Of transcriptions that are billed by time.
    seconds = models.DecimalField(max_digits=9, decimal_places=3, default=0)
    # US dollars; null when the price is not known.
    cost = models.DecimalField(max_digits=12, decimal_places=8, null=True)
    # For budgets only.
    counted_cost = models.DecimalField(max_digits=12, decimal_places=8)
    price_version = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            # A response is counted once, also when its event is read again.
            models.UniqueConstraint(
                fields=["call", "kind", "provider_id"], name="call_usage_once"
            ),
            # Cached tokens are a part of the input.
            models.CheckConstraint(
                condition=Q(cached_text_input__lte=models.F("text_input"))
                & Q(cached_audio_input__lte=models.F("audio_input")),
                name="call_usage_cached_within_input",
            ),
            # A cost is not negative, and budgets count at least the cost.
            models.CheckConstraint(
                condition=Q(counted_cost__gte=0)
                & (
                    Q(cost__isnull=True)
                    | Q(cost__gte=0) & Q(counted_cost__gte=models.F("cost"))
                ),
                name="call_usage_cost_is_counted",
            ),
        ]
        indexes = [
            # Read by the budgets of a caller and of all.
            models.Index(fields=["at"], name="call_usage_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of call {self.call_id}"
