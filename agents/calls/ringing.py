"""Store an incoming call together with its webhook and the job that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls import recording
from agents.core.jobs import enqueue_call
from agents.identity.caller_digest import digest_of
from agents.identity.callers import number_of
from agents.models import Call, CallEvent
from easymo.observability.privacy import mask_msisdn

if TYPE_CHECKING:
    from agents.models import RealtimeEvent
    from agents.realtime.incoming import IncomingCall


def store(event: RealtimeEvent, incoming: IncomingCall) -> Call | None:
    """Store the call once; None when another webhook named the same call.

    Call it in the transaction that stores the webhook.
    """
    number = number_of(incoming.caller)
    call, is_new = Call.objects.get_or_create(
        call_id=incoming.call_id,
        defaults={
            "event": event,
            "correlation_id": event.correlation_id,
            "is_synthetic": event.is_synthetic,
            "received_at": event.received_at,
            "caller_hmac": digest_of(number) if number else None,
            "caller_masked": mask_msisdn(number) if number else "",
        },
    )
    if not is_new:
        return None
    recording.event(call, CallEvent.Kind.RANG)
    enqueue_call(call_id=call.pk)
    return call
