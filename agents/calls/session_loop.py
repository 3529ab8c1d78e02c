"""The session of one call, from the attached sideband to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from agents.calls import budgets, control, recording
from agents.calls.reasons import EndReason
from agents.models import CallEvent
from agents.realtime.provider import CallGone, LinkClosed, ResponseEnded
from agents.realtime.session import SessionSpec
from easymo.database import units

if TYPE_CHECKING:
    from agents.calls.reference import CallRef
    from agents.realtime.provider import VoiceProvider


def spec_of(ref: CallRef) -> SessionSpec:
    """Return the settings of the session, as they are sent with the accept."""
    return SessionSpec(
        model=settings.OPENAI_REALTIME_MODEL,
        instructions="You are the automated assistant of a fuel voucher programme.",
        voice=settings.OPENAI_VOICE,
    )


async def run(
    ref: CallRef, provider: VoiceProvider, *, reattached: bool
) -> EndReason | None:
    """Run the session; return how it ended, or None to hand the call over.

    The call is over at the provider when a reason is returned.
    """
    try:
        link = await provider.attach(ref.call_id)
    except CallGone:
        return EndReason.CALLER_HUNG_UP if reattached else EndReason.NO_SESSION
    await units.run(recording.attached, ref)
    try:
        while True:
            event = await link.next_event()
            if isinstance(event, LinkClosed):
                return EndReason.CALLER_HUNG_UP
            if isinstance(event, ResponseEnded):
                await units.run(
                    budgets.record_response, ref, event.response_id, event.usage
                )
            order = control.orders(ref)
            if order.action is control.Action.HAND_OVER:
                return None
            if order.action is control.Action.CLOSE:
                await units.run(
                    recording.event, ref, CallEvent.Kind.ORDER, reason=order.reason
                )
                await provider.hang_up(ref.call_id)
                return EndReason(order.reason)
    finally:
        await link.close()
