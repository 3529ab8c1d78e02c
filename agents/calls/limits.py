"""How long a call may last, what stops it from outside, and responses that stall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls.control import Action
from agents.calls.phase import CLOSING, Phase
from agents.calls.reasons import EndReason
from agents.models import CallEvent
from agents.realtime.provider import ProviderFault

if TYPE_CHECKING:
    from agents.calls.control import CallOrder
    from agents.calls.live_call import LiveCall
    from agents.realtime.provider import VoiceEvent

SOFT, HARD, ORDERS = "soft limit", "hard limit", "orders"
EXPIRED = "session_expired"
GOODBYES = {
    EndReason.VOICE_OFF: "phone.switched_off",
    EndReason.CALL_BUDGET: "phone.budget_end",
}
CUT_SHORT = "phone.apology"


class Limits:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self._began_at = call.clock.now() - call.limits_of_call.gone_s
        self._stalls = 0
        # The provider said that the session has reached its longest time.
        self.is_expired = False

    def begin(self) -> None:
        """Set the limits, also after a re-attach: they count from the beginning."""
        call = self.call
        limits = call.limits_of_call
        gone = call.clock.now() - self._began_at
        if gone < limits.soft_s < limits.hard_s:
            call.timers.set(SOFT, limits.soft_s - gone, self._soft)
        call.timers.set(HARD, limits.hard_s - gone, self._hard)
        call.timers.set(ORDERS, 0.0, self._look)

    async def on(self, event: VoiceEvent) -> None:
        if isinstance(event, ProviderFault):
            self.is_expired |= event.code == EXPIRED
            self.call.note(
                CallEvent.Kind.ERROR, code=event.code[:40], param=event.param[:80]
            )

    async def _soft(self) -> None:
        limits = self.call.limits_of_call
        if self.call.is_serving:
            minutes = max(1, round((limits.hard_s - limits.soft_s) / 60))
            await self.call.say("phone.soft_limit", minutes=minutes)

    async def _hard(self) -> None:
        await self.call.ending.begin(EndReason.HARD_LIMIT, "phone.hard_limit")

    async def _look(self) -> None:
        call = self.call
        call.timers.set(ORDERS, call.seconds.orders, self._look)
        order = call.services.orders()
        if order.action is Action.CLOSE:
            await self._close(order)
        elif order.action is Action.HAND_OVER and not call.tools.is_busy:
            if call.phase is not Phase.ENDING:
                call.note(CallEvent.Kind.ORDER, reason=str(order.reason))
                call.over(None)
        else:
            await self._check_stalled()

    async def _close(self, order: CallOrder) -> None:
        call = self.call
        if call.phase in CLOSING:
            return
        reason = EndReason(order.reason)
        call.note(CallEvent.Kind.ORDER, reason=str(reason))
        await call.ending.begin(
            reason,
            GOODBYES.get(reason, CUT_SHORT),
            transfers=order.transfers,
            within=order.within_s,
        )

    async def _check_stalled(self) -> None:
        """Give a response up that neither goes on nor ends."""
        call = self.call
        waited = call.clock.now() - call.last_event_at
        if not call.link.is_responding or waited < call.seconds.stalled:
            return
        self._stalls += 1
        call.last_event_at = call.clock.now()
        call.note(CallEvent.Kind.ERROR, code="stalled")
        await call.link.stop_speaking()
        if self._stalls >= call.counts.stalls:
            await call.ending.give_up(EndReason.SESSION_ERROR)
        else:
            await call.link.give_up()
            await call.speech.failed()
