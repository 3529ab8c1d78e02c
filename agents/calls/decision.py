"""Decide whether the agent takes a call.

One worker decides, because the claim of a call is inserted once. Decisions wait for each
other, so that two calls cannot both take the last free place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from agents.calls import budgets, lease, recording
from agents.calls.lease import Cause
from agents.calls.providers import provider_for
from agents.calls.reasons import EndReason, RejectReason
from agents.identity.blocks import is_blocked
from agents.identity.callers import is_withheld, number_of, resolve_caller
from agents.language.choice import language_of_person
from agents.models import Call, CallEvent, Conversation
from agents.realtime.incoming import IncomingCall, parse
from rollout.core.features import Feature
from rollout.flags.exposure import exposure_of, is_on_for_everyone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, time
    from uuid import UUID

    from vouchers.models import Profile

# Any number: the advisory lock of all decisions.
LOCK = 7_302_118
BLOCKED, UNAVAILABLE = 603, 503
# A trunk gives up after about half a minute of ringing.
LATE_AFTER_S = 60.0
# Of the whole deployment: calls that the agent has taken.
TAKEN = (Call.State.ACCEPTING, Call.State.ACCEPTED, Call.State.ATTACHED)
# Stored for calls as the business number of their conversation.
PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with the call; it is stored with the claim."""

    call: Call
    # None: accept. "late": nothing, because the caller is gone.
    refusal: RejectReason | EndReason | None

    @property
    def accepts(self) -> bool:
        return self.refusal is None


def decide(call_id: int) -> Decision | None:
    """Claim a ringing call and decide; None when another worker has it."""
    with transaction.atomic():
        _wait_for_other_decisions()
        call = Call.objects.select_related("event").filter(pk=call_id).first()
        if call is None or call.state != Call.State.RINGING:
            return None
        token = lease.take(call.pk, Cause.WEBHOOK)
        if token is None:
            return None
        incoming = parse(bytes(call.event.body or b""))
        now = timezone.now()
        if not isinstance(incoming, IncomingCall) or _is_late(incoming, call, now):
            _close_unanswered(call, now)
            return Decision(call, EndReason.LATE)
        profile, refusal = _caller_and_refusal(call, incoming.caller)
        _store(call, profile, refusal, token, now)
    return Decision(call, refusal)


def _wait_for_other_decisions() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _is_late(incoming: IncomingCall, call: Call, now: datetime) -> bool:
    """Tell whether the call cannot ring any more: a delivery may be hours late."""
    rang_at = min(incoming.created_at or 2**62, call.received_at.timestamp())
    return now.timestamp() - rang_at > LATE_AFTER_S


def _caller_and_refusal(
    call: Call, caller: str
) -> tuple[Profile | None, RejectReason | None]:
    """Return the person who calls, and why the agent does not take the call."""
    found = resolve_caller(number_of(caller), is_synthetic=call.is_synthetic)
    if found.profile is None:
        return None, RejectReason(found.refusal)
    return found.profile, _why_not(call, found.profile)


def _why_not(call: Call, profile: Profile) -> RejectReason | None:
    """Return the first reason against the call, in the order in which they count."""
    now = timezone.localtime().time()
    checks: tuple[tuple[RejectReason, Callable[[], bool]], ...] = (
        (RejectReason.BLOCKED, lambda: is_blocked(profile)),
        (RejectReason.VOICE_OFF, lambda: not _is_served(profile)),
        (RejectReason.INACTIVE, lambda: not profile.is_active),
        (
            RejectReason.OUTSIDE_HOURS,
            lambda: not is_within_hours(settings.VOICE_HOURS, now),
        ),
        (RejectReason.NO_KEY, lambda: provider_for(call) is None),
        (RejectReason.BUSY, _is_full),
    )
    found = next((reason for reason, applies in checks if applies()), None)
    return found or budgets.over_budget(profile)


def still_refused(call: Call) -> RejectReason | None:
    """Return what came up against a call since it was to be accepted."""
    if call.profile is None or not _is_served(call.profile):
        return RejectReason.VOICE_OFF
    return RejectReason.BLOCKED if is_blocked(call.profile) else None


def status_for(reason: RejectReason) -> int:
    return BLOCKED if reason == RejectReason.BLOCKED else UNAVAILABLE


def _is_full() -> bool:
    taken = Call.objects.filter(state__in=TAKEN).count()
    return taken >= settings.VOICE_MAX_CALLS


def _is_served(profile: Profile) -> bool:
    """A caller without a number is in no cohort and has no place in a percentage."""
    if profile.msisdn is None and is_withheld(profile):
        return is_on_for_everyone(Feature.VOICE)
    return exposure_of(str(profile.public_id)).voice


def is_within_hours(hours: tuple[time, time] | None, now: time) -> bool:
    """Tell whether calls are taken at this time of day; the end is not within."""
    if hours is None:
        return True
    first, last = hours
    return first <= now < last if first < last else now >= first or now < last


def _store(
    call: Call,
    profile: Profile | None,
    refusal: RejectReason | None,
    token: UUID,
    now: datetime,
) -> None:
    call.profile = profile
    call.decided_at = now
    call.lease_token = token
    call.lease_expires_at = lease.first_end(accepts=refusal is None)
    if refusal is None:
        assert profile is not None
        call.state = Call.State.ACCEPTING
        call.model = settings.OPENAI_REALTIME_MODEL[:80]
        call.language = language_of_person(profile)
        call.conversation = Conversation.objects.create(
            profile=profile,
            channel=Conversation.Channel.VOICE,
            phone_number_id=PHONE,
            is_synthetic=call.is_synthetic,
            language=call.language,
        )
    else:
        call.state = Call.State.REJECTING
        call.reason = refusal
        call.reject_status = status_for(refusal)
    call.save(
        update_fields=[
            "profile",
            "conversation",
            "decided_at",
            "lease_token",
            "lease_expires_at",
            "state",
            "model",
            "language",
            "reason",
            "reject_status",
        ]
    )
    recording.event(
        call,
        CallEvent.Kind.DECIDED,
        accepts=refusal is None,
        reason=str(refusal or ""),
    )


def _close_unanswered(call: Call, now: datetime) -> None:
    call.state = Call.State.ENDED
    call.reason = EndReason.LATE
    call.ended_at = now
    call.save(update_fields=["state", "reason", "ended_at"])
    recording.event(call, CallEvent.Kind.ENDED, reason=str(EndReason.LATE))
