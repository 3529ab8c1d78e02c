"""The end of the sideband: of the call, or only of the connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agents.calls.phase import Phase
from agents.calls.reasons import EndReason
from agents.models import CallEvent
from agents.realtime.provider import CallGone, LinkClosed

if TYPE_CHECKING:
    from agents.calls.live_call import LiveCall
    from agents.realtime.provider import VoiceEvent, VoiceLink

# A hang-up closes the socket with this code, or with one of a lost connection.
NORMAL = 1000


class Connection:
    def __init__(self, call: LiveCall) -> None:
        self.call = call
        self._reattaches = 0
        # Nothing can be sent or received now.
        self.is_lost = False

    async def on(self, event: VoiceEvent) -> None:
        if not isinstance(event, LinkClosed) or self.call.is_over:
            return
        call = self.call
        if event.reason:
            await self._broken(EndReason.OVERFLOW, event)
        elif call.limits.is_expired:
            call.over(EndReason.SESSION_LIMIT)
        elif call.phase is Phase.ENDING:
            call.over(call.ending.reason)
        elif event.code == NORMAL:
            call.over(EndReason.CALLER_HUNG_UP)
        elif self._reattaches < call.counts.reattaches:
            await self._reattach(event)
        else:
            await self._broken(EndReason.CONNECTION_LOST, event)

    async def _reattach(self, event: LinkClosed) -> None:
        """A hang-up may look like this too: try once, and a 404 is the end."""
        call = self.call
        self._reattaches += 1
        self.is_lost = True
        call.note(CallEvent.Kind.LOST, code=event.code)
        call.timers.clear()
        await call.link.close()
        call.spawn(self._attach(), self._attached)

    async def _attach(self) -> VoiceLink | EndReason:
        call = self.call
        try:
            return await call.provider.attach(
                call.ref.call_id, patience=call.seconds.reattach, had_session=True
            )
        except CallGone:
            return EndReason.CALLER_HUNG_UP

    async def _attached(self, found: VoiceLink | EndReason | None) -> None:
        call = self.call
        if found is None:
            call.journal.add(call.services.apologise)
            call.over(EndReason.CONNECTION_LOST)
        elif isinstance(found, EndReason):
            call.over(found)
        else:
            await self._go_on(found)

    async def _go_on(self, link: VoiceLink) -> None:
        """Send the settings and a sentence to the caller again; the session has the rest."""
        call = self.call
        self.is_lost = False
        call.link = link
        call.reattached = call.greeting.is_heard
        call.phase = Phase.OPENING
        call.spec = replace(call.spec, may_interrupt=False, listens=True)
        await call.greeting.open()
        call.limits.begin()
        await call.tools.deliver_again()

    async def _broken(self, reason: EndReason, event: LinkClosed) -> None:
        call = self.call
        call.note(CallEvent.Kind.ERROR, code=event.reason or str(event.code))
        call.journal.add(call.services.apologise)
        call.over(reason)
