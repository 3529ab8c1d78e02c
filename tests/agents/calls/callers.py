"""Rows of calls in every state, made as the product makes them."""

from __future__ import annotations

import json
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from django.test.utils import override_settings
from django.utils import timezone

from agents.calls import accepting, decision, recording, ringing
from agents.calls.finishing import finish
from agents.calls.reasons import EndReason
from agents.calls.reference import reference_of
from agents.models import Call, RealtimeEvent
from agents.realtime.incoming import parse

if TYPE_CHECKING:
    from agents.calls.decision import Decision
    from agents.calls.reference import CallRef


def body_of(caller: str, call_id: str = "", **more: Any) -> bytes:
    """Return the webhook's body of a call from this number."""
    headers = [{"name": "From", "value": f"<sip:{caller}@trunk.example>;tag=1"}]
    return json.dumps(
        {
            "id": "evt_1",
            "type": "realtime.call.incoming",
            "created_at": int(timezone.now().timestamp()),
            "data": {
                "call_id": call_id or f"rtc_{secrets.token_hex(8)}",
                "sip_headers": headers,
            },
            **more,
        }
    ).encode()


def ring(caller: str, *, call_id: str = "", **facts: Any) -> Call:
    """Store a call that rings."""
    body = body_of(caller, call_id)
    event = RealtimeEvent.objects.create(
        webhook_id=uuid.uuid4().hex,
        body=body,
        sha256=b"x" * 32,
        correlation_id=uuid.uuid4(),
        **facts,
    )
    call = ringing.store(event, parse(body))
    assert call is not None
    return call


def decided(call: Call, *, has_key: bool = True) -> Decision:
    """Decide with or without a key of the provider."""
    with override_settings(OPENAI_API_KEY="sk-test" if has_key else ""):
        found = decision.decide(call.pk)
    assert found is not None
    return found


def claimed(caller: str, **facts: Any) -> CallRef:
    """Return a call that this worker has decided to accept."""
    found = decided(ring(caller, **facts))
    assert found.accepts, found.refusal
    return reference_of(found.call)


def accepted(caller: str, **facts: Any) -> CallRef:
    ref = claimed(caller, **facts)
    accepting._record_accepted(ref, 5)
    return ref


def attached(caller: str, **facts: Any) -> CallRef:
    ref = accepted(caller, **facts)
    recording.attached(ref)
    return ref


def ended(caller: str, reason: EndReason = EndReason.GOODBYE, **facts: Any) -> Call:
    ref = attached(caller, **facts)
    assert finish(ref, reason)
    return Call.objects.get(pk=ref.pk)


def in_state(state: str, caller: str) -> Call:
    """Return a call in the state, made by the product's own functions."""
    makers: dict[str, Any] = {
        "ringing": lambda: ring(caller).pk,
        "accepting": lambda: claimed(caller).pk,
        "rejecting": lambda: decided(ring(caller), has_key=False).call.pk,
        "accepted": lambda: accepted(caller).pk,
        "attached": lambda: attached(caller).pk,
        "rejected": lambda: _rejected(caller),
        "ended": lambda: ended(caller).pk,
    }
    call = Call.objects.get(pk=makers[state]())
    assert call.state == state
    return call


def _rejected(caller: str) -> int:
    found = decided(ring(caller), has_key=False)
    accepting._record_rejected(found.call.pk)
    return found.call.pk
