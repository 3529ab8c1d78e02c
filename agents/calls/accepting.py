"""Tell the provider what was decided, once, and record its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.calls import recording
from agents.calls.finishing import finish
from agents.calls.lease import lock_call
from agents.calls.reasons import EndReason, RejectReason
from agents.core.errors import LeaseLost
from agents.models import Call, CallEvent
from agents.realtime.provider import CallGone, PayloadError, ProviderError
from easymo.database import units
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.calls.reference import CallRef
    from agents.core.clock import Clock
    from agents.realtime.provider import VoiceProvider
    from agents.realtime.session import SessionSpec

logger = get_logger(__name__)

UNAVAILABLE = 503
# The account has reached a limit, now or for this month.
BUSY_CODES = frozenset({"rate_limited", "quota"})


@dataclass(frozen=True, slots=True)
class Accepting:
    """Accepts one call over a connection that is kept warm."""

    provider: VoiceProvider
    clock: Clock

    async def accept(
        self, ref: CallRef, spec: SessionSpec, *, is_repeated: bool = False
    ) -> bool:
        """Accept the call; False when the caller was gone or it was rejected.

        A repeated accept follows one whose answer is not known. The provider does not
        take it when the call was accepted before, or is gone: the session shows which.
        """
        began = self.clock.now()
        try:
            await self.provider.accept(ref.call_id, spec)
        except CallGone:
            if not is_repeated:
                await units.run(finish, ref, EndReason.CALLER_GONE)
                return False
        except PayloadError as error:
            await self._refuse(ref, RejectReason.PAYLOAD, error)
            return False
        except ProviderError as error:
            is_busy = error.code in BUSY_CODES
            reason = RejectReason.PROVIDER_BUSY if is_busy else None
            await self._refuse(ref, reason or RejectReason.PROVIDER_ERROR, error)
            return False
        provider_ms = round((self.clock.now() - began) * 1000)
        await units.run(_record_accepted, ref, provider_ms)
        return True

    async def _refuse(
        self, ref: CallRef, reason: RejectReason, error: ProviderError
    ) -> None:
        logger.warning("ai.call.accept.error", call=ref.pk, code=error.code)
        await units.run(mark_rejecting, ref, reason)
        await reject(self.provider, ref.pk, ref.call_id, UNAVAILABLE)


async def reject(
    provider: VoiceProvider | None, call_pk: int, call_id: str, status: int
) -> None:
    """Reject the call, so that the trunk tries its second destination.

    Where the provider does not take it, the call may have been accepted meanwhile: a
    call that no worker answers must not go on.
    """
    try:
        if provider is not None:
            await provider.reject(call_id, status)
    except ProviderError as error:
        logger.warning("ai.call.reject.error", call=call_pk, code=error.code)
        await hang_up(provider, call_pk, call_id)
    await units.run(_record_rejected, call_pk)


async def hang_up(provider: VoiceProvider | None, call_pk: int, call_id: str) -> None:
    """Hang up; an error is logged, because nothing more can be done."""
    try:
        if provider is not None:
            await provider.hang_up(call_id)
    except ProviderError as error:
        logger.warning("ai.call.hang_up.error", call=call_pk, code=error.code)


@transaction.atomic
def _record_accepted(ref: CallRef, provider_ms: int) -> None:
    call = lock_call(ref)
    if call.state != Call.State.ACCEPTING:
        raise LeaseLost
    now = timezone.now()
    call.state = Call.State.ACCEPTED
    call.accepted_at = now
    call.accept_ms = max(round((now - call.received_at).total_seconds() * 1000), 0)
    call.accept_provider_ms = min(provider_ms, call.accept_ms)
    call.save(update_fields=["state", "accepted_at", "accept_ms", "accept_provider_ms"])
    recording.event(call, CallEvent.Kind.ACCEPTED, ms=call.accept_ms)
    logger.info("ai.realtime.session.created", call=call.pk, ms=call.accept_ms)


@transaction.atomic
def mark_rejecting(ref: CallRef, reason: RejectReason) -> None:
    """Record that a call which was to be accepted is rejected instead."""
    call = lock_call(ref)
    call.state = Call.State.REJECTING
    call.reason = reason
    call.reject_status = UNAVAILABLE
    call.save(update_fields=["state", "reason", "reject_status"])


def _record_rejected(call_pk: int) -> None:
    with transaction.atomic():
        call = Call.objects.select_for_update(no_key=True).get(pk=call_pk)
        if call.state != Call.State.REJECTING:
            return
        call.state = Call.State.REJECTED
        call.ended_at = timezone.now()
        call.lease_token = None
        call.lease_expires_at = None
        call.save(
            update_fields=["state", "ended_at", "lease_token", "lease_expires_at"]
        )
        recording.event(call, CallEvent.Kind.ENDED, reason=call.reason)
    logger.info("ai.realtime.webhook.disabled", call=call.pk, reason=call.reason)
